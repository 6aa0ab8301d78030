/** The HTTP(S) socket in front of the control thread. */
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import type { Server } from "bun";
import type { Hono } from "hono";
import type { Config } from "../config.ts";
import type { AppEnv } from "../control/http/context.ts";
import {
  hostProblem,
  isHealthPath,
  SEGMENTS_SEEN_MAX,
  targetProblem,
} from "../control/http/target.ts";
import { messageOf } from "../errors.ts";
import { TAIL_WAIT_US } from "../limits.ts";
import { UsageError } from "./command.ts";

export interface Listener {
  readonly port: number;
  /**
   * Reads certificate and key again, by the names that they have in this configuration. Connections that
   * stand keep theirs. Throws, with everything as it was, when the files cannot be used. Whether there is
   * TLS at all is decided at the start.
   */
  reloadCertificate(config: Config): void;
  /** No new connections; those that stand are closed too with `now`. */
  stop(now: boolean): Promise<void>;
}

/** Above SDP_BYTES_MAX, so that the app answers in its own words, and below what could hurt. */
const BODY_BYTES_MAX = 256 * 1024;
/**
 * Twice the heartbeat of event streams. Bun closes a connection that has not sent a whole request
 * by then, however it trickles in: nobody holds one for nothing (Slowloris).
 */
const IDLE_SECONDS = 10;
/** Longer than any request waits for what is about to come. */
const PATIENT_SECONDS = TAIL_WAIT_US / 1_000_000 + IDLE_SECONDS;
/** The hook's answer is waited for on an idle connection. */
const HOOK_SLACK_SECONDS = 5;

type Tls = { readonly cert: string; readonly key: string };

/** Binds the port of the configuration. Throws when it is taken or the certificate is no good. */
export function listen(config: Config, app: Hono<AppEnv>): Listener {
  const { hook } = config;
  const patience = hook === null ? 0 : Math.ceil(hook.timeoutMs / 1000) + HOOK_SLACK_SECONDS;
  const open = (port: number, tls: Tls | null): Server<undefined> =>
    Bun.serve({
      hostname: config.http.host,
      port,
      // Bun's default for production lets a second server share the port: each would get half of
      // the requests.
      reusePort: false,
      idleTimeout: Math.max(IDLE_SECONDS, patience),
      maxRequestBodySize: BODY_BYTES_MAX,
      development: false,
      ...(tls === null ? {} : { tls }),
      ...checked((request, server) =>
        app.fetch(request, {
          address: server.requestIP(request)?.address,
          secure: tls !== null,
          patient: () => server.timeout(request, PATIENT_SECONDS),
        }),
      ),
    });
  let tls = readTls(config);
  let server = open(config.http.port, tls);
  const port = server.port ?? config.http.port;
  return {
    port,
    reloadCertificate: (changed) => {
      if (config.tls === null || changed.tls === null) return;
      const fresh = readTls(changed);
      // Bun cannot change the certificate of a server: a new one takes over the port. The old one
      // lets go of it at once and goes on with its connections.
      void server.stop(false);
      try {
        server = open(port, fresh);
        tls = fresh;
      } catch (error) {
        server = open(port, tls);
        throw error;
      }
    },
    stop: (now) => server.stop(now),
  };
}

type Handler = (request: Request, server: Server<undefined>) => Response | Promise<Response>;

/**
 * Routes and fetch of a server that pass on what can be read in one way only. A URL shows the path
 * after `..` and backslashes are gone; the parameters of a route show it as it was sent.
 */
function checked(handle: Handler) {
  const routes: Record<string, Handler> = {};
  const names: string[] = [];
  const sent: Handler = (request, server) => {
    const { params } = request as unknown as { readonly params: Readonly<Record<string, string>> };
    const segments = Object.values(params);
    return withHost(request, (good) => {
      const { pathname } = new URL(good.url);
      return targetProblem(sentSegments(segments, pathname), pathname) ?? handle(good, server);
    });
  };
  routes["/"] = sent;
  // One more than can be told stands for all that are deeper.
  while (names.length <= SEGMENTS_SEEN_MAX) {
    names.push(`:p${names.length}`);
    routes[`/${names.join("/")}`] = sent;
    routes[`/${names.join("/")}/`] = sent;
  }
  return { routes, fetch: () => targetProblem(null, "")! };
}

/** A slash at the end is an empty segment; a path too deep for the router ends where its sight ends. */
function sentSegments(params: readonly string[], pathname: string): readonly string[] {
  if (params.length > SEGMENTS_SEEN_MAX) return params.slice(0, SEGMENTS_SEEN_MAX);
  const ended = params.length === 0 || pathname.endsWith("/");
  return ended ? [...params, ""] : params;
}

/** Calls `pass` unless the Host header is no good. Without one a URL is the bare path. */
function withHost(
  request: Request,
  pass: (request: Request) => Response | Promise<Response>,
): Response | Promise<Response> {
  const wrong = hostProblem(request.headers.get("Host"));
  if (wrong === null) return pass(request);
  const path = request.url.replace(/^https?:\/\/[^/]*/, "").split("?")[0]!;
  if (!isHealthPath(path)) return wrong;
  return pass(new Request(`http://localhost${path}`, { method: request.method }));
}

/** Certificate and key of the configuration; throws a UsageError when they cannot be used. */
export function readTls(config: Config): Tls | null {
  if (config.tls === null) return null;
  const cert = readPem("tls-cert", config.tls.certFile);
  const key = readPem("tls-key", config.tls.keyFile);
  try {
    // Throws when they do not parse or do not belong together.
    createSecureContext({ cert, key });
  } catch (error) {
    const reason = messageOf(error);
    throw new UsageError(`tls-cert, tls-key: not a certificate (PEM) and its key: ${reason}`);
  }
  return { cert, key };
}

function readPem(option: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`${option}: ${messageOf(error)}`);
  }
}
