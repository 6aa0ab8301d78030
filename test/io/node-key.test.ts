import { afterEach, beforeEach, expect, test } from "bun:test";
import { createHash, generateKeyPairSync, type KeyObject, X509Certificate } from "node:crypto";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openNodeIdentity } from "../../src/io/node-key.ts";

let root: string;
let folder: string;
const file = () => join(folder, "node-key.pem");

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "spillway-node-key-"));
  folder = root;
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

/** What it throws; one line, which names the file. */
function refusal(): string {
  try {
    openNodeIdentity(folder);
  } catch (error) {
    const { message } = error as Error;
    expect(message).toContain(file());
    expect(message).not.toContain("\n");
    expect(message).not.toContain("PRIVATE");
    return message;
  }
  throw new Error("it was taken");
}

test("a key is made once, for its owner's eyes only, and nothing is left beside it", () => {
  folder = join(folder, "state");
  const made = openNodeIdentity(folder);
  expect(statSync(file()).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(["node-key.pem"]);
  const text = readFileSync(file(), "utf8");
  const again = openNodeIdentity(folder);
  expect(again.nodeId).toEqual(made.nodeId);
  expect(readFileSync(file(), "utf8")).toBe(text);
  rmSync(file());
  expect(openNodeIdentity(folder).nodeId).not.toEqual(made.nodeId);
});

test("the id is of the certificate's key, and the certificate of the key", () => {
  const { certificate, nodeId } = openNodeIdentity(folder);
  const x509 = new X509Certificate(certificate.certificatePem);
  const spki = x509.publicKey.export({ type: "spki", format: "der" });
  expect(nodeId).toEqual(
    new Uint8Array(createHash("sha256").update(spki).digest().subarray(0, 16)),
  );
  expect(x509.verify(x509.publicKey)).toBe(true);
  expect(certificate.privateKeyPem).toBe(readFileSync(file(), "utf8"));
});

test.each([0o640, 0o604, 0o660, 0o620, 0o610, 0o644, 0o666])("mode %o is refused", (mode) => {
  openNodeIdentity(folder);
  chmodSync(file(), mode);
  expect(refusal()).toContain(`mode ${mode.toString(8)}): chmod 600 it`);
});

test("a mode of less is taken, and a link to such a file", () => {
  const { nodeId } = openNodeIdentity(folder);
  chmodSync(file(), 0o400);
  expect(openNodeIdentity(folder).nodeId).toEqual(nodeId);
  const other = join(folder, "other");
  mkdirSync(other);
  symlinkSync(file(), join(other, "node-key.pem"));
  folder = other;
  expect(openNodeIdentity(folder).nodeId).toEqual(nodeId);
});

test("what is no P-256 key is refused, and stays as it is", () => {
  const pem = (key: KeyObject) => key.export({ type: "pkcs8", format: "pem" }).toString();
  const others = [
    "",
    "no key at all",
    pem(generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey),
    pem(generateKeyPairSync("ed25519").privateKey),
    pem(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey),
  ];
  for (const text of others) {
    writeFileSync(file(), text, { mode: 0o600 });
    expect(refusal()).toContain("this is no EC key of P-256 in PEM");
    expect(readFileSync(file(), "utf8")).toBe(text);
  }
  writeFileSync(file(), "x".repeat(5000));
  expect(refusal()).toContain("this is no file of a key");
  rmSync(file());
  mkdirSync(file(), { mode: 0o700 });
  expect(refusal()).toContain("this is no file of a key");
});

test("a folder that cannot be written is told in one line", () => {
  writeFileSync(join(folder, "in-the-way"), "");
  folder = join(folder, "in-the-way");
  expect(refusal()).toMatch(/ENOTDIR|EEXIST/);
});
