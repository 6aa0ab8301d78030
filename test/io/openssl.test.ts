import { ptr } from "bun:ffi";
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { OpenSslUnavailable, openOpenSsl, resolveOpenSsl } from "../../src/io/openssl.ts";
import { pinnedRegion, regionOf } from "../../src/io/pinned.ts";

test("prefers the system's copy", async () => {
  const found = await resolveOpenSsl({ system: true, embedded: null });
  expect(found).toEqual({
    where: "system",
    origin: "system",
    version: openOpenSsl("system").version,
  });
});

test("loads an embedded copy from memory", async () => {
  const maps = readFileSync("/proc/self/maps", "utf8");
  const path = (name: string) => maps.match(new RegExp(`/\\S*/${name}\\.so\\.3$`, "m"))![0];
  const embedded = {
    libcrypto: () => readFileSync(path("libcrypto")),
    libssl: () => readFileSync(path("libssl")),
  };
  const found = await resolveOpenSsl({ system: false, embedded });
  expect(found.origin).toBe("embedded");
  expect(found.where).toMatch(/^\/proc\/self\/fd\/\d+:\/proc\/self\/fd\/\d+$/);
  expect(openOpenSsl(found.where).version).toStartWith("OpenSSL 3");
});

test("says what is missing", async () => {
  const junk = { libcrypto: () => new Uint8Array(64), libssl: () => new Uint8Array(64) };
  for (const embedded of [null, junk]) {
    const failed = resolveOpenSsl({ system: false, embedded });
    await expect(failed).rejects.toBeInstanceOf(OpenSslUnavailable);
    await expect(failed).rejects.toThrow(/libssl3/);
  }
});

test("a pinned array keeps its address, small ones too", () => {
  for (const size of [4, 16, 900, 4096]) {
    const region = pinnedRegion(size);
    expect(region.bytes.subarray(1).buffer).toBe(region.bytes.buffer);
    expect(Number(ptr(region.bytes))).toBe(region.address);
  }
  const shared = new Uint8Array(new SharedArrayBuffer(64));
  expect(regionOf(shared).address).toBe(Number(ptr(shared)));
});
