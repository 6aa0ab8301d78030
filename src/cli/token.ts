/** `spillway token`: signs JWTs that every node checks by itself, and makes the keys for it. */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { importPKCS8, SignJWT } from "jose";
import { duration } from "../config/values.ts";
import { streamName } from "../control/http/names.ts";
import { messageOf } from "../errors.ts";
import { realtimeUs } from "../io/clock.ts";
import { type Command, UsageError, usage } from "./command.ts";
import { readFileConfig } from "./configuration.ts";
import { guardOutput } from "./guard-output.ts";
import { optionLines } from "./help.ts";

const RIGHTS = ["publish", "view", "admin"];

const OPTIONS = [
  { flag: "--key", value: "FILE", help: "Key file that `token keygen` wrote." },
  {
    flag: "--config",
    value: "FILE",
    help: "Instead of --key: use the first HS256 key of this configuration file.",
  },
  {
    flag: "--key-id",
    value: "ID",
    help: "The key's id in the configuration; with --config, which of its keys is used.",
  },
  {
    flag: "--rights",
    value: "LIST",
    help: "publish, view, admin, separated by commas.",
    default: "view",
  },
  {
    flag: "--stream",
    value: "PATTERN",
    help: "Streams the token is for: * is within a path segment, ** across them. May be repeated.",
    default: "**",
  },
  {
    flag: "--expires",
    value: "TIME",
    help: "Lifetime: 30m, 2h, 7d; at most max-token-lifetime of the server, 400d unless configured.",
    default: "2h",
  },
  {
    flag: "--audience",
    value: "TEXT",
    help: "As auth.audience of the server.",
    default: "spillway",
  },
  {
    flag: "--max-width",
    value: "PIXELS",
    help: "Viewers get no layer that is wider, while there is another.",
  },
  { flag: "--max-height", value: "PIXELS", help: "Nor one that is higher." },
  {
    flag: "--max-bitrate",
    value: "BITS/S",
    help: "Nor one of more bits; a publisher is asked not to send more.",
  },
  { flag: "--name", value: "TEXT", help: "What others read as the sender of its chat and events." },
  { flag: "--subject", value: "TEXT", help: "Who the token is for; appears in no log." },
];

/** The server's default for max-token-lifetime. */
const LIFETIME_MAX_S = 400 * 86_400;

/** As for `max-width` and `max-height` in the configuration. */
const PIXELS_MIN = 16;
const PIXELS_MAX = 16_384;

const KEYGEN_OPTIONS = [
  {
    flag: "--alg",
    value: "HS256|EdDSA",
    help: "EdDSA: the server holds a public key only.",
    default: "HS256",
  },
  { flag: "--id", value: "ID", help: "Name of the key, so that keys can be replaced one by one." },
  { flag: "--out", value: "FILE", help: "Where the signing key goes (mode 0600); must not exist." },
];

export const tokenCommand: Command = {
  help: `Makes tokens for publishers, viewers and administrators. The token goes to standard output.

Usage: spillway token --key FILE [OPTIONS]
       spillway token keygen --out FILE [OPTIONS]

Options:
${optionLines(OPTIONS)}

Options of keygen:
${optionLines(KEYGEN_OPTIONS)}

Examples:
  spillway token keygen --out signing.key >> spillway.toml
  spillway token --key signing.key --rights publish --stream 'news/*' --expires 12h`,
  run: (args) => (args[0] === "keygen" ? keygen(args.slice(1)) : sign(args)),
};

interface SigningKey {
  readonly alg: "HS256" | "EdDSA";
  readonly id: string | null;
  readonly key: CryptoKey | Uint8Array;
}

async function keygen(args: readonly string[]): Promise<number> {
  const { values } = usage("token", () =>
    parseArgs({
      args: [...args],
      options: {
        alg: { type: "string", default: "HS256" },
        id: { type: "string" },
        out: { type: "string" },
      },
    }),
  );
  if (values.out === undefined) throw new UsageError("--out: needs a file for the signing key");
  const id = values.id === undefined ? [] : [`id = ${JSON.stringify(values.id)}`];
  const table = ["[[auth.keys]]", ...id, `alg = "${values.alg}"`];
  if (values.alg === "HS256") {
    const secret = randomBytes(32).toString("base64url");
    writeNew(values.out, `${secret}\n`);
    console.log([...table, `secret = "${secret}"`].join("\n"));
    guardOutput();
  } else if (values.alg === "EdDSA") {
    const pair = generateKeyPairSync("ed25519");
    writeNew(values.out, pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString());
    const publicPem = pair.publicKey.export({ type: "spki", format: "pem" }).toString();
    console.log([...table, `public = """\n${publicPem}"""`].join("\n"));
  } else {
    throw new UsageError(`--alg: "${values.alg}" is not HS256 or EdDSA`);
  }
  console.error(
    `The signing key is in ${values.out}. The lines above belong in the configuration.`,
  );
  return 0;
}

async function sign(args: readonly string[]): Promise<number> {
  const { values } = usage("token", () =>
    parseArgs({
      args: [...args],
      options: {
        key: { type: "string" },
        config: { type: "string" },
        "key-id": { type: "string" },
        rights: { type: "string", default: "view" },
        stream: { type: "string", multiple: true, default: ["**"] },
        expires: { type: "string", default: "2h" },
        audience: { type: "string" },
        "max-width": { type: "string" },
        "max-height": { type: "string" },
        "max-bitrate": { type: "string" },
        name: { type: "string" },
        subject: { type: "string" },
      },
    }),
  );
  const rights = rightsOf(values.rights);
  const limits = {
    ...claim("maxWidth", pixelsOf("--max-width", values["max-width"])),
    ...claim("maxHeight", pixelsOf("--max-height", values["max-height"])),
    ...claim("maxBitrate", bitrateOf(values["max-bitrate"])),
  };
  const config = values.config === undefined ? null : readFileConfig(values.config);
  const lifetime = lifetimeOf(values.expires, config?.auth.lifetimeMax ?? null);
  const streams = values.stream.map(patternOf);
  const key = await signingKey(values.key, config, values["key-id"] ?? null);
  const issued = Math.floor(realtimeUs() / 1e6);
  const token = new SignJWT({
    rights,
    streams,
    ...limits,
    ...(values.name === undefined ? {} : { name: values.name }),
  })
    .setProtectedHeader({ alg: key.alg, ...(key.id === null ? {} : { kid: key.id }) })
    .setAudience(values.audience ?? config?.auth.audience ?? "spillway")
    .setIssuedAt(issued)
    .setExpirationTime(issued + lifetime);
  if (values.subject !== undefined) token.setSubject(values.subject);
  const text = await token.sign(key.key);
  console.log(text);
  guardOutput();
  console.error(hint(rights, values.stream[0]!));
  return 0;
}

/** How the token is used, for the person at the terminal (standard error, so that pipes work). */
function hint(rights: readonly string[], pattern: string): string {
  const name = pattern.includes("*") ? "NAME" : pattern;
  const lines: string[] = [];
  if (rights.includes("publish")) {
    lines.push(`OBS: service WHIP, server http(s)://HOST/whip/${name}, bearer token as above`);
  }
  if (rights.includes("view")) lines.push(`Browser: http(s)://HOST/watch/${name}?token=TOKEN`);
  if (rights.includes("admin")) {
    lines.push('API: curl -H "Authorization: Bearer TOKEN" http(s)://HOST/api/v1/streams');
  }
  return lines.join("\n");
}

async function signingKey(
  file: string | undefined,
  config: ReturnType<typeof readFileConfig> | null,
  id: string | null,
): Promise<SigningKey> {
  if (file !== undefined && config !== null) {
    throw new UsageError("--config: cannot be used with --key");
  }
  if (file !== undefined) return readSigningKey(file, id);
  if (config === null) {
    throw new UsageError(
      "--key: is missing (or --config); make a key: spillway token keygen --out FILE",
    );
  }
  const found = config.auth.keys.find(
    (key) => key.secret !== undefined && (id === null || key.id === id),
  );
  if (found?.secret === undefined) {
    throw new UsageError(
      "--config: the file has no such HS256 key; make one: spillway token keygen",
    );
  }
  const secret = new Uint8Array(Buffer.from(found.secret, "base64url"));
  return { alg: "HS256", id: found.id ?? null, key: secret };
}

async function readSigningKey(file: string, id: string | null): Promise<SigningKey> {
  let text: string;
  try {
    text = readFileSync(file, "utf8").trim();
  } catch (error) {
    const reason = messageOf(error);
    throw new UsageError(`--key: ${reason}; make a key: spillway token keygen --out ${file}`);
  }
  if (text.startsWith("-----BEGIN PRIVATE KEY-----")) {
    try {
      return { alg: "EdDSA", id, key: await importPKCS8(text, "EdDSA") };
    } catch {
      throw new UsageError(`--key: ${file} is not an Ed25519 private key`);
    }
  }
  const secret = new Uint8Array(Buffer.from(text, "base64url"));
  if (!/^[\w-]+$/.test(text) || secret.length < 32) {
    throw new UsageError(`--key: ${file} is neither a PEM private key nor a secret of 32 bytes`);
  }
  return { alg: "HS256", id, key: secret };
}

function rightsOf(text: string): string[] {
  const rights = text.split(",").map((right) => right.trim());
  const wrong = rights.find((right) => !RIGHTS.includes(right));
  if (wrong !== undefined) {
    throw new UsageError(`--rights: "${wrong}" is not one of ${RIGHTS.join(", ")}`);
  }
  return [...new Set(rights)];
}

/** Seconds; `lifetimeMax` is that of the server's configuration, null without one. */
function lifetimeOf(text: string, lifetimeMax: number | null): number {
  const parsed = duration.safeParse(text);
  if (!parsed.success) throw new UsageError(`--expires: ${parsed.error.issues[0]!.message}`);
  const most = lifetimeMax ?? LIFETIME_MAX_S;
  if (parsed.data <= most) return parsed.data;
  const where = lifetimeMax === null ? "; name a configuration that allows more: --config" : "";
  throw new UsageError(
    `--expires: "${text}" is longer than ${most / 86_400} days (max-token-lifetime)${where}`,
  );
}

/** A pattern that no stream name can match makes a token that opens nothing. */
function patternOf(pattern: string): string {
  const name = streamName(`/${encodeURIComponent(pattern.replaceAll("*", "x"))}`, "/");
  if (!name.ok || pattern.length > 400) {
    const detail = name.ok ? "It is too long." : name.detail;
    throw new UsageError(`--stream: "${pattern}" matches no stream. ${detail}`);
  }
  return pattern;
}

/** A claim that is there only when it says something. */
function claim(name: string, value: number | null): Record<string, number> {
  return value === null ? {} : { [name]: value };
}

function pixelsOf(flag: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const pixels = /^\d{2,5}$/.test(text) ? Number(text) : 0;
  if (pixels < PIXELS_MIN || pixels > PIXELS_MAX) {
    const range = `${PIXELS_MIN} to ${PIXELS_MAX}`;
    throw new UsageError(`${flag}: "${text}" is not a whole number of pixels from ${range}`);
  }
  return pixels;
}

function bitrateOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const match = /^(\d+)([kM]?)$/.exec(text);
  const bits = Number(match?.[1] ?? 0) * ({ "": 1, k: 1e3, M: 1e6 }[match?.[2] ?? ""] ?? 1);
  if (bits === 0) throw new UsageError(`--max-bitrate: "${text}" is not a rate such as 800k or 8M`);
  return bits;
}

/** Never overwrites: a key that is lost cannot be had again. */
function writeNew(path: string, text: string): void {
  try {
    writeFileSync(path, text, { mode: 0o600, flag: "wx" });
  } catch (error) {
    throw new UsageError(`--out: ${messageOf(error)}`);
  }
}
