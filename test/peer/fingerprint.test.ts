import { expect, test } from "bun:test";
import { colonHex, isDigest } from "../../src/peer/fingerprint.ts";

const BYTES = Uint8Array.of(0x00, 0x9f, 0xa0, 0x0a, 0xff);

test("a digest is known by its spelling in either case", () => {
  expect(colonHex(BYTES)).toBe("00:9F:A0:0A:FF");
  expect(isDigest(BYTES, "00:9F:A0:0A:FF")).toBe(true);
  expect(isDigest(BYTES, "00:9f:a0:0A:fF")).toBe(true);
});

test.each([
  "",
  "00:9F:A0:0A",
  "00:9F:A0:0A:FF:",
  "00:9F:A0:0A:FE",
  "00:9F:A0:0A:EF",
  "01:9F:A0:0A:FF",
  "00-9F-A0-0A-FF",
  "009:FA:00:AF:F0",
  "00:9F:A0: A:FF",
  "00:9F:A0:0A:F\u0146",
])("%p is another", (spelling) => {
  expect(isDigest(BYTES, spelling)).toBe(false);
});

test("every byte at every place counts", () => {
  for (let byte = 0; byte < 256; byte += 1) {
    const bytes = Uint8Array.of(byte, 255 - byte);
    for (let other = 0; other < 256; other += 1) {
      expect(isDigest(bytes, colonHex(Uint8Array.of(other, 255 - byte)))).toBe(other === byte);
      expect(isDigest(bytes, colonHex(Uint8Array.of(byte, other)))).toBe(other === 255 - byte);
    }
  }
});
