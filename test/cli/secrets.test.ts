/** What the executable tells of secrets, and to whom. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { binary, runBinary } from "../support/binary.ts";
import { SETUP_MS, startServer } from "../support/server.ts";
import { ServerLog, type Speaker, told } from "../support/server-log.ts";
import { until } from "../support/until.ts";

const folder = mkdtempSync(join(tmpdir(), "spillway-secrets-"));
/** A proxy in front: the server is not open, and has to make a token. */
const GUARDED = ["--http", "127.0.0.1:0", "--media", "127.0.0.1:0", "--trusted-proxy", "127.0.0.1"];
/** In the last that a person at a terminal is shown at the start. */
const BANNER = "WHIP, WHEP";
let path = "";

beforeAll(async () => {
  path = await binary();
}, SETUP_MS);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the server with both outputs in one log until `look` has seen it; returns all that it told. */
async function outputOf(
  command: readonly string[],
  look: (log: Speaker) => Promise<void>,
): Promise<string> {
  const log = new ServerLog();
  const child = Bun.spawn([...command], {
    env: { PATH: process.env.PATH ?? "", TERM: "dumb" },
    stdio: ["ignore", log.fd, log.fd],
  });
  try {
    await told(log, "Serving", { withinMs: 15_000 });
    await look(log);
  } finally {
    child.kill("SIGTERM");
    await child.exited;
    log.close();
  }
  return log.logs();
}

const tokenIn = (state: string): string => readFileSync(join(state, "token"), "utf8").trim();

test("S14: without a terminal the first token is told by its file alone, which is private", async () => {
  let file = "";
  let token = "";
  const output = await outputOf([path, "serve", ...GUARDED], async (log) => {
    file = /"file":"([^"]+)"/.exec(await told(log, '"file":'))![1]!;
    token = readFileSync(file, "utf8").trim();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(file)).mode & 0o777).toBe(0o700);
  });
  expect(token).toMatch(/^[\w-]{32}$/);
  expect(output).not.toContain(token);
  // Without a state folder it ends with the process.
  expect(existsSync(file)).toBe(false);
}, 120_000);

test("S14: it ends with the process also where that is told to end before it serves", async () => {
  const place = join(folder, "early");
  mkdirSync(place);
  const child = Bun.spawn([path, "serve", ...GUARDED], {
    env: { PATH: process.env.PATH ?? "", TMPDIR: place },
    stdio: ["ignore", "ignore", "ignore"],
  });
  const files = () => readdirSync(place).filter((each) => each.startsWith("spillway-token-"));
  await until("the token is there", 15_000, () => files().length > 0);
  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);
  expect(files()).toEqual([]);
}, 30_000);

test("S14: with a state folder it stays there, and a later start tells the same file", async () => {
  const state = join(folder, "state");
  const command = [path, "serve", ...GUARDED, "--state", state];
  for (const words of ["one was made", "is in use"]) {
    const output = await outputOf(command, async (log) => {
      expect(await told(log, words)).toContain(`"file":"${state}/token"`);
    });
    expect(output).not.toContain(tokenIn(state));
  }
}, 120_000);

test("S14: the demo tells it no journal either", async () => {
  const state = join(folder, "demo");
  const command = [path, "demo", ...GUARDED, "--state", state];
  const output = await outputOf(command, async (log) => {
    await told(log, BANNER);
  });
  expect(output).not.toContain(tokenIn(state));
}, 120_000);

const script = Bun.which("script");
if (script === null) console.log("skipped: the first token on a terminal (needs script)");

test.skipIf(script === null)(
  "S14: on a terminal the token is shown, once",
  async () => {
    const state = join(folder, "terminal");
    // Ending `script` only hangs up on the server, for which that means to read its tokens again.
    const server = [path, "serve", ...GUARDED, "--state", state];
    const line = ["exec", "timeout", "--foreground", "15", ...server].join(" ");
    const command = [script!, "--quiet", "--return", "--command", line, "/dev/null"];
    await outputOf(command, async (log) => {
      await told(log, tokenIn(state));
    });
    const again = await outputOf(command, async (log) => {
      await told(log, BANNER);
    });
    expect(again).not.toContain(tokenIn(state));
  },
  30_000,
);

test("S14: doctor and the log warn of root, of secrets in ps, and of files that others may use", async () => {
  const place = join(folder, "shared");
  mkdirSync(place, { mode: 0o755 });
  const file = join(place, "s.toml");
  writeFileSync(file, '[[auth.tokens]]\ntoken = "a-token-in-the-file"\nrights = ["view"]\n');
  chmodSync(file, 0o666);
  const hook = ["--hook-url", "http://127.0.0.1:9/", "--hook-secret", "s3cret"];
  const { out } = runBinary(path, ["doctor", "--json", "--running", "--config", file, ...hook]);
  const { findings } = JSON.parse(out) as { findings: { detail: string; mend: string }[] };
  const found = findings.map(({ detail, mend }) => `${detail}: ${mend}`).join("\n");
  const server = await startServer("serve", { args: ["--config", file, ...hook] });
  try {
    for (const words of [
      `chmod go-w ${file}`,
      `chmod o-rwx ${file}`,
      "--hook-secret-file",
      ...(process.getuid?.() === 0 ? ["runs as root"] : []),
    ]) {
      expect(found).toContain(words);
      await told(server, words);
    }
    expect(found + server.logs()).not.toContain("s3cret");
  } finally {
    await server.stop();
  }
}, 120_000);

test("S5: doctor and the log say what is open without a token", async () => {
  const open = `[[streams]]\nmatch = "stage/*"\nview = "open"\n`;
  const tokens = `[[auth.tokens]]\ntoken = "a-token-in-the-file"\nrights = ["view"]\n`;
  const file = join(folder, "open.toml");
  for (const [text, words] of [
    ["", "on this machine"],
    [tokens + open, "watching stage/*"],
    [`insecure = true\n${tokens}`, "everybody"],
  ] as const) {
    writeFileSync(file, text, { mode: 0o600 });
    const { out } = runBinary(path, ["doctor", "--running", "--config", file]);
    expect(out).toContain(words);
    const server = await startServer("serve", { config: text });
    await told(server, new RegExp(`"withoutToken":"[^"]*${RegExp.escape(words)}`));
    await server.stop();
  }
}, 240_000);

test("S5: SIGHUP with an emptied file is refused and told, and the old tokens stay", async () => {
  const file = join(folder, "reload.toml");
  const token = "publisher-token-of-old";
  writeFileSync(file, `[[auth.tokens]]\ntoken = "${token}"\nrights = ["admin"]\n`, { mode: 0o600 });
  const server = await startServer("serve", { args: ["--config", file] });
  const ask = async (headers: Record<string, string>) =>
    (await fetch(`${server.base}/api/v1/stats`, { headers })).status;
  try {
    for (const text of ["", 'log-level = "info"\n', "insecure = true\n"]) {
      const since = server.logs().length;
      writeFileSync(file, text);
      process.kill(server.pid, "SIGHUP");
      await told(server, /Reload failed.*no token and no key is left/, { since });
      expect(await ask({})).toBe(401);
      expect(await ask({ Authorization: `Bearer ${token}` })).toBe(200);
    }
  } finally {
    await server.stop();
  }
}, 120_000);
