import { sameRun } from "../wire/bytes.ts";

/** The ufrag and password of both ends. */
export interface IceCredentials {
  readonly localUfrag: string;
  readonly localPwd: string;
  readonly remoteUfrag: string;
  readonly remotePwd: string;
}

/** Credentials as bytes, ready to compare and to key the HMAC. */
export interface IceKeys {
  readonly localUfrag: Uint8Array;
  readonly localPwd: Uint8Array;
  readonly remoteUfrag: Uint8Array;
  readonly remotePwd: Uint8Array;
}

const COLON = 0x3a;
const encoder = new TextEncoder();

export function keysOf(credentials: IceCredentials): IceKeys {
  return {
    localUfrag: encoder.encode(credentials.localUfrag),
    localPwd: encoder.encode(credentials.localPwd),
    remoteUfrag: encoder.encode(credentials.remoteUfrag),
    remotePwd: encoder.encode(credentials.remotePwd),
  };
}

/**
 * Whether a request's USERNAME is `local:remote` of these credentials (RFC 8445 7.2.2). A client
 * that leaves the remote part away is known by ours.
 */
export function usernameMatches(
  keys: IceKeys,
  bytes: Uint8Array,
  offset: number,
  length: number,
): boolean {
  const local = keys.localUfrag;
  if (length < local.length || !sameRun(bytes, offset, local, 0, local.length)) return false;
  if (length === local.length) return true;
  if (bytes[offset + local.length] !== COLON) return false;
  const remote = keys.remoteUfrag;
  const rest = offset + local.length + 1;
  return (
    length === local.length + 1 + remote.length && sameRun(bytes, rest, remote, 0, remote.length)
  );
}

/** The USERNAME of our own checks: the other end's ufrag first (RFC 8445 7.2.2). */
export function checkUsername({ remoteUfrag, localUfrag }: IceKeys): Uint8Array {
  const username = new Uint8Array(remoteUfrag.length + 1 + localUfrag.length);
  username.set(remoteUfrag);
  username[remoteUfrag.length] = COLON;
  username.set(localUfrag, remoteUfrag.length + 1);
  return username;
}

/** The local ufrag of a request's USERNAME: what stands before the colon. */
export function localUfragOf(bytes: Uint8Array, offset: number, length: number): string {
  let end = offset;
  while (end < offset + length && bytes[end] !== COLON) end += 1;
  let ufrag = "";
  for (let i = offset; i < end; i += 1) ufrag += String.fromCharCode(bytes[i]!);
  return ufrag;
}
