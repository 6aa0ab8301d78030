/** Tables of the configuration file: tokens, keys, ICE servers, rules for streams. */
import { z } from "zod";
import { dvr, recordFolder } from "./archive.ts";
import { HLS_MODES } from "./options.ts";
import { bitrate, integer, takeover } from "./values.ts";

/** What the documentation's examples hash to, and nothing at all: anybody has these tokens. */
const SAMPLES = new Set(
  ["test", "TOKEN", ""].flatMap((text) => [sha256(text), sha256(`${text}\n`)]),
);

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
      .refine(
        (hash) => !SAMPLES.has(hash.toLowerCase()),
        "is that of a sample: hash your own token",
      )
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
    public: z.string().includes("BEGIN PUBLIC KEY", "must be a public key in PEM").optional(),
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
    .regex(/^[ -~]*$/, "must be printable ASCII")
    .optional(),
  credential: z
    .string()
    .regex(/^[ -~]*$/, "must be printable ASCII")
    .optional(),
});

const delayMs = integer(0, 40_950);
const streamRule = z.strictObject({
  match: z.string().min(1),
  takeover: takeover.optional(),
  "wait-for-stream": z.boolean().optional(),
  hls: z.enum(HLS_MODES, `must be "on", "always" or "off"`).optional(),
  /** Viewers of its tail may go back so far: us. */
  dvr: dvr.optional(),
  /** Where all of it stays. */
  record: recordFolder.optional(),
  /** Whether viewers may send chat, hands and reactions. */
  chat: z.boolean("must be true or false").optional(),
  /** Who may watch: whoever has a token for it, or anybody. */
  view: z.enum(["token", "open"], 'must be "token" or "open"').optional(),
  "playout-delay-min-ms": delayMs.optional(),
  "playout-delay-max-ms": delayMs.optional(),
  ...viewLimits,
});

export const fileTables = {
  "auth.tokens": z
    .array(staticToken)
    .superRefine((tokens, context) => {
      const hashes = tokens.map(({ token, hash }) => hash?.toLowerCase() ?? sha256(token ?? ""));
      refuseTwins(hashes, context, "auth.tokens", (i) =>
        tokens[i]!.hash === undefined ? "token" : "hash",
      );
    })
    .default([]),
  "auth.keys": z
    .array(jwtKey)
    .superRefine((keys, context) => {
      const ids = keys.map(({ id }) => id ?? null);
      refuseTwins(ids, context, "auth.keys", () => "id");
    })
    .default([]),
  "ice-servers": z.array(iceServer).default([]),
  streams: z.array(streamRule).default([]),
};

/** What names one thing must not stand twice: which of the two would count? */
function refuseTwins(
  names: readonly (string | null)[],
  context: z.RefinementCtx,
  table: string,
  keyOf: (index: number) => string,
): void {
  for (const [i, name] of names.entries()) {
    const first = name === null ? i : names.indexOf(name);
    if (first === i) continue;
    const message = `is the same as in ${table}[${first}]`;
    context.addIssue({ code: "custom", path: [i, keyOf(i)], message });
  }
}

function sha256(text: string): string {
  return new Bun.CryptoHasher("sha256").update(text).digest("hex");
}

export type StaticToken = z.output<typeof staticToken>;
export type JwtKey = z.output<typeof jwtKey>;
export type IceServer = z.output<typeof iceServer>;
export type StreamRule = z.output<typeof streamRule>;
