import { describe, expect, test } from "bun:test";
import { parseStun, StunClass, StunMessage, verifyIntegrity } from "../../src/wire/stun.ts";
import {
  type StunErrorCode,
  writeBindingError,
  writeBindingRequest,
  writeBindingSuccess,
  writePlainRequest,
} from "../../src/wire/stun-writer.ts";
import { fuzz } from "../support/fuzz.ts";
import { fromHex } from "../support/hex.ts";

const text = (value: string) => new TextEncoder().encode(value);

// RFC 5769 2.1 - 2.3.
const KEY = text("VOkJxbRl1RmTxUk/WvJxBt");
const REQUEST = fromHex(`
  00010058 2112a442 b7e7a701 bc34d686 fa87dfae
  80220010 5354554e 20746573 7420636c 69656e74
  00240004 6e0001ff 80290008 932ff9b1 51263b36
  00060009 6576746a 3a683676 59202020
  00080014 9aeaa70c bfd8cb56 781ef2b5 b2d3f249 c1b571a2
  80280004 e57a3bcf`);
const RESPONSE_IPV4 = fromHex(`
  0101003c 2112a442 b7e7a701 bc34d686 fa87dfae
  8022000b 74657374 20766563 746f7220 00200008 0001a147 e112a643
  00080014 2b91f599 fd9e90c3 8c7489f9 2af9ba53 f06be7d7 80280004 c07d4c96`);
const RESPONSE_IPV6 = fromHex(`
  01010048 2112a442 b7e7a701 bc34d686 fa87dfae
  8022000b 74657374 20766563 746f7220
  00200014 0002a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9
  00080014 a382954e 4be67bf1 1784c97c 8292c275 bfe3ed41 80280004 c8fb0b4c`);

const ID = fromHex("000102030405060708090a0b");
const IPV4 = fromHex("0200 8055 c0000201 0000000000000000");
const IPV6 = fromHex("0a00 8055 00000000 20010db8123456780011223344556677 00000000");

function parse(bytes: Uint8Array): StunMessage {
  const message = new StunMessage();
  expect(parseStun(bytes, 0, bytes.length, message)).toBe(true);
  return message;
}

describe("RFC 5769", () => {
  test("2.1 request", () => {
    const message = parse(REQUEST);
    expect(message.method).toBe(1);
    expect(message.class).toBe(StunClass.request);
    const start = message.usernameOffset;
    const username = REQUEST.subarray(start, start + message.usernameLength);
    expect(new TextDecoder().decode(username)).toBe("evtj:h6vY");
    expect(message.priority).toBe(0x6e0001ff);
    expect([message.iceControlled, message.iceControlling]).toEqual([true, false]);
    expect(REQUEST.subarray(message.tieBreakerOffset).subarray(0, 8).toHex()).toBe(
      "932ff9b151263b36",
    );
    expect(message.fingerprintOk).toBe(true);
    expect(verifyIntegrity(REQUEST, 0, message, KEY)).toBe(true);
    expect(verifyIntegrity(REQUEST, 0, message, text("VOkJxbRl1RmTxUk/WvJxBu"))).toBe(false);
    expect(message.unknownCount).toBe(0);
  });

  test("2.2, 2.3 responses", () => {
    for (const [bytes, address] of [
      [RESPONSE_IPV4, IPV4],
      [RESPONSE_IPV6, IPV6],
    ] as const) {
      const message = parse(bytes);
      expect(message.class).toBe(StunClass.success);
      const mapped = message.mappedAddress.subarray(0, message.mappedAddressLength);
      expect(mapped.toHex()).toBe(address.toHex());
      expect(message.fingerprintOk).toBe(true);
      expect(verifyIntegrity(bytes, 0, message, KEY)).toBe(true);
    }
  });
});

test("every flipped bit before the integrity fails it, every bit of the message the fingerprint", () => {
  for (let bit = 0; bit < REQUEST.length * 8; bit += 1) {
    const bytes = REQUEST.slice();
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    const message = new StunMessage();
    if (!parseStun(bytes, 0, bytes.length, message)) continue;
    expect(message.fingerprintOk).toBe(false);
    if (bit >> 3 < REQUEST.length - 8) expect(verifyIntegrity(bytes, 0, message, KEY)).toBe(false);
  }
});

test("success responses round trip at any offset", () => {
  for (const address of [IPV4, IPV6]) {
    const out = new Uint8Array(256).fill(0xee);
    const length = writeBindingSuccess(out, 7, ID, 0, address, KEY);
    const message = new StunMessage();
    expect(parseStun(out, 7, length, message)).toBe(true);
    expect(message.class).toBe(StunClass.success);
    expect(out.subarray(message.transactionIdOffset).subarray(0, 12).toHex()).toBe(ID.toHex());
    const mapped = message.mappedAddress.subarray(0, message.mappedAddressLength);
    expect(mapped.toHex()).toBe(address.toHex());
    expect(message.fingerprintOk).toBe(true);
    expect(verifyIntegrity(out, 7, message, KEY)).toBe(true);
    expect(out[7 + length]).toBe(0xee);
  }
});

test("error responses carry their code; 420 names the unknown attributes", () => {
  for (const code of [400, 401, 403, 420, 487, 500] satisfies StunErrorCode[]) {
    const out = new Uint8Array(256);
    const length = writeBindingError(out, 3, ID, 0, code, KEY);
    const message = new StunMessage();
    expect(parseStun(out, 3, length, message)).toBe(true);
    expect([message.class, message.errorCode]).toEqual([StunClass.error, code]);
    expect(verifyIntegrity(out, 3, message, KEY)).toBe(true);
    expect(message.fingerprintOk).toBe(true);
  }
  const odd = fromHex(`0001000c 2112a442 ${ID.toHex()} 00770000 7ffe0001 aa000000`);
  const request = parse(odd);
  expect([...request.unknown.subarray(0, request.unknownCount)]).toEqual([0x77, 0x7ffe]);
  const out = new Uint8Array(256);
  const length = writeBindingError(out, 0, odd, 8, 420, KEY, request);
  expect(out.subarray(0, length).toHex()).toContain("000a00040077 7ffe".replace(" ", ""));
});

test("requests: all fields, and as FFmpeg sends them", () => {
  const out = new Uint8Array(1024);
  const tieBreaker = fromHex("1122334455667788");
  const username = text("remote:local!");
  const length = writeBindingRequest(
    out,
    5,
    {
      transactionId: ID,
      username,
      priority: 0xfe0001ff,
      controlling: tieBreaker,
      useCandidate: true,
    },
    KEY,
  );
  const message = new StunMessage();
  expect(parseStun(out, 5, length, message)).toBe(true);
  expect(message.priority).toBe(0xfe0001ff);
  expect([message.iceControlling, message.useCandidate]).toEqual([true, true]);
  expect(message.usernameLength).toBe(username.length);
  expect(verifyIntegrity(out, 5, message, KEY)).toBe(true);

  const sparse = { transactionId: ID, username, priority: null, controlling: null };
  const short = writeBindingRequest(out, 0, { ...sparse, useCandidate: true }, KEY);
  expect(parseStun(out, 0, short, message)).toBe(true);
  expect(message.priority).toBe(-1);
  expect([message.iceControlling, message.tieBreakerOffset]).toEqual([false, -1]);
  expect(verifyIntegrity(out, 0, message, KEY)).toBe(true);
});

test("attributes behind MESSAGE-INTEGRITY do not count", () => {
  const out = new Uint8Array(1024);
  const fields = { transactionId: ID, username: text("a:b"), priority: null, controlling: null };
  const length = writeBindingRequest(out, 0, { ...fields, useCandidate: false }, KEY);
  // Take the fingerprint off and append USE-CANDIDATE, as an attacker could.
  const forged = out.slice(0, length - 8 + 4);
  forged.set(fromHex("00250000"), length - 8);
  forged[3] = forged.length - 20;
  const message = parse(forged);
  expect(message.useCandidate).toBe(false);
  expect(verifyIntegrity(forged, 0, message, KEY)).toBe(true);
});

test("rejects what is no STUN message", () => {
  const message = new StunMessage();
  const cookie = REQUEST.slice();
  cookie[4] = 0;
  expect(parseStun(cookie, 0, cookie.length, message)).toBe(false);
  expect(parseStun(REQUEST, 0, REQUEST.length - 4, message)).toBe(false);
  expect(parseStun(REQUEST, 0, 16, message)).toBe(false);
});

test("random and mutated input", () => {
  const message = new StunMessage();
  fuzz(2, [REQUEST, RESPONSE_IPV4, RESPONSE_IPV6], (bytes, offset, length) => {
    if (!parseStun(bytes, offset, length, message)) return;
    verifyIntegrity(bytes, offset, message, KEY);
    for (const at of [message.usernameOffset + message.usernameLength, message.integrityOffset]) {
      if (at > offset + length) throw new Error("an offset points outside");
    }
  });
});

describe("RFC 5780", () => {
  test("a plain request is a header alone, or asks to be answered from elsewhere", () => {
    const out = new Uint8Array(140);
    expect(writePlainRequest(out, 4, ID, false)).toBe(20);
    expect(out.subarray(4, 24).toHex()).toBe(`000100002112a442${ID.toHex()}`);
    expect(writePlainRequest(out, 4, ID, true)).toBe(28);
    expect(out.subarray(4, 32).toHex()).toBe(`000100082112a442${ID.toHex()}0003000400000006`);
    const message = parse(out.slice(4, 32));
    // We answer from nowhere else, and say that we do not understand it.
    expect([message.unknownCount, message.unknown[0]]).toEqual([1, 0x0003]);
  });

  test("a server that has another address is known by its answer", () => {
    const head = `0101000c2112a442${ID.toHex()}`;
    const answer = (type: string) => fromHex(`${head} ${type}0008 00010d96c0000202`);
    expect(parse(answer("802c")).hasOtherAddress).toBe(true);
    expect(parse(answer("8022")).hasOtherAddress).toBe(false);
  });
});
