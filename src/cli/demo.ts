/** `spillway demo`: the server with a stream already live, published by a child process. */
import type { Subprocess } from "bun";
import { TOKEN_VARIABLE } from "../client/whip.ts";
import { formatHostPort } from "../config/values.ts";
import type { Control } from "../control/control.ts";
import { ownCommand } from "../io/self.ts";
import type { Command } from "./command.ts";
import { DEMO_CLIP } from "./publish.ts";
import { serverOptions } from "./serve.ts";
import { type RunningServer, runServer } from "./server.ts";

const STREAM = "demo";
/** A publisher that ends (its worker was replaced, for example) is started again after this. */
const RESTART_MS = 500;
/** Between two looks whether the workers of a server that starts accept it. */
const READY_LOOK_MS = 20;

export const demoCommand: Command = {
  help: `Runs the server with a stream called ${STREAM} already live: a built-in clip with a running clock and
a beep each second, published over the network like any other stream.

Usage: spillway demo [OPTIONS]

Options are those of serve:
${serverOptions()}`,
  run: (args) =>
    runServer({
      args,
      stream: STREAM,
      readyWhen: hasKeyframe,
      started: startPublisher,
    }),
};

/** Whether a viewer that joined now would have a picture at once. */
function hasKeyframe(control: Control): boolean {
  const tracks = control.registry.streams.get(STREAM)?.source?.of("video") ?? [];
  return tracks.some(({ ring }) => control.plane.describeRing(ring).keyframeCached);
}

/** Keeps a `spillway publish` of its own running; returns how to end it. */
function startPublisher(server: RunningServer): () => void {
  let child: Subprocess | null = null;
  let restart: Timer | null = null;
  const start = (): void => {
    restart = null;
    // A terminal's Ctrl-C reaches the publisher, too, and perhaps first.
    if (server.stopping.aborted) return;
    if (!server.control.plane.ready()) {
      restart = setTimeout(start, READY_LOOK_MS);
      return;
    }
    child = Bun.spawn(publisherCommand(server), {
      env: { ...process.env, ...(server.token === null ? {} : { [TOKEN_VARIABLE]: server.token }) },
      stdio: ["ignore", "ignore", "pipe"],
      onExit: (_process, code, signal) => {
        if (server.stopping.aborted) return;
        server.log.warn("Demo publisher ended, starting it again", { code, signal });
        restart = setTimeout(start, RESTART_MS);
      },
    });
    void relayLines(child, (line) => server.log.debug("Demo publisher", { line }));
  };
  start();
  return () => {
    if (restart !== null) clearTimeout(restart);
    child?.kill("SIGTERM");
  };
}

function publisherCommand(server: RunningServer): string[] {
  const { http, tls } = server.config;
  const wildcard = http.host === "0.0.0.0" || http.host === "::";
  const host = wildcard ? "127.0.0.1" : http.host;
  const scheme = tls === null ? "http" : "https";
  const url = `${scheme}://${formatHostPort(host, server.port)}/whip/${STREAM}`;
  // The certificate is made out to the public name, and this is the same machine.
  const trust = tls === null ? [] : ["--any-certificate"];
  return [...ownCommand(), "publish", DEMO_CLIP, url, "--loop", ...trust];
}

async function relayLines(child: Subprocess, log: (line: string) => void): Promise<void> {
  if (!(child.stderr instanceof ReadableStream)) return;
  for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
    for (const line of text.split("\n")) if (line !== "") log(line);
  }
}
