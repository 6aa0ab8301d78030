/** `spillway publish`: sends a file to a WHIP address in real time. */
import { existsSync, statSync } from "node:fs";
import { parseArgs } from "node:util";
import { MediaFileError, openMediaFile } from "../client/media-file.ts";
import { WhipError } from "../client/whip.ts";
import { OpenSslUnavailable } from "../io/openssl.ts";
import { type Command, UsageError, usage } from "./command.ts";
import { PublishError, publishFile } from "./file-publisher.ts";
import { optionLines } from "./help.ts";

/** Where the token may stand instead of on the command line, which other users can read. */
export const TOKEN_VARIABLE = "WHIP_TOKEN";
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
  help: `Sends an MP4 or WebM file (H.264, VP8, VP9 or AV1; Opus) to a WHIP address in real time.

Usage: spillway publish FILE URL [OPTIONS]

FILE may be ${DEMO_CLIP} for the built-in clip.

Options:
${optionLines(OPTIONS)}

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
    const selection = { audio: !values["no-audio"], video: !values["no-video"] };
    const file = await openMediaFile(await openBlob(name), name, selection);
    try {
      await publishFile({
        file,
        endpoint,
        loop: values.loop,
        token: values.token ?? process.env[TOKEN_VARIABLE] ?? null,
        anyCertificate: values["any-certificate"],
        stop,
        log: (line) => console.error(`publish: ${line}`),
      });
    } finally {
      file.close();
    }
    return 0;
  } catch (error) {
    if (!isExpected(error)) throw error;
    console.error(`spillway: ${error.message}${hint(error)}`);
    return 1;
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

async function openBlob(name: string): Promise<Blob> {
  const path = name === DEMO_CLIP ? (await import("./demo-clip.ts")).DEMO_CLIP_PATH : name;
  const blob = Bun.file(path);
  if (await blob.exists()) return blob;
  const isFolder = existsSync(path) && statSync(path).isDirectory();
  throw new MediaFileError(`${name}: ${isFolder ? "is a folder" : "there is no such file"}`);
}

/** What a person can do something about; everything else is a bug and shows its stack. */
function isExpected(error: unknown): error is Error {
  return [MediaFileError, WhipError, PublishError, OpenSslUnavailable].some(
    (kind) => error instanceof kind,
  );
}

/** The first SIGINT or SIGTERM ends the session in good order, a second one at once. */
function stopOnSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort();
    });
  }
  return controller.signal;
}
