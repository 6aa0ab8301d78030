/** `spillway status`: the nodes of a cluster, and how streams reach them. */
import { parseArgs } from "node:util";
import { messageOf } from "../errors.ts";
import { type Command, UsageError, usage } from "./command.ts";
import { optionLines } from "./help.ts";
import { statusText } from "./status-text.ts";

const WATCH_MS = 1000;
const TIMEOUT_MS = 3000;

export const statusCommand: Command = {
  help: `Shows a cluster as one of its nodes sees it: the other nodes, the tree by which each stream reaches
them, which secrets they accept, where tokens and keys differ, and why links could not be. Of any
server it tells who watches each stream, in real time and by its tail (HLS).

Usage: spillway status [URL] [OPTIONS]

URL is that of the server, http://127.0.0.1:8080 if none is given.

Options:
${optionLines([
  { flag: "--token-file", value: "FILE", help: "Holds a token that may administer." },
  { flag: "--watch", value: "", help: "Again every second, until Ctrl-C." },
  { flag: "--json", value: "", help: "What the API answers (GET /api/v1/status)." },
])}`,
  run,
};

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = usage("status", () =>
    parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        "token-file": { type: "string" },
        watch: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
      },
    }),
  );
  if (positionals.length > 1) throw new UsageError("status: one URL at most");
  const server = serverUrl(positionals[0] ?? "http://127.0.0.1:8080");
  const token = await readToken(values["token-file"]);
  for (;;) {
    const [answer, list] = await Promise.all([
      ask(apiUrl(server, "status"), token),
      values.json ? null : ask(apiUrl(server, "streams"), token),
    ]);
    if (answer === null) return 1;
    if (values.watch && !values.json && process.stdout.isTTY) console.clear();
    console.log(values.json ? JSON.stringify(answer) : statusText(answer, list));
    if (!values.watch) return 0;
    await Bun.sleep(WATCH_MS);
  }
}

function serverUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(`status: "${text}" is not an http(s) URL`);
  }
  return url;
}

function apiUrl(server: URL, what: "status" | "streams"): string {
  return new URL(`/api/v1/${what}`, server).href;
}

async function readToken(file: string | undefined): Promise<string | null> {
  if (file === undefined) return process.env.SPILLWAY_TOKEN ?? null;
  try {
    return (await Bun.file(file).text()).trim();
  } catch (error) {
    throw new UsageError(`--token-file: ${messageOf(error)}`);
  }
}

/** Null, with a line that says why, when the server does not tell. */
async function ask(url: string, token: string | null) {
  const headers: Record<string, string> =
    token === null ? {} : { Authorization: `Bearer ${token}` };
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (response.ok) return await response.json();
    const hint = response.status === 401 ? " (a token is asked for: --token-file FILE)" : "";
    console.error(`spillway: ${url} answers ${response.status}${hint}`);
  } catch (error) {
    console.error(`spillway: ${url}: ${messageOf(error)}`);
  }
  return null;
}
