/** The list of what is inside, as a scanner reads it. */
import { expect, test } from "bun:test";
import { sbom } from "../../scripts/release/sbom.ts";

const library = (soname: string, sha256: string) => ({
  soname,
  sha256,
  path: `/nowhere/${soname}`,
});
const debian = (name: string, version: string) => ({ name, version, copyright: "" });
const INVENTORY = {
  version: "0.2.0",
  license: "Apache-2.0",
  architecture: "arm64" as const,
  executable: new TextEncoder().encode("executable"),
  packages: [
    { name: "zod", version: "4.6.7", license: "MIT" },
    { name: "@hono/zod-openapi", version: "1.6.3", license: "MIT" },
    { name: "nameless", version: "1.0.0" },
  ],
  openssl: {
    version: "libssl3t64 3.5.4-1~deb13u1",
    architecture: "arm64",
    packages: [debian("libssl3t64", "3.5.4-1~deb13u1"), debian("zlib1g", "1:1.3+b1")],
    crypto: library("libcrypto.so.3", "aa"),
    ssl: library("libssl.so.3", "bb"),
    support: [library("libz.so.1", "cc")],
  },
  time: 1_764_500_000,
};

interface Bill {
  readonly metadata: { readonly timestamp: string; readonly component: object };
  readonly components: readonly { readonly [field: string]: unknown }[];
  readonly dependencies: readonly object[];
}

const { metadata, components, dependencies } = JSON.parse(sbom(INVENTORY)) as Bill;
const named = (name: string) => components.find((component) => component.name === name);

test("it names the executable by version, time and hash", () => {
  expect(metadata.timestamp).toBe("2025-11-30T10:53:20.000Z");
  expect(metadata.component).toMatchObject({
    name: "spillway",
    version: "0.2.0",
    licenses: [{ expression: "Apache-2.0" }],
    hashes: [{ content: Bun.SHA256.hash("executable", "hex") }],
  });
  const refs = components.map((component) => component["bom-ref"]);
  expect(new Set(refs).size).toBe(6);
  expect(dependencies).toEqual([{ ref: "spillway@0.2.0", dependsOn: refs }]);
});

test("it names packages and the runtime by their addresses", () => {
  expect(named("zod")).toMatchObject({ purl: "pkg:npm/zod@4.6.7", version: "4.6.7" });
  expect(named("@hono/zod-openapi")).toMatchObject({ purl: "pkg:npm/%40hono/zod-openapi@1.6.3" });
  expect(named("nameless")).toMatchObject({ licenses: [] });
  const purl = `pkg:npm/%40oven/bun-linux-aarch64@${Bun.version}`;
  expect(named("@oven/bun-linux-aarch64")).toMatchObject({ type: "platform", purl });
});

test("it names OpenSSL as those call it who tell of its faults", () => {
  expect(named("openssl")).toMatchObject({
    version: "3.5.4-1~deb13u1",
    purl: "pkg:deb/debian/libssl3t64@3.5.4-1~deb13u1?arch=arm64",
    cpe: "cpe:2.3:a:openssl:openssl:3.5.4:*:*:*:*:*:*:*",
    components: [
      { name: "libcrypto.so.3", hashes: [{ alg: "SHA-256", content: "aa" }] },
      { name: "libssl.so.3", hashes: [{ content: "bb" }] },
    ],
  });
  expect(named("zlib1g")).toMatchObject({
    purl: "pkg:deb/debian/zlib1g@1%3A1.3%2Bb1?arch=arm64",
    components: [{ name: "libz.so.1" }],
  });
});

test("without OpenSSL it names none", () => {
  expect(sbom({ ...INVENTORY, openssl: null })).not.toContain("openssl");
});
