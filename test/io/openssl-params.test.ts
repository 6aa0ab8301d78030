import { expect, test } from "bun:test";
import { AssertionError } from "../../src/assert.ts";
import { openOpenSsl } from "../../src/io/openssl.ts";
import { OctetParam } from "../../src/io/openssl-params.ts";
import { pinnedRegion, regionOf } from "../../src/io/pinned.ts";

const { crypto } = openOpenSsl("system");
const region = pinnedRegion(64);

test("octets reach OpenSSL and come back where they are wanted", () => {
  const context = crypto.EVP_CIPHER_CTX_new()!;
  const key = regionOf(new Uint8Array(16)).bytes;
  crypto.EVP_CipherInit_ex(context, crypto.EVP_aes_128_gcm(), null, key, key, 1);
  const tag = new OctetParam("tag");
  const written = new Uint8Array(4);
  expect(crypto.EVP_CipherFinal_ex(context, region.bytes, written)).toBe(1);
  for (const offset of [0, 40]) {
    tag.point(region, offset, 16);
    expect(crypto.EVP_CIPHER_CTX_get_params(context, tag.pointer)).toBe(1);
    // NIST GCM test case 1: nothing under a key and an IV of zeros.
    expect(Buffer.from(region.bytes.subarray(offset, offset + 16)).toString("hex")).toBe(
      "58e2fccefa7e3061367f1d57a4e7455a",
    );
  }
  crypto.EVP_CIPHER_CTX_free(context);
});

test("what lies outside of its region is no octet of it", () => {
  expect(() => new OctetParam("tag").point(region, 60, 16)).toThrow(AssertionError);
});
