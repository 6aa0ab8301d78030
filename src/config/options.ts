/**
 * Every option that can be set by file, environment and flag: the one source of `--help`, of the
 * README's table and of the example file. The tables at the end can be set in the file only.
 */
import { z } from "zod";
import { PENDING_SESSIONS_PER_ADDRESS, POSTS_PER_SECOND_PER_ADDRESS } from "../limits.ts";
import {
  addressPort,
  advertise,
  bitrate,
  cidrs,
  hostPort,
  httpUrl,
  integer,
  memory,
  truth,
} from "./values.ts";

interface OptionSpec {
  readonly schema: z.ZodType;
  /** As one would write it; "" when there is none. */
  readonly default: string;
  /** What stands behind the flag in --help; "" for a switch. */
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
    schema: integer(1, 64),
    default: "number of cores",
    value: "N",
    help: "Threads that send to viewers; ingest is light beside them, so every core gets one.",
  },
  "ring-memory": {
    schema: memory,
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
    help: "Scheme and host as clients see them, for links that must be absolute.",
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
    help: "Folder for what outlives a restart: the token made at first start.",
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
    schema: truth,
    default: "false",
    value: "",
    help: "A second publisher of a live name takes over instead of getting 409.",
  },
  "wait-for-stream": {
    schema: truth,
    default: "false",
    value: "",
    help: "Viewers may wait for a stream that is not live instead of getting 409.",
  },
  "redirect-url": {
    schema: httpUrl(true),
    default: "",
    value: "URL",
    help: "Where new sessions are sent (307) once limits.sessions is reached; otherwise 503.",
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
  drills: {
    schema: truth,
    default: "false",
    value: "",
    help: "Crash drills through the API, for tests.",
    hidden: true,
  },
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
} as const satisfies Record<string, OptionSpec>;

export type OptionKey = keyof typeof OPTIONS;

/** One row of --help and of the README's table. */
export interface OptionRow {
  readonly key: string;
  readonly flag: string;
  readonly env: string;
  readonly default: string;
  readonly value: string;
  readonly help: string;
  readonly hidden: boolean;
}

export const optionTable: readonly OptionRow[] = Object.entries(OPTIONS).map(
  ([key, spec]: [string, OptionSpec]) => ({
    key,
    flag: `--${key.replaceAll(".", "-")}`,
    env: `SPILLWAY_${key.replaceAll(/[.-]/g, "_").toUpperCase()}`,
    default: spec.default,
    value: spec.value,
    help: spec.help,
    hidden: spec.hidden ?? false,
  }),
);

// -- Tables of the file --------------------------------------------------------------------------

const rights = z.array(z.enum(["publish", "view", "admin"])).min(1);
const patterns = z.array(z.string().min(1)).min(1);

/** What viewers may have of the layers: pixels, bits a second. */
const pixels = integer(16, 16_384).optional();
const viewLimits = {
  "max-width": pixels,
  "max-height": pixels,
  "max-bitrate": bitrate.optional(),
};

const staticToken = z
  .strictObject({
    token: z.string().min(16, "at least 16 characters").optional(),
    /** SHA-256 of the token in hex, so that the file holds no secret. */
    hash: z
      .string()
      .regex(/^[0-9a-fA-F]{64}$/, "64 hex digits: the SHA-256 of the token")
      .optional(),
    rights,
    streams: patterns.default(["**"]),
    ...viewLimits,
  })
  .refine((token) => (token.token === undefined) !== (token.hash === undefined), {
    message: "needs either `token` or `hash`",
  });

const jwtKey = z
  .strictObject({
    id: z.string().min(1).optional(),
    alg: z.enum(["HS256", "RS256", "ES256", "EdDSA"]),
    /** HS256: base64url of at least 32 bytes. */
    secret: z.string().min(43, "at least 32 bytes in base64url").optional(),
    /** Others: the public key as PEM. */
    public: z.string().includes("BEGIN PUBLIC KEY").optional(),
    /** A JWKS file; only its keys of `alg` are used. */
    jwks: z.string().min(1).optional(),
  })
  .refine(
    (key) =>
      key.jwks !== undefined
        ? key.secret === undefined && key.public === undefined
        : key.alg === "HS256"
          ? key.secret !== undefined && key.public === undefined
          : key.public !== undefined && key.secret === undefined,
    { message: "needs `secret` (HS256), `public` (other algorithms), or `jwks`" },
  );

const iceServer = z.strictObject({
  urls: z
    .union([z.string(), z.array(z.string())])
    .transform((value) => (typeof value === "string" ? [value] : value))
    .pipe(z.array(z.string().regex(/^(stun|stuns|turn|turns):[^\s<>",;]+$/, "stun: or turn: URL"))),
  username: z
    .string()
    .regex(/^[ -~]*$/)
    .optional(),
  credential: z
    .string()
    .regex(/^[ -~]*$/)
    .optional(),
});

const delayMs = integer(0, 40_950);
const streamRule = z.strictObject({
  match: z.string().min(1),
  takeover: z.boolean().optional(),
  "wait-for-stream": z.boolean().optional(),
  "playout-delay-min-ms": delayMs.optional(),
  "playout-delay-max-ms": delayMs.optional(),
  ...viewLimits,
});

export const fileTables = {
  "auth.tokens": z.array(staticToken).default([]),
  "auth.keys": z.array(jwtKey).default([]),
  "ice-servers": z.array(iceServer).default([]),
  streams: z.array(streamRule).default([]),
};

export type StaticToken = z.output<typeof staticToken>;
export type JwtKey = z.output<typeof jwtKey>;
export type IceServer = z.output<typeof iceServer>;
export type StreamRule = z.output<typeof streamRule>;
