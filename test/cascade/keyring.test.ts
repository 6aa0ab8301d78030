import { expect, test } from "bun:test";
import { createHmac, hkdfSync } from "node:crypto";
import { isProof, Keyring, LinkEnd, proofOf } from "../../src/cascade/keyring.ts";
import { EXPORTED, SECRET } from "./ends.ts";

const NODE = new Uint8Array(16).fill(1);

test("keys are derived of the secret and the cluster's name", () => {
  const { first } = new Keyring("name", [SECRET]);
  const derive = (info: string) => Buffer.from(hkdfSync("sha256", SECRET, "name", info, 32));
  expect(first.kid).toBe(derive("link kid v1").subarray(0, 6).toString("base64"));
  expect(first.kid).toMatch(/^[A-Za-z0-9+/]{8}$/);
  expect(Buffer.from(first.knock)).toEqual(derive("link knock v1"));
  expect(Buffer.from(first.proof)).toEqual(derive("link proof v1"));
  expect(new Keyring("other", [SECRET]).first.kid).not.toBe(first.kid);
});

test("the first secret is used, all are accepted", () => {
  const secrets = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte));
  const keyring = new Keyring("name", secrets);
  expect(keyring.all).toHaveLength(3);
  expect(keyring.first).toBe(keyring.all[0]!);
  for (const keys of keyring.all) expect(keyring.byKid(keys.kid)).toBe(keys);
  expect(keyring.byKid("12345678")).toBeNull();
});

test("cascade-proof: a proof holds for its secret, connection, end and node alone", () => {
  const { first } = new Keyring("name", [SECRET]);
  const proof = proofOf(first, EXPORTED, LinkEnd.caller, NODE);
  const hmac = createHmac("sha256", first.proof).update(EXPORTED).update(Uint8Array.of(0));
  expect(Buffer.from(proof)).toEqual(hmac.update(NODE).digest());
  expect(isProof(proof, proofOf(first, EXPORTED, LinkEnd.caller, NODE))).toBeTrue();
  const others = [
    proofOf(new Keyring("name", [NODE]).first, EXPORTED, LinkEnd.caller, NODE),
    proofOf(new Keyring("nome", [SECRET]).first, EXPORTED, LinkEnd.caller, NODE),
    proofOf(first, new Uint8Array(32), LinkEnd.caller, NODE),
    proofOf(first, EXPORTED, LinkEnd.callee, NODE),
    proofOf(first, EXPORTED, LinkEnd.caller, new Uint8Array(16)),
  ];
  for (const other of others) expect(isProof(proof, other)).toBeFalse();
  expect(isProof(proof.subarray(0, 31), proof)).toBeFalse();
  expect(isProof(new Uint8Array(0), proof)).toBeFalse();
});
