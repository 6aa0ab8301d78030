import { expect, test } from "bun:test";
import { PeerEvent } from "../../src/peer/events.ts";
import { IceLite } from "../../src/peer/ice-lite.ts";
import { Peer } from "../../src/peer/peer.ts";
import { createTransmit } from "../../src/peer/transmit.ts";
import { parseStun, StunMessage } from "../../src/wire/stun.ts";
import { writeBindingRequest } from "../../src/wire/stun-writer.ts";
import { ciphers, Pair, rethrow, serverDtls, sockaddr } from "./pair.ts";

const text = new TextEncoder();
const PWD = "second-password-0123456789";
const OTHER = { localUfrag: "srvV", localPwd: PWD, remoteUfrag: "cliV", remotePwd: "r".repeat(24) };

function request(username: string, pwd: string, useCandidate: boolean): Uint8Array {
  const bytes = new Uint8Array(700);
  const fields = {
    transactionId: new Uint8Array(12).fill(7),
    username: text.encode(username),
    priority: null,
    controlling: null,
    useCandidate,
  };
  return bytes.slice(0, writeBindingRequest(bytes, 0, fields, text.encode(pwd)));
}

test("a second session takes an address only when the first is silent there", () => {
  const pair = new Pair();
  pair.run(() => pair.connected);
  const second = new Peer({
    session: 2,
    setup: { ...pair.setup, ...OTHER },
    ice: { mode: "lite" },
    dtls: serverDtls,
    ciphers,
    counters: pair.counters,
    sourcesMax: 4,
    now: pair.now,
  });
  pair.table.add(second);
  const check = request("srvV:cliV", PWD, true);
  pair.drainServer();
  expect(pair.inject(check)).toBe(PeerEvent.none);
  expect(pair.drainServer()).toEqual([]);
  expect(pair.counters.pathConflicts).toBe(1);
  expect(pair.server.path).not.toBeNull();
  pair.now += 3_100_000;
  // A forged check does not take it either.
  expect(pair.inject(request("srvV:cliV", "wrong".repeat(5), true))).toBe(PeerEvent.none);
  expect(pair.server.path).not.toBeNull();
  expect(pair.inject(check)).toBe(PeerEvent.moved);
  expect(pair.table.peer).toBe(second);
  expect(second.path?.sockaddr).toEqual(pair.clientAddress);
  expect(pair.server.path).toBeNull();
  pair.table.close(pair.now, second, "kicked");
  pair.free();
  expect(pair.table.size).toBe(0);
});

test("without nomination the first check selects; silence lets it move (Q-F5)", () => {
  const ice = new IceLite(OTHER);
  const message = new StunMessage();
  const check = (now: number, host: number, nominate = false) => {
    const bytes = request("srvV:cliV", PWD, nominate);
    parseStun(bytes, 0, bytes.length, message);
    ice.handleStun(now, bytes, 0, message, 0, sockaddr(host), 0);
    return ice.selected?.sockaddr[7];
  };
  expect(check(0, 5)).toBe(5);
  expect(check(1_000_000, 6)).toBe(5);
  expect(check(5_100_000, 6)).toBe(6);
  expect(check(5_200_000, 7, true)).toBe(7);
  expect(check(60_000_000, 6)).toBe(7);
  // Addresses are bounded, and the selected one stays.
  for (let host = 20; host < 60; host += 1) check(60_000_000, host);
  expect(ice.validated.paths.length).toBe(4);
  expect(ice.validated.paths).toContain(ice.selected!);
});

test("role conflict gets 487, an unknown required attribute 420", () => {
  const ice = new IceLite(OTHER);
  const message = new StunMessage();
  const out = createTransmit();
  const answer = (change: (parsed: StunMessage) => void) => {
    const bytes = request("srvV:cliV", PWD, true);
    parseStun(bytes, 0, bytes.length, message);
    change(message);
    ice.handleStun(0, bytes, 0, message, 0, sockaddr(5), 0);
    expect(ice.pollTransmit(out)).toBe(true);
    parseStun(out.bytes, 0, out.length, message);
    return message.errorCode;
  };
  const controlled = (parsed: StunMessage) => {
    parsed.iceControlled = true;
  };
  expect(answer(controlled)).toBe(487);
  const unknown = (parsed: StunMessage) => {
    parsed.unknown[0] = 0x7777;
    parsed.unknownCount = 1;
  };
  expect(answer(unknown)).toBe(420);
  expect(ice.selected).toBeNull();
  expect(answer(() => {})).toBe(0);
  expect(ice.selected).not.toBeNull();
});

test("a session that never connects ends by itself", () => {
  const pair = new Pair();
  pair.now = pair.table.nextTimeout();
  pair.table.handleTimeout(pair.now, (_peer, event) => pair.events.push(event), rethrow);
  expect(pair.events).toEqual([PeerEvent.closed]);
  expect(pair.server.closeReason).toBe("connect-timeout");
  expect(pair.table.size).toBe(0);
  pair.free();
});
