import { expect, test } from "bun:test";
import { fingerprintOf, isDigest, isNamed } from "../../src/peer/fingerprint.ts";

const BYTES = Uint8Array.of(0x00, 0x9f, 0xa0, 0x0a, 0xff);

test("a digest is known by its spelling in either case", () => {
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
      expect(isDigest(bytes, spelled(other, 255 - byte))).toBe(other === byte);
      expect(isDigest(bytes, spelled(byte, other))).toBe(other === 255 - byte);
    }
  }
});

test("a certificate is known by the fingerprint that we write of it", () => {
  const fingerprint = fingerprintOf(BYTES);
  expect(fingerprint.value).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
  expect(isNamed(BYTES, [fingerprint])).toBe(true);
  expect(isNamed(BYTES.subarray(1), [fingerprint])).toBe(false);
});

function spelled(...bytes: number[]): string {
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}
