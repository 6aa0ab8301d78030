import { expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { checkUsername, keysOf, usernameMatches } from "../../src/peer/ice-credentials.ts";
import { calleeCredentials, callerCredentials, kidOf } from "../../src/peer/knock.ts";
import {
  STUN_RESPONSE_BYTES_MAX,
  writeBindingError,
  writeBindingRequest,
  writeBindingSuccess,
} from "../../src/wire/stun-writer.ts";
import { seeded } from "../support/random.ts";
import { filler } from "./pair.ts";

const random = filler(seeded(11));
const key = { kid: "kidA+/09", key: new Uint8Array(32).fill(7) };
const ICE_CHARS = /^[A-Za-z0-9+/]+$/;

test("both ends come to the same credentials, crosswise, by what the caller's check tells", () => {
  const caller = callerCredentials(key, random);
  const username = new TextDecoder().decode(checkUsername(keysOf(caller)));
  expect(username).toMatch(/^kidA\+\/09[A-Za-z0-9+/]{16}:[A-Za-z0-9+/]{16}$/);
  const [local, remote] = username.split(":") as [string, string];
  const callee = calleeCredentials(key, local, remote)!;
  expect(callee).toEqual({
    localUfrag: caller.remoteUfrag,
    localPwd: caller.remotePwd,
    remoteUfrag: caller.localUfrag,
    remotePwd: caller.localPwd,
  });
  expect(kidOf(local)).toBe(key.kid);
  const name = checkUsername(keysOf(callee));
  expect(usernameMatches(keysOf(caller), name, 0, name.length)).toBe(true);
});

test("LK1: a password is the HMAC of the name it is for; the two directions have one each", () => {
  const { localUfrag, localPwd, remoteUfrag, remotePwd } = callerCredentials(key, random);
  const mac = createHmac("sha256", key.key).update(`${remoteUfrag}:${localUfrag}`);
  expect(remotePwd).toBe(mac.digest("base64").replace("=", ""));
  expect(remotePwd).toMatch(ICE_CHARS);
  expect(remotePwd.length).toBe(43);
  expect(localPwd).not.toBe(remotePwd);
  const other = { ...key, key: new Uint8Array(32).fill(8) };
  expect(calleeCredentials(other, remoteUfrag, localUfrag)!.localPwd).not.toBe(remotePwd);
});

test("no two calls are alike", () => {
  const names = new Set<string>();
  for (let i = 0; i < 1000; i += 1) {
    const { localUfrag, remoteUfrag } = callerCredentials(key, random);
    names.add(localUfrag).add(remoteUfrag);
  }
  expect(names.size).toBe(2000);
});

test("names of another length are no caller's", () => {
  const { localUfrag, remoteUfrag } = callerCredentials(key, random);
  expect(calleeCredentials(key, `${remoteUfrag}x`, localUfrag)).toBe(null);
  expect(calleeCredentials(key, remoteUfrag.slice(1), localUfrag)).toBe(null);
  expect(calleeCredentials(key, remoteUfrag, `${localUfrag}x`)).toBe(null);
  expect(calleeCredentials(key, remoteUfrag, localUfrag.slice(1))).toBe(null);
});

test("LK4: a knock is longer than whatever answers it", () => {
  const keys = keysOf(callerCredentials(key, random));
  const request = new Uint8Array(700);
  // The least that is taken: no priority, no role.
  const fields = { priority: null, controlling: null, useCandidate: false };
  const transactionId = new Uint8Array(12);
  const least = { transactionId, username: checkUsername(keys), ...fields };
  const length = writeBindingRequest(request, 0, least, keys.remotePwd);
  const answer = new Uint8Array(STUN_RESPONSE_BYTES_MAX);
  const ipv6 = new Uint8Array(28);
  ipv6[0] = 10;
  for (const sockaddr of [Uint8Array.of(2, 0, ...new Uint8Array(14)), ipv6]) {
    const size = writeBindingSuccess(answer, 0, request, 8, sockaddr, keys.remotePwd);
    expect(size).toBeLessThan(length);
  }
  for (const code of [403, 420, 487] as const) {
    const size = writeBindingError(answer, 0, request, 8, code, keys.remotePwd);
    expect(size).toBeLessThan(length);
  }
});
