/**
 * The tokens of a service that others reach: one for each right, each in a file of its own that root
 * alone may read. The configuration has their hashes, so that neither it nor the server knows them.
 */
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { StaticToken } from "../config.ts";
import { messageOf } from "../errors.ts";
import { UsageError } from "./command.ts";
import { columns } from "./help.ts";
import type { InstalledFile } from "./install-files.ts";
import { CONFIG_FILE } from "./unit.ts";

export interface AccessToken {
  readonly right: StaticToken["rights"][number];
  readonly token: string;
  /** As the machine knows it, without --root. */
  readonly path: string;
  /** False when an earlier run made it. */
  readonly fresh: boolean;
}

const RIGHTS = ["publish", "view", "admin"] as const;
const TOKEN_BYTES = 24;
/** What the configuration wants of a token. */
const TOKEN_LENGTH_MIN = 16;
const OTHERS = 0o077;

/** New ones, or those that an earlier run has left below `root`. Writes nothing. */
export function accessTokens(root: string): readonly AccessToken[] {
  return RIGHTS.map((right) => {
    const path = join(dirname(CONFIG_FILE), `${right}.token`);
    const known = existsSync(root + path) ? readToken(root + path) : null;
    const token = known ?? randomBytes(TOKEN_BYTES).toString("base64url");
    return { right, path, token, fresh: known === null };
  });
}

/** To be written; one that is there stays. */
export function tokenFiles(tokens: readonly AccessToken[]): readonly InstalledFile[] {
  return tokens.map(({ path, token }) => ({ path, text: `${token}\n`, mode: 0o600, replaces: [] }));
}

/** Lines of the configuration by which the server knows them. */
export function tokenTables(tokens: readonly AccessToken[]): string {
  return tokens
    .map(({ right, token, path }) => {
      const hash = createHash("sha256").update(token).digest("hex");
      return `\n# ${path}\n[[auth.tokens]]\nhash = "${hash}"\nrights = ["${right}"]\n`;
    })
    .join("");
}

/** What is told of them. A terminal shows them; what is no terminal may be a journal, which others read. */
export function tokenNotice(
  tokens: readonly AccessToken[],
  publicUrl: string,
  isTerminal: boolean,
): string {
  const uses = { publish: "publish/NAME", view: "watch/NAME", admin: "dashboard" };
  const rows = tokens.map(({ right, path }) => [path, `${publicUrl}/${uses[right]}`] as const);
  const where = `Tokens, and the pages that ask for them:\n${columns(rows)}`;
  const fresh = tokens.filter((token) => token.fresh);
  if (!isTerminal || fresh.length === 0) return where;
  const shown = fresh.map(({ right, token }) => [right, token] as const);
  return `${where}\nShown here this once:\n${columns(shown)}`;
}

function readToken(path: string): string {
  try {
    const bits = statSync(path).mode & 0o777;
    if ((bits & OTHERS) !== 0) {
      throw new UsageError(
        `${path}: others may use it (mode ${bits.toString(8)}): remove it, and one is made`,
      );
    }
    const token = readFileSync(path, "utf8").trim();
    if (token.length >= TOKEN_LENGTH_MIN && !/\s/.test(token)) return token;
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError(messageOf(error));
  }
  throw new UsageError(`${path}: holds no token: remove it, and one is made`);
}
