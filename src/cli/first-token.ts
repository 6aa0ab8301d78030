/**
 * A listener that others can reach and that has no tokens makes one at its first start, so that
 * nothing is ever open by accident.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Config, isOpenByDefault, needsFirstToken, type StaticToken } from "../config.ts";

export interface FirstToken {
  readonly token: string;
  /** Where it is kept; null when there is no state folder. */
  readonly file: string | null;
  /** False when an earlier start made it. */
  readonly fresh: boolean;
}

const FILE_NAME = "token";

/**
 * Makes or reads the token; null when the configuration needs none. Throws when the state folder
 * cannot be used: a token that nobody can look up again would lock everybody out.
 */
export function firstToken(config: Config, stateDir: string | null): FirstToken | null {
  if (!needsFirstToken(config)) return null;
  const token = randomBytes(24).toString("base64url");
  if (stateDir === null) return { token, file: null, fresh: true };
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const file = join(stateDir, FILE_NAME);
  try {
    writeFileSync(file, `${token}\n`, { mode: 0o600, flag: "wx" });
    return { token, file, fresh: true };
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
  const known = readFileSync(file, "utf8").trim();
  if (known.length < 16) throw new Error(`${file}: holds no token; delete it to get a new one`);
  return { token: known, file, fresh: false };
}

/**
 * Puts a token without a state folder into a file of this run below `folder`, for whoever has no
 * terminal that it could be shown on: what goes to a log stays there, for others to read. The file
 * goes with the process.
 */
export function keepForThisRun(first: FirstToken, folder: string): FirstToken {
  if (first.file !== null) return first;
  const own = mkdtempSync(join(folder, "spillway-token-"));
  process.once("exit", () => rmSync(own, { recursive: true, force: true }));
  const file = join(own, FILE_NAME);
  writeFileSync(file, `${first.token}\n`, { mode: 0o600, flag: "wx" });
  return { ...first, file };
}

/** The configuration with one more token; null leaves it as it is. */
export function withToken(config: Config, token: StaticToken | null): Config {
  if (token === null) return config;
  return { ...config, auth: { ...config.auth, tokens: [...config.auth.tokens, token] } };
}

/** Where tokens outlive the process: --state, or the folder that systemd gives a service. */
export function stateFolder(config: Config): string | null {
  return config.stateDir ?? process.env.STATE_DIRECTORY ?? null;
}

/** The file of the token of the first start, be it there or not; null without a state folder. */
export function tokenFile(config: Config): string | null {
  const folder = stateFolder(config);
  return folder === null ? null : join(folder, FILE_NAME);
}

/** What the first token may: everything. */
export function firstTokenEntry(first: FirstToken | null): StaticToken | null {
  if (first === null) return null;
  return { token: first.token, rights: ["publish", "view", "admin"], streams: ["**"] };
}

/** A token for this process's own publisher; null where nobody is asked for one. */
export function publisherToken(config: Config, stream: string): StaticToken | null {
  if (config.insecure || isOpenByDefault(config)) return null;
  const token = randomBytes(24).toString("base64url");
  return { token, rights: ["publish"], streams: [stream] };
}
