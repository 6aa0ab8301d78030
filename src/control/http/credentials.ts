/** Tokens and keys in short, so that nodes can tell whether theirs are alike without telling them. */
import { createHash } from "node:crypto";
import type { Config, StaticToken } from "../../config.ts";
import type { Credentials } from "../streams/cluster-status.ts";
import type { VerifyKey } from "./keys.ts";

/** Of a SHA-256: enough to tell a few apart, and too little to try tokens against. */
const DIGITS = 8;

/** The same token has another hash in another cluster. */
export function credentialsOf({ auth, cluster }: Config, keys: readonly VerifyKey[]): Credentials {
  const short = (...parts: readonly unknown[]): string => {
    const text = JSON.stringify(["spillway credential", cluster?.name ?? "", ...parts]);
    return createHash("sha256").update(text).digest("hex").slice(0, DIGITS);
  };
  return {
    tokens: auth.tokens.map((token) => short(hashOf(token), rightsOf(token))).toSorted(),
    keys: keys.map(({ id, alg, hash }) => short(id, alg, hash)).toSorted(),
  };
}

function hashOf({ hash, token }: StaticToken): string {
  return (
    hash?.toLowerCase() ??
    createHash("sha256")
      .update(token ?? "")
      .digest("hex")
  );
}

/** What it lets do. */
function rightsOf({ token: _token, hash: _hash, rights, ...rest }: StaticToken): unknown {
  const limits = Object.entries(rest).toSorted(([left], [right]) => (left < right ? -1 : 1));
  return [rights.toSorted(), limits];
}
