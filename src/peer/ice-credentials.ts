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
  if (length < local.length || !startsWith(bytes, offset, local)) return false;
  if (length === local.length) return true;
  if (bytes[offset + local.length] !== COLON) return false;
  const rest = length - local.length - 1;
  if (rest !== keys.remoteUfrag.length) return false;
  return startsWith(bytes, offset + local.length + 1, keys.remoteUfrag);
}

/** The local ufrag of a request's USERNAME: what stands before the colon. */
export function localUfragOf(bytes: Uint8Array, offset: number, length: number): string {
  let end = offset;
  while (end < offset + length && bytes[end] !== COLON) end += 1;
  let ufrag = "";
  for (let i = offset; i < end; i += 1) ufrag += String.fromCharCode(bytes[i]!);
  return ufrag;
}

function startsWith(bytes: Uint8Array, offset: number, prefix: Uint8Array): boolean {
  for (let i = 0; i < prefix.length; i += 1) {
    if (bytes[offset + i] !== prefix[i]) return false;
  }
  return true;
}
