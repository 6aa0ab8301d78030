/** `spillway bench`: how many viewers this machine carries, and what ends it. */
import { CHILD } from "../bench/children.ts";
import { BenchError } from "../bench/error.ts";
import { reportText } from "../bench/report.ts";
import { runBench } from "../bench/run.ts";
import { type BenchLoad, FPS } from "../bench/source.ts";
import { DELAY_MAX_MS } from "../bench/verdict.ts";
import { messageOf } from "../errors.ts";
import { OpenSslUnavailable } from "../io/openssl.ts";
import { endWithParent } from "../io/self.ts";
import type { Command } from "./command.ts";
import { option, readOptions } from "./given.ts";
import { optionLines } from "./help.ts";

const OPTIONS = [
  option("bitrate", "BITS/S", "Of the picture (800k, 2.5M).", "1.5M"),
  option("burst", "", "All packets of a frame arrive at once (the default)."),
  option("spread", "MS", "The packets of a frame arrive evenly over so many milliseconds."),
  option("seconds", "S", "All of it takes so long at most; less finds less.", "120"),
  option("json", "", "Print the report as JSON."),
];

export const benchCommand: Command = {
  help: `Measures how many viewers one core of this machine carries, in two minutes at most.

Usage: spillway bench [OPTIONS]

It starts a server of its own on loopback, with free ports and a token that nobody else has, keeps
it to one core, and sends it one stream. Viewers of \`spillway load\` watch from the other cores, more
of them from step to step, as long as no packet is lost and 99 of 100 packets are through the server
within ${DELAY_MAX_MS} ms. Nothing of it stays behind.

What it prints:
  machine   processor, cores, memory, kernel, and who ran where
  floor     what a packet must cost at least: one AES-GCM seal, and its share of a UDP_SEGMENT send
  capacity  the most viewers that were served well, and what they cost; "at least" where something
            other than the server ended the search
  limit     what that was: the server's core, the receivers' own, its send buffer, delay, memory ...

With one core the receivers share it with the server, which could carry more. The machine should
have nothing else to do: what others took is told.

Options:
${optionLines(OPTIONS)}

Exit code: 0 when viewers were served well.`,
  run: async (args) => (args[0] === CHILD ? await runChild(args.slice(1)) : await run(args)),
};

export interface BenchArguments {
  readonly load: BenchLoad;
  readonly seconds: number;
  readonly json: boolean;
}

/** Throws a UsageError for everything that makes no sense. */
export function parseBenchArguments(args: readonly string[]): BenchArguments {
  const given = readOptions("bench", OPTIONS, args);
  given.argumentsAtMost(0);
  return {
    load: { bitrate: given.bitsPerSecond("bitrate", "1.5M"), spreadMs: given.spreadMs(FPS) },
    seconds: given.number("seconds", 120, 10, 3600),
    json: given.on("json"),
  };
}

/** As shells tell a process that SIGINT ended. */
const STOPPED = 130;

async function run(args: readonly string[]): Promise<number> {
  const { load, seconds, json } = parseBenchArguments(args);
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => controller.abort());
  }
  try {
    const hooks = { progress: showProgress, stop: controller.signal };
    const report = await runBench({ load, seconds }, hooks);
    clearLine();
    if (report === null) return STOPPED;
    console.log(json ? JSON.stringify(report) : reportText(report));
    return report.capacity === null ? 1 : 0;
  } catch (error) {
    clearLine();
    if (!(error instanceof BenchError) && !(error instanceof OpenSslUnavailable)) throw error;
    console.error(`spillway: bench: ${messageOf(error)}`);
    return 1;
  }
}

function showProgress(doing: string): void {
  if (process.stderr.isTTY === true) process.stderr.write(`\r\x1b[K${doing} ...`);
}

function clearLine(): void {
  if (process.stderr.isTTY === true) process.stderr.write("\r\x1b[K");
}

/** A process of the bench's own: `PARENT serve ...` or `PARENT load ...`. */
async function runChild([parent, name, ...args]: readonly string[]): Promise<number> {
  if (!endWithParent(Number(parent))) return 1;
  const command =
    name === "serve"
      ? (await import("./serve.ts")).serveCommand
      : (await import("./load.ts")).loadCommand;
  return await command.run(args);
}
