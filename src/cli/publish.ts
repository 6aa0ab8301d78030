/** `spillway publish`: sends a file to a WHIP address in real time. */
import { existsSync, statSync } from "node:fs";
import { parseArgs } from "node:util";
import { quoted } from "../client/conversion.ts";
import { MediaFileError, type MediaSelection } from "../client/media.ts";
import { SessionError } from "../client/session.ts";
import { TOKEN_VARIABLE, WhipError, type WhipOptions } from "../client/whip.ts";
import { monotonicUs } from "../io/clock.ts";
import { OpenSslUnavailable } from "../io/openssl.ts";
import { type Command, UsageError, usage } from "./command.ts";
import { publishFile } from "./file-publisher.ts";
import { optionLines } from "./help.ts";
import { MediaReader } from "./media-reader.ts";
import { oneLine } from "./one-line.ts";
import { UploadStatus } from "./upload-status.ts";

/** In place of FILE: the clip inside the executable. */
export const DEMO_CLIP = "demo:";

const OPTIONS = [
  { flag: "--loop", value: "", help: "Start again at the end, without a break." },
  {
    flag: "--token",
    value: "TOKEN",
    help: `Bearer token; also from the environment: ${TOKEN_VARIABLE}.`,
  },
  { flag: "--no-audio", value: "", help: "Send the picture only." },
  { flag: "--no-video", value: "", help: "Send the sound only." },
  { flag: "--any-certificate", value: "", help: "Accept any TLS certificate of the server." },
];

export const publishCommand: Command = {
  help: `Sends an MP4 or WebM file (H.264, H.265, VP8, VP9 or AV1; Opus) to a WHIP address in real time.

Usage: spillway publish FILE URL [OPTIONS]

FILE may be ${DEMO_CLIP} for the built-in clip. What WebRTC cannot carry (B-frames, 10 bits, more than two
channels, turned pictures ...) is refused with the ffmpeg line that converts it. A lost session is
taken up again at the keyframe before the place where it stood: with --loop for ever, else for five
minutes; so is a refusal that says when to come back (503). Ctrl-C ends the session in good order.

Options:
${optionLines(OPTIONS)}

Exit codes: 0 at the end of the file or after Ctrl-C; 1 when the file cannot be sent, or not all of
it, when the server refuses, or when the session is lost for good; 2 for wrong usage.

Example:
  spillway publish film.mp4 http://127.0.0.1:8080/whip/film --loop`,
  run,
};

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = usage("publish", () =>
    parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        loop: { type: "boolean", default: false },
        token: { type: "string" },
        "no-audio": { type: "boolean", default: false },
        "no-video": { type: "boolean", default: false },
        "any-certificate": { type: "boolean", default: false },
      },
    }),
  );
  const [name, endpoint, ...rest] = positionals;
  if (name === undefined || endpoint === undefined || rest.length > 0) {
    throw new UsageError("publish: needs FILE and URL (see spillway publish --help)");
  }
  if (values["no-audio"] && values["no-video"]) {
    throw new UsageError("publish: --no-audio and --no-video together leave nothing to send");
  }
  if (!URL.canParse(endpoint) || !/^https?:/.test(endpoint)) {
    throw new UsageError(
      `publish: "${endpoint}" is not an http(s) URL such as http://127.0.0.1:8080/whip/NAME`,
    );
  }
  const stop = stopOnSignal();
  try {
    await publish({
      name,
      endpoint,
      stop,
      selection: { audio: !values["no-audio"], video: !values["no-video"] },
      loop: values.loop,
      token: values.token ?? process.env[TOKEN_VARIABLE] ?? null,
      anyCertificate: values["any-certificate"],
    });
    return 0;
  } catch (error) {
    if (!isExpected(error)) throw error;
    console.error(`spillway: ${oneLine(error.message)}${hint(error)}`);
    return 1;
  }
}

interface Publication extends WhipOptions {
  readonly name: string;
  readonly endpoint: string;
  /** Ends the session in good order. */
  readonly stop: AbortSignal;
  readonly selection: MediaSelection;
  readonly loop: boolean;
}

async function publish(publication: Publication): Promise<void> {
  const { name, selection, loop } = publication;
  const path = await pathOf(name);
  const { reader, file } = await MediaReader.open({ path, name, selection, loop });
  const terminal = process.stderr.isTTY === true;
  const status = new UploadStatus(file, terminal, (text) => process.stderr.write(text));
  try {
    for (const note of file.notes) status.log(note);
    await publishFile({ ...publication, reader, file, status });
  } finally {
    status.close();
    reader.close();
  }
}

/** What helps, where the server's words do not say it. */
function hint(error: Error): string {
  if (!(error instanceof WhipError)) return "";
  if (error.status === 401) return ` (--token, or ${TOKEN_VARIABLE} in the environment)`;
  if (error.status === 404) return " (a WHIP address ends in /whip/NAME)";
  if (/ECONNREFUSED|ConnectionRefused/.test(error.message)) return " (does the server run there?)";
  if (/certificate/i.test(error.message)) return " (--any-certificate accepts it)";
  return "";
}

/** Where FILE is; throws a MediaFileError when nothing can be read from there. */
async function pathOf(name: string): Promise<string> {
  if (name === DEMO_CLIP) return (await import("./demo-clip.ts")).DEMO_CLIP_PATH;
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(name)) throw notLocal(name);
  if (name === "-") {
    throw new MediaFileError(
      "-: standard input cannot be read from; store the stream in a file first",
    );
  }
  if (!existsSync(name)) throw new MediaFileError(`${name}: there is no such file`);
  const found = statSync(name);
  if (found.isDirectory()) throw new MediaFileError(`${name}: is a folder`);
  if (!found.isFile()) {
    throw new MediaFileError(`${name}: is no regular file; a stream has to be stored first`);
  }
  return name;
}

function notLocal(url: string): MediaFileError {
  const out = "film.mkv";
  return new MediaFileError(
    `${url}: FILE is a file of this machine. Fetch it first: ffmpeg -i ${quoted(url)} -c copy ${out}`,
  );
}

/** What a person can do something about; everything else is a bug and shows its stack. */
function isExpected(error: unknown): error is Error {
  return [MediaFileError, WhipError, SessionError, OpenSslUnavailable].some(
    (kind) => error instanceof kind,
  );
}

/** A wrapper (timeout, npm) and the terminal may both pass on one press of Ctrl-C. */
const SAME_SIGNAL_US = 1_000_000;

/** The first SIGINT or SIGTERM ends the session in good order, a later one at once. */
function stopOnSignal(): AbortSignal {
  const controller = new AbortController();
  let firstUs = 0;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      const now = monotonicUs();
      if (!controller.signal.aborted) firstUs = now;
      else if (now - firstUs > SAME_SIGNAL_US) process.exit(130);
      controller.abort();
    });
  }
  return controller.signal;
}
