/** Debian's Firefox with one page in it, driven by WebDriver BiDi (playwright needs a Firefox of its own). */
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const EXECUTABLE = "/usr/bin/firefox-esr";
const START_MS = 60_000;
/** Sound plays without a click, and nobody is asked anything. */
const PREFERENCES = {
  "media.autoplay.default": 0,
  "browser.shell.checkDefaultBrowser": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "app.update.enabled": false,
  "toolkit.telemetry.reportingpolicy.firstRun": false,
};

/** True, after saying so once a file, where there is no Firefox to test with. */
export function lacksFirefox(what: string): boolean {
  if (existsSync(EXECUTABLE)) return false;
  console.log(`skipped: ${what} (needs ${EXECUTABLE}: apt-get install firefox-esr)`);
  return true;
}

interface Reply {
  readonly id?: number;
  readonly type: "success" | "error" | "event";
  readonly result?: unknown;
  readonly message?: string;
}

interface Evaluated {
  readonly result?: { readonly value?: string };
  readonly exceptionDetails?: { readonly text: string };
}

type Settle = (reply: Reply) => void;

export class Firefox {
  readonly #child: Bun.Subprocess<"ignore", "ignore", "pipe">;
  readonly #profile: string;
  readonly #socket: WebSocket;
  readonly #open = new Map<number, Settle>();
  #calls = 0;
  #page = "";

  static async start(): Promise<Firefox> {
    const profile = await mkdtemp(join(tmpdir(), "firefox-"));
    const lines = Object.entries(PREFERENCES).map(
      ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
    );
    await Bun.write(join(profile, "user.js"), lines.join(""));
    const args = ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port=0"];
    const child = Bun.spawn([EXECUTABLE, ...args], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, HOME: profile },
    });
    const timer = setTimeout(() => child.kill(), START_MS);
    const socket = new WebSocket(`${await addressOf(child)}/session`);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = reject;
    });
    const firefox = new Firefox(child, profile, socket);
    await firefox.#call("session.new", { capabilities: {} });
    const { context } = (await firefox.#call("browsingContext.create", { type: "tab" })) as {
      readonly context: string;
    };
    firefox.#page = context;
    clearTimeout(timer);
    return firefox;
  }

  private constructor(
    child: Bun.Subprocess<"ignore", "ignore", "pipe">,
    profile: string,
    socket: WebSocket,
  ) {
    this.#child = child;
    this.#profile = profile;
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      const reply = JSON.parse(String(data)) as Reply;
      if (reply.id === undefined) return;
      this.#open.get(reply.id)?.(reply);
      this.#open.delete(reply.id);
    };
  }

  async goto(url: string): Promise<void> {
    await this.#call("browsingContext.navigate", { context: this.#page, url, wait: "complete" });
  }

  /** The value of an expression, which JSON can hold. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = (await this.#call("script.evaluate", {
      expression: `JSON.stringify(${expression})`,
      target: { context: this.#page },
      awaitPromise: true,
    })) as Evaluated;
    if (result?.value === undefined) throw new Error(exceptionDetails?.text ?? "no value");
    return JSON.parse(result.value) as T;
  }

  async close(): Promise<void> {
    this.#socket.close();
    this.#child.kill();
    await this.#child.exited;
    await rm(this.#profile, { recursive: true, force: true });
  }

  async #call(method: string, params: object): Promise<unknown> {
    this.#calls += 1;
    const id = this.#calls;
    const { promise, resolve } = Promise.withResolvers<Reply>();
    this.#open.set(id, resolve);
    this.#socket.send(JSON.stringify({ id, method, params }));
    const reply = await promise;
    if (reply.type === "error") throw new Error(`${method}: ${reply.message}`);
    return reply.result;
  }
}

/** It tells by itself where it listens. */
async function addressOf(child: Bun.Subprocess<"ignore", "ignore", "pipe">): Promise<string> {
  let told = "";
  const decoder = new TextDecoder();
  for await (const bytes of child.stderr) {
    told += decoder.decode(bytes);
    const address = /listening on (ws:\/\/\S+)/.exec(told)?.[1];
    if (address !== undefined) return address;
  }
  throw new Error(`Firefox ended: ${told}`);
}
