/**
 * Handshake messages and their fragments (RFC 6347 4.2.2):
 *
 *   | type (1) | length (3) | message_seq (2) | fragment_offset (3) | fragment_length (3) | body |
 */
import { DTLS_MESSAGE_BYTES_MAX } from "../limits.ts";
import { readU16, readU24, writeU16, writeU24 } from "../wire/bytes.ts";
import { DTLS_RECORD_HEADER_BYTES } from "./dtls-records.ts";

export const MESSAGE_HEADER_BYTES = 12;

export const HandshakeType = {
  clientHello: 1,
  serverHello: 2,
  helloVerifyRequest: 3,
  certificate: 11,
  serverKeyExchange: 12,
  certificateRequest: 13,
  serverHelloDone: 14,
  certificateVerify: 15,
  clientKeyExchange: 16,
} as const;

/** Walks over the fragments in one handshake record; ends at the first that cannot be. */
export class Fragments {
  type = 0;
  /** Of the whole message's body. */
  length = 0;
  sequence = 0;
  /** Which part of the body, and where it stands in `bytes`. */
  offset = 0;
  size = 0;
  at = 0;
  bytes: Uint8Array = new Uint8Array(0);
  #next = 0;
  #end = 0;

  /** `offset` and `length` are those of the record. */
  reset(bytes: Uint8Array, offset: number, length: number): void {
    this.bytes = bytes;
    this.#next = offset + DTLS_RECORD_HEADER_BYTES;
    this.#end = offset + length;
  }

  /** True when the record holds what is no fragment, once `next` has said so. */
  get malformed(): boolean {
    return this.#next < this.#end;
  }

  next(): boolean {
    const header = this.#next;
    if (this.#end - header < MESSAGE_HEADER_BYTES) return false;
    const { bytes } = this;
    this.type = bytes[header]!;
    this.length = readU24(bytes, header + 1);
    this.sequence = readU16(bytes, header + 4);
    this.offset = readU24(bytes, header + 6);
    this.size = readU24(bytes, header + 9);
    this.at = header + MESSAGE_HEADER_BYTES;
    if (this.length > DTLS_MESSAGE_BYTES_MAX) return false;
    if (this.offset + this.size > this.length || this.size > this.#end - this.at) return false;
    // An empty part of a message that has a body says nothing.
    if (this.size === 0 && this.length > 0) return false;
    this.#next = this.at + this.size;
    return true;
  }
}

/**
 * One message of a handshake, put together from fragments in any order. What comes later wins, since
 * a forgery cannot be told by itself: the peer's own repeat undoes it.
 */
export class MessageSlot {
  readonly type: number;
  readonly sequence: number;
  /** The last whole message, as one fragment with its header; null before there is one. */
  message: Uint8Array | null = null;
  #partial: Uint8Array | null = null;
  /** 1 for each byte of the body that has come. */
  #come: Uint8Array | null = null;
  #missing = 0;

  constructor(type: number, sequence: number) {
    this.type = type;
    this.sequence = sequence;
  }

  /** True when the message is whole by this fragment, be it anew. */
  add(fragment: Fragments): boolean {
    const { size, at } = fragment;
    // The usual case, without looking at each byte.
    if (size === fragment.length) {
      const body = fragment.bytes.subarray(at, at + size);
      this.message = frameMessage(this.type, this.sequence, body);
      this.#partial = null;
      this.#come = null;
      return true;
    }
    if (this.#partial?.length !== MESSAGE_HEADER_BYTES + fragment.length) this.#begin(fragment);
    const partial = this.#partial!;
    const come = this.#come!;
    for (let i = 0; i < size; i += 1) {
      const place = fragment.offset + i;
      partial[MESSAGE_HEADER_BYTES + place] = fragment.bytes[at + i]!;
      this.#missing -= 1 - come[place]!;
      come[place] = 1;
    }
    if (this.#missing > 0) return false;
    this.message = partial;
    this.#partial = null;
    this.#come = null;
    return true;
  }

  #begin({ length }: Fragments): void {
    this.#partial = frameMessage(this.type, this.sequence, new Uint8Array(length));
    this.#come = new Uint8Array(length);
    this.#missing = length;
  }
}

/** A message as one fragment, as the transcript has it (RFC 6347 4.2.6). */
export function frameMessage(type: number, sequence: number, body: Uint8Array): Uint8Array {
  const message = new Uint8Array(MESSAGE_HEADER_BYTES + body.length);
  message[0] = type;
  writeU24(message, 1, body.length);
  writeU16(message, 4, sequence);
  writeU24(message, 9, body.length);
  message.set(body, MESSAGE_HEADER_BYTES);
  return message;
}

/** The whole messages in records of our own, whose fragments stand in order. */
export function messagesIn(records: readonly Uint8Array[]): Uint8Array[] {
  const fragments = new Fragments();
  const messages: Uint8Array[] = [];
  let slot: MessageSlot | null = null;
  for (const record of records) {
    fragments.reset(record, 0, record.length);
    while (fragments.next()) {
      if (slot?.sequence !== fragments.sequence) {
        slot = new MessageSlot(fragments.type, fragments.sequence);
      }
      if (slot.add(fragments)) messages.push(slot.message!);
    }
  }
  return messages;
}
