import { expect, test } from "bun:test";
import { opusFault, opusParts } from "../../src/client/opus-form.ts";
import { fuzz } from "../support/fuzz.ts";
import { fromHex } from "../support/hex.ts";

const parts = (packet: Uint8Array, bytesMax = 10) => {
  const result = opusParts(packet, bytesMax);
  if (typeof result === "string") return result;
  return result.map(({ data, offsetUs }) => `${offsetUs} ${data.toHex()}`);
};
const of = (text: string) => parts(fromHex(text));

test("F5: packets too large for a datagram leave as their frames, each at its time", () => {
  // CELT, 20 ms: configuration 31, stereo.
  expect(of("fd 010203040506 111213141516")).toEqual(["0 fc010203040506", "20000 fc111213141516"]);
  expect(of("fe 03 010203 11121314151617")).toEqual(["0 fc010203", "20000 fc11121314151617"]);
  // Three frames of one length; with lengths of their own; with padding.
  expect(of("ff 03 01020304 11121314 21222324")).toEqual([
    "0 fc01020304",
    "20000 fc11121314",
    "40000 fc21222324",
  ]);
  expect(of("ff 83 01 04 01 11121314 2122232425")).toEqual([
    "0 fc01",
    "20000 fc11121314",
    "40000 fc2122232425",
  ]);
  expect(of("ff 42 03 0102030405 1112131415 000000")).toEqual([
    "0 fc0102030405",
    "20000 fc1112131415",
  ]);
  // SILK, 60 ms, mono.
  expect(of("19 010203040506 111213141516")).toEqual(["0 18010203040506", "60000 18111213141516"]);
});

test("F5: an empty frame may be the last: its length is then the packet's last byte", () => {
  expect(parts(fromHex("fe 00"), 1)).toEqual(["0 fc", "20000 fc"]);
  expect(parts(fromHex("ff 83 00 00"), 1)).toEqual(["0 fc", "20000 fc", "40000 fc"]);
  expect(parts(fromHex("fe fc"), 1)).toBe("its frames do not fit their lengths");
});

test("F5: lengths of two bytes", () => {
  const first = new Uint8Array(600).fill(1);
  const second = new Uint8Array(700).fill(2);
  const packet = fromHex(`fe ff57 ${first.toHex()} ${second.toHex()}`);
  expect(255 + 4 * 0x57).toBe(603);
  expect(parts(packet, 1170)).toHaveLength(2);
});

test("F5: small packets leave as they are; what neither fits nor can be cut is refused", () => {
  expect(of("fd 0102 0304")).toEqual(["0 fd01020304"]);
  expect(parts(new Uint8Array(1440).fill(0xfc), 1170)).toBe(
    "it has 1440 bytes, a datagram has room for 1170",
  );
  expect(of("fd 010203040506 1112131415")).toBe("its frames do not fit their lengths");
  expect(of("ff 00 0102030405060708090a")).toBe("its frames do not fit their lengths");
  expect(parts(new Uint8Array(0))).toBe("it is empty");
});

test("F3: what the header states must be one stream of one or two channels, in both notations", () => {
  const dOps = (channels: string, rest: string) =>
    opusFault(fromHex(`00 ${channels} 0138 0000bb80 ${rest}`));
  expect(dOps("02", "0000 00")).toBeNull();
  expect(dOps("01", "0000 00")).toBeNull();
  expect(dOps("06", "0000 01 0402 000401020305")).toMatch(/6 channels/);
  expect(dOps("02", "0000 01 0101 0001")).toBeNull();
  expect(dOps("02", "0000 01 0200 0001")).toMatch(/mapping family 1/);
  expect(dOps("02", "fc00 00")).toMatch(/gain of -4\.0 dB/);
  const head = (channels: string, rest: string) =>
    opusFault(fromHex(`4f70757348656164 01 ${channels} 3801 80bb0000 ${rest}`));
  expect(head("02", "0000 00")).toBeNull();
  expect(head("08", "0000 01 0503 0006010203040507")).toMatch(/8 channels/);
  expect(head("04", "0000 02 0400 00010203")).toMatch(/4 channels/);
  expect(head("02", "00fc 00")).toMatch(/gain of -4\.0 dB/);
  expect(opusFault(fromHex("0002"))).toMatch(/cannot be read/);
});

test("no input makes it throw, and no part is larger than allowed", () => {
  const samples = ["ff83010401111213142122232425", "fe03010203111213141516"].map((text) =>
    fromHex(text),
  );
  fuzz(0x0b05, samples, (bytes, offset, length) => {
    const view = bytes.subarray(offset, offset + length);
    opusFault(view);
    const found = opusParts(view, 9);
    if (typeof found === "string") return;
    for (const { data } of found) if (data.length > 9) throw new Error(`part of ${data.length}`);
  });
});
