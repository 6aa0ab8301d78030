/**
 * ClientHello and HelloVerifyRequest (RFC 6347 4.2.1), as far as their cookie goes:
 *
 *   | version (2) | random (32) | session id (1 + n) | cookie (1 + n) | cipher suites ... |
 */
import { frameMessage, HandshakeType, MESSAGE_HEADER_BYTES } from "./dtls-messages.ts";

const RANDOM_AT = MESSAGE_HEADER_BYTES + 2;
const RANDOM_BYTES = 32;
const SESSION_ID_AT = RANDOM_AT + RANDOM_BYTES;
/** RFC 6347 4.2.1: the version of this message says how it is formatted and nothing else. */
const VERIFY_VERSION = [0xfe, 0xff];

/** The cookie in a whole ClientHello (empty: none); null when the message is cut short. */
export function cookieOf(hello: Uint8Array): Uint8Array | null {
  const at = cookieAt(hello);
  const end = at + 1 + (hello[at] ?? 0);
  return end < hello.length ? hello.subarray(at + 1, end) : null;
}

/** The random of a ClientHello or ServerHello; shorter than 32 bytes when that is cut short. */
export function randomOf(hello: Uint8Array): Uint8Array {
  return hello.subarray(RANDOM_AT, SESSION_ID_AT);
}

/** The hello that its sender sent first: without the cookie, as message 0. */
export function withoutCookie(hello: Uint8Array): Uint8Array {
  const at = cookieAt(hello);
  const rest = hello.subarray(at + 1 + hello[at]!);
  const body = new Uint8Array(at - MESSAGE_HEADER_BYTES + 1 + rest.length);
  body.set(hello.subarray(MESSAGE_HEADER_BYTES, at));
  body.set(rest, body.length - rest.length);
  return frameMessage(HandshakeType.clientHello, 0, body);
}

export function helloVerifyRequest(cookie: Uint8Array): Uint8Array {
  const body = Uint8Array.of(...VERIFY_VERSION, cookie.length, ...cookie);
  return frameMessage(HandshakeType.helloVerifyRequest, 0, body);
}

/** A whole HelloVerifyRequest that says what it should. */
export function isHelloVerify(message: Uint8Array): boolean {
  const length = message[MESSAGE_HEADER_BYTES + 2];
  return length !== undefined && length > 0 && message.length === MESSAGE_HEADER_BYTES + 3 + length;
}

function cookieAt(hello: Uint8Array): number {
  return SESSION_ID_AT + 1 + (hello[SESSION_ID_AT] ?? 0);
}
