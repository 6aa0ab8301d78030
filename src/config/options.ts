/**
 * Every option that can be set by file, environment and flag: the one source of `--help`, of the
 * README's table and of the example file. Tables, which the file alone can hold: tables.ts.
 */
import { z } from "zod";
import {
  PENDING_SESSIONS_PER_ADDRESS,
  POSTS_PER_SECOND_PER_ADDRESS,
  READER_THREADS_MAX,
} from "../limits.ts";
import { CLUSTER_OPTIONS } from "./cluster-options.ts";
import {
  addressPort,
  advertise,
  bitrate,
  cidrs,
  duration,
  hostPort,
  httpUrl,
  integer,
  memory,
  origins,
  seconds,
  size,
  takeover,
  truth,
} from "./values.ts";

/** Whether a stream has a tail: for whom asks for it, from the beginning on, or never. */
export const HLS_MODES = ["on", "always", "off"] as const;
/** What opens the files that a tail's index.m3u8 names: the token that opened it, or their names. */
export const HLS_CHILDREN = ["token", "url"] as const;

export interface OptionSpec {
  readonly schema: z.ZodType;
  /** As one would write it; "" when there is none. */
  readonly default: string;
  /** What stands behind the flag in --help; "" for a switch, in brackets what may be left out. */
  readonly value: string;
  readonly help: string;
  /** Not shown to users: for the test suite. */
  readonly hidden?: boolean;
}

export const OPTIONS = {
  http: {
    schema: hostPort,
    default: "127.0.0.1:8080",
    value: "HOST:PORT",
    help: "Where WHIP, WHEP, the pages and the API are served.",
  },
  media: {
    schema: addressPort,
    default: "0.0.0.0:8200",
    value: "ADDRESS:PORT",
    help: "First UDP port for media: one port a worker, ingest workers first, then egress workers.",
  },
  "ice-tcp": {
    schema: addressPort,
    default: "",
    value: "ADDRESS:PORT",
    help: "A TCP port for media where UDP does not get through, one for all workers (443 where HTTP is not).",
  },
  advertise: {
    schema: advertise,
    default: "",
    value: "PUBLIC[/LOCAL],...",
    help: "Addresses that clients are told instead of those of this machine (NAT, floating IP).",
  },
  "ingest-workers": {
    schema: integer(1, 32),
    default: "1",
    value: "N",
    help: "Threads that receive from publishers.",
  },
  "egress-workers": {
    schema: integer(1, READER_THREADS_MAX),
    default: "number of cores",
    value: "N",
    help: "Threads that send to viewers; ingest is light beside them, so every core gets one.",
  },
  "ring-memory": {
    schema: memory("one video ring takes 16 MiB"),
    default: "25%",
    value: "SIZE",
    help: "Memory for media rings (512m, 2g, 25%); publishers beyond it get 503.",
  },
  "trusted-proxy": {
    schema: cidrs,
    default: "",
    value: "CIDR,...",
    help: "Reverse proxies whose X-Forwarded-For, -Proto and -Host are believed.",
  },
  "public-url": {
    schema: httpUrl(true),
    default: "",
    value: "URL",
    help: "Scheme and host as clients see them, for absolute links; other nodes send viewers there.",
  },
  "cors-origins": {
    schema: origins,
    default: "",
    value: "ORIGIN,...",
    help: "Pages of these origins may use the API, and a server that is open on loopback.",
  },
  "max-token-lifetime": {
    schema: duration,
    default: "400d",
    value: "TIME",
    help: "A JWT that is valid for longer is refused: 12h, 400d.",
  },
  "tls-cert": {
    schema: z.string().min(1),
    default: "",
    value: "FILE",
    help: "Certificate chain (PEM) for HTTPS; re-read on SIGHUP.",
  },
  "tls-key": {
    schema: z.string().min(1),
    default: "",
    value: "FILE",
    help: "Private key (PEM) of the certificate.",
  },
  state: {
    schema: z.string().min(1),
    default: "",
    value: "DIR",
    help: "Folder for what outlives a restart: the token made at first start, a node's key.",
  },
  config: {
    schema: z.string().min(1),
    default: "",
    value: "FILE",
    help: "TOML file with these options; environment and flags override it.",
  },
  insecure: {
    schema: truth,
    default: "false",
    value: "",
    help: "Let anyone publish, watch and administer, on any address.",
  },
  takeover: {
    schema: takeover,
    default: "false",
    value: "[MODE]",
    help: "A second publisher of a live name gets 409 (false), takes over (true) or waits (standby).",
  },
  "wait-for-stream": {
    schema: truth,
    default: "false",
    value: "",
    help: "Viewers may wait for a stream that is not live instead of getting 409.",
  },
  hls: {
    schema: z.enum(HLS_MODES),
    default: "on",
    value: "MODE",
    help: "The tail of streams for the crowd, LL-HLS: on (from the first request on), always, or off.",
  },
  "hls-part": {
    schema: seconds(0.2, 1),
    default: "0.5",
    value: "SECONDS",
    help: "Length of its parts, 0.2 to 1: viewers are about three of them behind.",
  },
  "hls-memory": {
    schema: memory("the tail of 6 Mb/s takes as much"),
    default: "10%",
    value: "SIZE",
    help: "Memory for the files of all tails; one that finds none left gets 503.",
  },
  "hls-children": {
    schema: z.enum(HLS_CHILDREN),
    default: "token",
    value: "PROOF",
    help: "What opens its files: the token, or url: their names, which nobody guesses; caches keep one copy.",
  },
  "disk-reserve": {
    schema: size,
    default: "2g",
    value: "SIZE",
    help: "What is left free of disks that streams are recorded to: below it nothing is (0: all is used).",
  },
  "redirect-url": {
    schema: httpUrl(true),
    default: "",
    value: "URL",
    help: "Where new sessions without a token are sent (307) once limits.sessions is reached.",
  },
  "drain-seconds": {
    schema: integer(0, 3600),
    default: "10",
    value: "N",
    help: "How long viewers may stay after SIGTERM.",
  },
  "log-level": {
    schema: z.enum(["debug", "info", "warn", "error"]),
    default: "info",
    value: "LEVEL",
    help: "debug, info, warn or error.",
  },
  "log-format": {
    schema: z.enum(["auto", "pretty", "json"]),
    default: "auto",
    value: "FORMAT",
    help: "pretty, json, or auto: pretty on a terminal.",
  },
  portable: {
    schema: truth,
    default: "false",
    value: "",
    help: "Do without UDP_SEGMENT, batched calls and OpenSSL's SRTP ciphers; costs several times the CPU.",
  },
  "no-warm-up": {
    schema: truth,
    default: "false",
    value: "",
    help: "Ready at once; the first viewers wait while code is compiled.",
  },
  drills: {
    schema: truth,
    default: "false",
    value: "",
    help: "Crash drills through the API, for tests.",
    hidden: true,
  },
  ...CLUSTER_OPTIONS,
  "limits.sessions": {
    schema: integer(0, 1_000_000),
    default: "10000",
    value: "N",
    help: "Publishers and viewers at once, at about 100 KiB each.",
  },
  "limits.viewers-per-stream": {
    schema: integer(1, 1_000_000),
    default: "10000",
    value: "N",
    help: "Viewers of one stream at once.",
  },
  "limits.bitrate-max": {
    schema: bitrate,
    default: "20M",
    value: "BITS/S",
    help: "What a publisher is asked not to exceed.",
  },
  "limits.pending-per-address": {
    schema: integer(1, 1_000_000),
    default: String(PENDING_SESSIONS_PER_ADDRESS),
    value: "N",
    help: "Sessions of one address that are not connected yet; loopback is exempt.",
  },
  "limits.posts-per-second": {
    schema: integer(1, 1_000_000),
    default: String(POSTS_PER_SECOND_PER_ADDRESS),
    value: "N",
    help: "POSTs a second of one address (PATCH and DELETE: ten times as many); loopback is exempt.",
  },
  "auth.audience": {
    schema: z.string().min(1),
    default: "spillway",
    value: "TEXT",
    help: "The `aud` that JWTs must name.",
  },
  "auth.session-url-is-proof": {
    schema: truth,
    default: "true",
    value: "",
    help: "PATCH and DELETE without a token pass, since the session URL is secret (browsers' SDKs).",
  },
  "hook.url": {
    schema: httpUrl(false),
    default: "",
    value: "URL",
    help: "Asked before publish and view, told of joins and leaves.",
  },
  "hook.timeout-ms": {
    schema: integer(50, 30_000),
    default: "2000",
    value: "MS",
    help: "A hook that is slower than this refuses.",
  },
  "hook.secret": {
    schema: z.string().min(1),
    default: "",
    value: "TEXT",
    help: "Signs hook bodies: X-Spillway-Signature is their HMAC-SHA256 in hex.",
  },
  "hook.secret-file": {
    schema: z.string().min(1),
    default: "",
    value: "FILE",
    help: "Holds hook.secret instead: as a flag, `ps` shows the secret to everybody.",
  },
} as const satisfies Record<string, OptionSpec>;

export type OptionKey = keyof typeof OPTIONS;

/** An option's value, or its default; null when it has neither. Throws a ConfigError for a wrong one. */
export type OptionReader = <K extends OptionKey>(
  key: K,
) => z.output<(typeof OPTIONS)[K]["schema"]> | null;
