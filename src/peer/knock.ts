/**
 * How a node asks another for a link: a STUN check (RFC 8489 9.1) whose name begins with the id of a
 * shared secret's key, and whose password only whoever has the secret can make. Both names have random
 * characters, so that no two calls are alike.
 *
 *   USERNAME of the caller's checks: key id (8) nonce (16) ":" nonce (16)
 */
import { createHmac } from "node:crypto";
import type { IceCredentials } from "./ice-credentials.ts";

/** One of the cluster's secrets, as far as knocking goes. */
export interface KnockKey {
  /** 8 characters of A-Z, a-z, 0-9, "+" and "/": they leave in clear. */
  readonly kid: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

/** Those that are taken at present. */
export interface KnockKeys {
  /** To be answered by a look: nothing is known of who asks. */
  knockKey(kid: string): KnockKey | null;
}

const KID_LENGTH = 8;
/** 12 bytes are 16 characters. */
const NONCE_BYTES = 12;
const NONCE_LENGTH = 16;

/** The caller's own, new ones each time. `random` fills its argument. */
export function callerCredentials(
  { kid, key }: KnockKey,
  random: (out: Uint8Array) => void,
): IceCredentials {
  return credentials(key, nonce(random), `${kid}${nonce(random)}`);
}

/** What a check with these names must have been made by; null when they are none of a caller's. */
export function calleeCredentials(
  { key }: KnockKey,
  localUfrag: string,
  remoteUfrag: string,
): IceCredentials | null {
  if (localUfrag.length !== KID_LENGTH + NONCE_LENGTH) return null;
  if (remoteUfrag.length !== NONCE_LENGTH) return null;
  return credentials(key, localUfrag, remoteUfrag);
}

/** Which key a caller names. */
export function kidOf(calleeUfrag: string): string {
  return calleeUfrag.slice(0, KID_LENGTH);
}

/** Each end's password is that of the name by which the other asks (RFC 8445 7.2.2). */
function credentials(key: Uint8Array, localUfrag: string, remoteUfrag: string): IceCredentials {
  return {
    localUfrag,
    localPwd: passwordOf(key, `${localUfrag}:${remoteUfrag}`),
    remoteUfrag,
    remotePwd: passwordOf(key, `${remoteUfrag}:${localUfrag}`),
  };
}

/** 43 characters that ICE allows (RFC 8839 5.4). */
function passwordOf(key: Uint8Array, username: string): string {
  return createHmac("sha256", key).update(username).digest("base64").slice(0, -1);
}

function nonce(random: (out: Uint8Array) => void): string {
  const bytes = new Uint8Array(NONCE_BYTES);
  random(bytes);
  return bytes.toBase64();
}
