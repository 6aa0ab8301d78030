import { expect, test } from "bun:test";
import { PeerEvent } from "../../src/peer/events.ts";
import { IceLite } from "../../src/peer/ice-lite.ts";
import { Peer } from "../../src/peer/peer.ts";
import { createTransmit } from "../../src/peer/transmit.ts";
import { parseStun, StunMessage } from "../../src/wire/stun.ts";
import { writeBindingRequest, writeBindingSuccess } from "../../src/wire/stun-writer.ts";
import { seeded } from "../support/random.ts";
import { VIA } from "../support/transport.ts";
import { ciphers, filler, Pair, rethrow, serverDtls, sockaddr } from "./pair.ts";

const fill = filler(seeded(5));
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

/** A second session in the pair's table, at no address yet. */
function rivalOf(pair: Pair): Peer {
  const second = new Peer({
    session: 2,
    setup: { ...pair.setup, ...OTHER },
    ice: { mode: "lite", random: fill },
    dtls: serverDtls,
    ciphers,
    counters: pair.counters,
    sourcesMax: 4,
    now: pair.now,
  });
  pair.table.add(second);
  return second;
}

/** Our checks that leave now: of the session with this ufrag. */
function checksOf(pair: Pair, ufrag: string): Uint8Array[] {
  pair.table.handleTimeout(pair.now, () => {}, rethrow);
  const parsed = new StunMessage();
  return pair.drainServer().filter((bytes) => {
    if (!parseStun(bytes, 0, bytes.length, parsed) || parsed.usernameOffset === -1) return false;
    const { usernameOffset: at, usernameLength } = parsed;
    return new TextDecoder().decode(bytes.subarray(at, at + usernameLength)).endsWith(ufrag);
  });
}

test("S3: a second session takes an address only when the first is silent there, and by a proof", () => {
  const pair = new Pair();
  pair.run(() => pair.connected);
  const second = rivalOf(pair);
  const check = request("srvV:cliV", PWD, true);
  pair.drainServer();
  expect(pair.inject(check)).toBe(PeerEvent.none);
  expect(pair.drainServer()).toEqual([]);
  expect(pair.counters.pathConflicts).toBe(1);
  pair.now += 3_100_000;
  // A forged check does not take it either.
  expect(pair.inject(request("srvV:cliV", "wrong".repeat(5), true))).toBe(PeerEvent.none);
  // An authentic one may be spoofed: the address stays where it is until ours is answered.
  expect(pair.inject(check)).toBe(PeerEvent.moved);
  expect(pair.server.path).not.toBeNull();
  const [ours] = checksOf(pair, "srvV");
  const answer = (pwd: string) => {
    const out = new Uint8Array(128);
    const key = text.encode(pwd);
    return out.slice(0, writeBindingSuccess(out, 0, ours!, 8, pair.clientAddress, key));
  };
  pair.inject(answer("x".repeat(24)));
  expect(pair.server.path).not.toBeNull();
  pair.inject(answer(OTHER.remotePwd));
  expect(pair.table.peer).toBe(second);
  expect(second.path?.sockaddr).toEqual(pair.clientAddress);
  expect(pair.server.path).toBeNull();
  pair.table.close(pair.now, second, "kicked");
  pair.free();
  expect(pair.table.size).toBe(0);
});

test("S3: a session without consent has no address to lose: the next one there needs no proof", () => {
  const pair = new Pair();
  pair.run(() => pair.connected);
  const second = rivalOf(pair);
  const check = request("srvV:cliV", PWD, true);
  pair.now += 9_000_000;
  pair.inject(check);
  expect(pair.server.path).not.toBeNull();
  // What comes from there is the first one's, and then it holds the address again.
  const dtls = Uint8Array.of(22, 0xfe, 0xfd, ...new Uint8Array(20));
  pair.inject(dtls);
  expect(pair.table.peer).toBe(pair.server);
  pair.now += 1_100_000;
  pair.inject(check);
  expect(pair.server.path).toBeNull();
  pair.inject(dtls);
  expect(pair.table.peer).toBe(second);
  pair.table.close(pair.now, second, "kicked");
  pair.free();
});

test("S3 Q-F5: without nomination the first check selects, and during the handshake silence moves it", () => {
  const ice = new IceLite(OTHER, fill);
  const message = new StunMessage();
  const check = (now: number, host: number, nominate = false) => {
    const bytes = request("srvV:cliV", PWD, nominate);
    parseStun(bytes, 0, bytes.length, message);
    ice.handleStun(now, bytes, 0, message, VIA, sockaddr(host), 0);
    return ice.selected?.sockaddr[7];
  };
  expect(check(0, 5)).toBe(5);
  expect(check(1_000_000, 6)).toBe(5);
  expect(check(5_100_000, 6)).toBe(6);
  expect(check(5_200_000, 7, true)).toBe(7);
  expect(check(60_000_000, 6)).toBe(7);
  // Addresses are bounded; the selected one stays, and so does one that was proven.
  const proven = ice.validated.find(VIA, sockaddr(6), 0)!;
  proven.answeredAt = 1;
  for (let host = 20; host < 60; host += 1) check(60_000_000, host);
  expect(ice.validated.paths.length).toBe(4);
  expect(ice.validated.paths).toContain(ice.selected!);
  expect(ice.validated.paths).toContain(proven);
});

test("role conflict gets 487, an unknown required attribute 420", () => {
  const ice = new IceLite(OTHER, fill);
  const message = new StunMessage();
  const out = createTransmit();
  const answer = (change: (parsed: StunMessage) => void) => {
    const bytes = request("srvV:cliV", PWD, true);
    parseStun(bytes, 0, bytes.length, message);
    change(message);
    ice.handleStun(0, bytes, 0, message, VIA, sockaddr(5), 0);
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

test("an address that is vacated is nobody's, and its session's media goes nowhere", () => {
  const pair = new Pair();
  pair.run(() => pair.connected);
  const second = rivalOf(pair);
  expect(pair.table.at(VIA, pair.clientAddress)).toBe(pair.server);
  pair.table.vacate(pair.now, VIA, sockaddr(77));
  expect(pair.table.at(VIA, pair.clientAddress)).toBe(pair.server);
  pair.table.vacate(pair.now, VIA, pair.clientAddress);
  expect([pair.table.at(VIA, pair.clientAddress), pair.server.path]).toEqual([null, null]);
  // Another one need not prove that it lives there now.
  pair.inject(request("srvV:cliV", PWD, true));
  expect(pair.table.at(VIA, pair.clientAddress)).toBe(second);
});
