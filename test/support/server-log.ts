/**
 * What servers say. Their stderr is a file without a name: what one has written can be read at once,
 * while what comes by a pipe is known only when this process gets to it. What a server says of an
 * answer it may still write after it: tests wait for it with `told`.
 */
import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./until.ts";

const TOLD_MS = 5_000;

/** Anything whose words so far can be read. */
export interface Speaker {
  readonly logs: () => string;
}

/** The log of one server, also when it is started again. */
export class ServerLog implements Speaker {
  /** For its stderr. */
  readonly fd: number = openNameless();
  readonly #decoder = new TextDecoder();
  #text = "";
  #read = 0;
  #open = true;

  /** All of it so far. */
  readonly logs = (): string => {
    if (!this.#open) return this.#text;
    const fresh = new Uint8Array(fstatSync(this.fd).size - this.#read);
    const length = readSync(this.fd, fresh, 0, fresh.length, this.#read);
    this.#read += length;
    this.#text += this.#decoder.decode(fresh.subarray(0, length), { stream: true });
    return this.#text;
  };

  /** Once its server has ended: `logs` stays as it is then. */
  close(): void {
    if (!this.#open) return;
    this.logs();
    this.#open = false;
    closeSync(this.fd);
  }
}

/** Each write goes to its end, whoever shares it. */
function openNameless(): number {
  const folder = mkdtempSync(join(tmpdir(), "spillway-log-"));
  try {
    return openSync(join(folder, "log"), "a+", 0o600);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export interface ToldOptions {
  /** What counts stands behind so many characters. */
  readonly since?: number;
  readonly withinMs?: number;
}

/** Waits until a line of the log says so, and returns it. */
export function told(
  server: Speaker,
  words: string | RegExp,
  { since = 0, withinMs = TOLD_MS }: ToldOptions = {},
): Promise<string> {
  const says = (line: string): boolean =>
    typeof words === "string" ? line.includes(words) : words.test(line);
  const heard = () => server.logs().slice(since);
  return until(`the log says ${words}`, withinMs, () => heard().split("\n").find(says), heard);
}
