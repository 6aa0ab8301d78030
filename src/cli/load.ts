/** `spillway load`: simulated viewers and publishers against any WHEP and WHIP server. */
import { monotonicUs } from "../io/clock.ts";
import { OpenSslUnavailable } from "../io/openssl.ts";
import type { LoadTotals } from "../load/counters.ts";
import { type LoadReport, makeReport } from "../load/report.ts";
import { LoadError, type LoadHooks, runLoad } from "../load/run.ts";
import { progressLine, reportTable } from "../load/table.ts";
import type { Command } from "./command.ts";
import { optionLines } from "./help.ts";
import { type LoadArguments, OPTIONS, parseLoadArguments } from "./load-options.ts";

export const loadCommand: Command = {
  help: `Puts viewers by the thousand on any WHEP server, publishers on any WHIP server, and reports what
they got: join times, loss, jitter, delay, whole frames; with --server-pid also what it cost.

Usage: spillway load [WHEP-URL] [OPTIONS]

Each viewer is a session of its own: ICE, DTLS, SRTP, and the feedback of a browser (receiver
reports, transport-cc, NACK, PLI, consent checks). Nothing is decoded. To cost far less than the
server it tests, it opens (decrypts) the packets of every n-th viewer only (--sample); of the others
it reads the cleartext header, which tells loss, duplicates, order and jitter. Every viewer's packets
are opened until its first keyframe is complete.

With --publish it also sends what is watched: an H.264 and Opus stream of the given bit rate, whose
packets carry their send time, so that the one-way delay can be told on the same machine. {n} in the
URLs stands for the number of the stream (--streams). Servers that take packets apart to make new
ones keep the send times too. (The picture is noise; to look at something, publish a file by
spillway publish.)

Options:
${optionLines(OPTIONS)}

Exit code: 0 when all sessions were made (and with --decode-check every checked frame was whole).

Examples:
  spillway load http://127.0.0.1:8080/whep/demo --viewers 100
  spillway load http://127.0.0.1:8080/whep/x --publish http://127.0.0.1:8080/whip/x \\
    --viewers 500 --bitrate 2.5M --spread 15 --server-pid $(pidof spillway)`,
  run,
};

async function run(args: readonly string[]): Promise<number> {
  const parsed = parseLoadArguments(args, process.env);
  try {
    const result = await runLoad(parsed.plan, hooks(parsed));
    clearLine();
    const report = makeReport(result);
    console.log(parsed.json ? JSON.stringify(report) : reportTable(report));
    if (parsed.plan.record !== null && report.recordings.length === 0) {
      console.error("spillway: --record wrote nothing: it knows H.264 and VP8");
    }
    return succeeded(report, parsed) ? 0 : 1;
  } catch (error) {
    clearLine();
    if (!(error instanceof LoadError) && !(error instanceof OpenSslUnavailable)) throw error;
    console.error(`spillway: ${error.message}`);
    return 1;
  }
}

function succeeded(report: LoadReport, parsed: LoadArguments): boolean {
  const { join, sample, quality, publishers } = report;
  if (join.failed > 0 || publishers.failed > 0) return false;
  if (!parsed.decodeCheck) return true;
  const wrong = sample.framesBroken + sample.stampBreaks + quality.authFailures + quality.malformed;
  return wrong === 0 && sample.framesComplete > 0;
}

function hooks(parsed: LoadArguments): LoadHooks {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort();
    });
  }
  const shown = process.stderr.isTTY === true;
  let lastBytes = 0;
  let lastUs = monotonicUs();
  const progress = (phase: string, totals: LoadTotals): void => {
    if (!shown) return;
    const now = monotonicUs();
    const bitrate = ((totals.bytes - lastBytes) * 8e6) / Math.max(1, now - lastUs);
    lastBytes = totals.bytes;
    lastUs = now;
    const line = progressLine(phase, parsed.plan.viewers, totals, bitrate);
    process.stderr.write(`\r\x1b[K${line}`);
  };
  return { progress, stop: controller.signal };
}

function clearLine(): void {
  if (process.stderr.isTTY === true) process.stderr.write("\r\x1b[K");
}
