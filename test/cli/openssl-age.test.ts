import { expect, test } from "bun:test";
import { isOlder } from "../../src/cli/openssl-age.ts";

test("S14: a system's OpenSSL that is behind the copy inside is found", () => {
  const copy = "libssl3 3.0.22-1~deb12u2";
  expect(isOlder("OpenSSL 3.0.19 27 Jan 2026", copy)).toBe(true);
  expect(isOlder("OpenSSL 3.0.9 30 May 2023", copy)).toBe(true);
  expect(isOlder("OpenSSL 3.0.22 25 Aug 2026", copy)).toBe(false);
  expect(isOlder("OpenSSL 3.0.23 1 Oct 2026", copy)).toBe(false);
  // Another series has numbers of its own.
  expect(isOlder("OpenSSL 3.5.1 1 Jul 2025", copy)).toBe(false);
  expect(isOlder("OpenSSL 3.0.1 14 Dec 2021", "")).toBe(false);
});
