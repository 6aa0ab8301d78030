import { expect, test } from "bun:test";
import { type Hello, readHello, writeHello } from "../../../src/wire/cascade/hello.ts";
import { checkFrame, NODE, overWire } from "./frames.ts";

const HELLO: Hello = {
  protocolMin: 1,
  protocolMax: 2,
  kid: "AbCd+/09",
  node: NODE,
  boot: 0xffff_ffff,
  proof: new Uint8Array(32).fill(0xee),
  cluster: "spillway",
  names: "etcd",
  role: "edge",
  region: "eu-1",
  version: "1.2.3",
  url: "https://a.example",
  addresses: ["10.0.0.1:8300", "[2001:db8::1]:8300"],
  accepts: ["AbCd+/09", "zzzzzzzz"],
  cores: 17,
  told: false,
};

test("HELLO comes back as it was written", () => {
  checkFrame(writeHello(HELLO), readHello, HELLO, 2);
  const mesh: Hello = { ...HELLO, names: "mesh", role: "core", url: "", addresses: [] };
  checkFrame(writeHello(mesh), readHello, mesh, 2);
  for (const cores of [17, null]) {
    const older: Hello = { ...HELLO, cores, told: null };
    expect(overWire(writeHello(older), readHello)).toEqual(older);
  }
});

test("longer than it may be it is none", () => {
  const long: Partial<Hello>[] = [
    { kid: "123456789" },
    { node: new Uint8Array(15) },
    { proof: new Uint8Array(33) },
    { boot: 2 ** 32 },
    { cluster: "x".repeat(65) },
    { region: "x".repeat(65) },
    { version: "x".repeat(65) },
    { url: "x".repeat(257) },
    { addresses: new Array(9).fill("a:1") },
    { addresses: ["x".repeat(65)] },
    { accepts: ["a", "b", "c", "d"] },
    { cores: 2 ** 16 },
  ];
  for (const each of long) {
    expect(overWire(writeHello({ ...HELLO, ...each }), readHello)).toBeNull();
  }
});
