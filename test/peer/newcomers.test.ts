/** Sessions of those whom nobody has announced: an acceptor of the test's own. */
import { expect, test } from "bun:test";
import { ACCEPTS_PER_SECOND, CONNECT_TIMEOUT_US } from "../../src/limits.ts";
import { createPeerCounters } from "../../src/peer/counters.ts";
import { PeerEvent, type PeerEventCode } from "../../src/peer/events.ts";
import type { Acceptor } from "../../src/peer/newcomers.ts";
import { Peer } from "../../src/peer/peer.ts";
import { PeerTable } from "../../src/peer/peer-table.ts";
import { createTransmit } from "../../src/peer/transmit.ts";
import { formatPath, type Path } from "../../src/wire/path.ts";
import { writeBindingRequest, writeBindingSuccess } from "../../src/wire/stun-writer.ts";
import { seeded } from "../support/random.ts";
import { VIA } from "../support/transport.ts";
import {
  ciphers,
  clientCertificate,
  clientOf,
  filler,
  Pair,
  region,
  rethrow,
  SERVER,
  serverDtls,
  sockaddr,
} from "./pair.ts";

const text = new TextEncoder();
const random = filler(seeded(7));
const HOME = sockaddr(2);

const passwordOf = (ufrag: string) => `${ufrag}-password-0123456789`;

/** Expects every ufrag that begins with "link"; makes a session of whoever shows its password. */
class Gate implements Acceptor {
  asked = 0;
  readonly accepted: string[] = [];
  turnsAway = false;

  constructor(private readonly counters = createPeerCounters()) {}

  expects(localUfrag: string): boolean {
    return localUfrag.startsWith("link");
  }

  passwordOf(localUfrag: string, remoteUfrag: string): string | null {
    this.asked += 1;
    return remoteUfrag === "nobody" ? null : passwordOf(localUfrag);
  }

  accept(now: number, localUfrag: string, remoteUfrag: string, path: Path): Peer | null {
    this.accepted.push(`${localUfrag}:${remoteUfrag} ${formatPath(path)}`);
    if (this.turnsAway) return null;
    return new Peer({
      session: 100 + this.accepted.length,
      setup: setupOf(localUfrag, remoteUfrag),
      ice: { mode: "lite", random },
      dtls: serverDtls,
      ciphers,
      counters: this.counters,
      sourcesMax: 4,
      now,
    });
  }
}

function setupOf(localUfrag: string, remoteUfrag: string) {
  const passwords = { localPwd: passwordOf(localUfrag), remotePwd: passwordOf(remoteUfrag) };
  const fingerprints = [clientCertificate.fingerprint];
  return { localUfrag, remoteUfrag, ...passwords, dtlsRole: "server", fingerprints } as const;
}

/** A table, at first without any session. */
class Door {
  now = 1_000_000;
  readonly counters = createPeerCounters();
  readonly gate = new Gate(this.counters);
  readonly table = new PeerTable(this.counters, random, this.gate);
  readonly #transmit = createTransmit();

  inject(bytes: Uint8Array, from = HOME): PeerEventCode {
    region.bytes.set(bytes);
    return this.table.handleDatagram(this.now, region, 0, bytes.length, VIA, from, 0);
  }

  drain(): Uint8Array[] {
    const sent: Uint8Array[] = [];
    const transmit = this.#transmit;
    while (this.table.pollTransmit(transmit)) sent.push(transmit.bytes.slice(0, transmit.length));
    return sent;
  }

  /** Client and table have their turns until `done`, for three seconds at most. */
  run(client: Peer, done: () => boolean): void {
    for (const end = this.now + 3_000_000; !done() && this.now < end; this.now += 5_000) {
      client.handleTimeout(this.now);
      while (client.pollTransmit(this.#transmit)) {
        this.inject(this.#transmit.bytes.slice(0, this.#transmit.length));
      }
      this.table.handleTimeout(this.now, () => {}, rethrow);
      for (const bytes of this.drain()) {
        region.bytes.set(bytes);
        client.handleDatagram(this.now, region, 0, bytes.length, VIA, SERVER, 0);
      }
    }
  }
}

function check(username: string, pwd = passwordOf(username.split(":")[0]!)): Uint8Array {
  const bytes = new Uint8Array(700);
  const fields = {
    transactionId: new Uint8Array(12).fill(7),
    username: text.encode(username),
    priority: 1,
    controlling: new Uint8Array(8),
    useCandidate: true,
  };
  return bytes.slice(0, writeBindingRequest(bytes, 0, fields, text.encode(pwd)));
}

test("whoever shows the password of a ufrag that is expected becomes a session and connects", () => {
  const door = new Door();
  const client = clientOf(setupOf("linkA", "far1"), random, door.now);
  door.run(client, () => client.state === "connected");
  const peer = door.table.bySession(101)!;
  expect([client.state, peer.state]).toEqual(["connected", "connected"]);
  expect(door.gate.accepted).toEqual(["linkA:far1 10.0.0.2:4000"]);
  // Its further checks are a session's like any other.
  expect([door.gate.asked, door.counters.stunUnknown]).toEqual([1, 0]);
  door.table.close(door.now, peer, "kicked");
  door.drain();
  client.close(door.now, "deleted");
  client.free();
});

test("S3: nothing is made of a check without the password, and nothing is answered", () => {
  const door = new Door();
  const forged = check("linkA:far1", "x".repeat(24));
  const wrongPrint = check("linkA:far1");
  wrongPrint[wrongPrint.length - 1]! ^= 1;
  const answer = new Uint8Array(128);
  const key = text.encode(passwordOf("linkA"));
  const response = answer.slice(0, writeBindingSuccess(answer, 0, forged, 8, HOME, key));
  for (const bytes of [forged, wrongPrint, response]) {
    expect(door.inject(bytes)).toBe(PeerEvent.none);
  }
  // The check itself is asked about, what is none is not.
  expect(door.gate.asked).toBe(1);
  for (const username of [
    "nobody:far1",
    "linkA:nobody",
    "linkA",
    "linkA:",
    "linkA:far1:far2",
    "linkA:f r1",
  ]) {
    expect(door.inject(check(username, passwordOf("linkA")))).toBe(PeerEvent.none);
  }
  expect(door.gate.asked).toBe(2);
  door.gate.turnsAway = true;
  door.inject(check("linkB:far1"));
  expect([door.gate.accepted.length, door.table.size, door.drain().length]).toEqual([1, 0, 0]);
  expect(door.counters.stunUnknown).toBe(10);
});

test("S3: a flood of checks asks so often a second and no more", () => {
  const door = new Door();
  for (let i = 0; i < 10 * ACCEPTS_PER_SECOND; i += 1) {
    door.now += 10;
    door.inject(check(`link${i}:far1`, "x".repeat(24)), sockaddr(i & 255, 5000 + i));
  }
  expect(door.gate.asked).toBeWithin(ACCEPTS_PER_SECOND, ACCEPTS_PER_SECOND * 1.2);
  door.now += 1_000_000;
  door.inject(check("linkA:far1"));
  expect([door.table.size, door.drain().length > 0]).toEqual([1, true]);
});

test("S3: names that nobody is expected by keep nobody out who is", () => {
  const door = new Door();
  for (let i = 0; i < 10 * ACCEPTS_PER_SECOND; i += 1) {
    door.inject(check(`none${i}:far1`, "x".repeat(24)), sockaddr(i & 255, 5000 + i));
  }
  door.inject(check("linkA:far1"));
  expect([door.gate.asked, door.table.size]).toEqual([1, 1]);
});

test("one that was closed a moment ago is told so, and does not come again by its checks", () => {
  const door = new Door();
  door.inject(check("linkA:far1"));
  door.drain();
  door.table.close(door.now, door.table.bySession(101)!, "kicked");
  door.drain();
  door.inject(check("linkA:far1"));
  expect([door.table.size, door.counters.stunRefused, door.drain().length]).toEqual([0, 1, 1]);
  door.inject(check("linkA:far1", "x".repeat(24)));
  expect([door.gate.asked, door.drain().length]).toEqual([1, 0]);
});

test("one that never goes on ends as every session does, and is no more then", () => {
  const door = new Door();
  door.inject(check("linkA:far1"));
  const ended: string[] = [];
  door.now += CONNECT_TIMEOUT_US;
  door.table.handleTimeout(door.now, ({ closeReason }) => ended.push(closeReason!), rethrow);
  expect([ended.length, door.table.size]).toEqual([1, 0]);
});

test("S3: an address that another session holds gets no second one until that is silent there", () => {
  const door = new Door();
  door.inject(check("linkA:far1"));
  door.inject(check("linkB:far1"));
  expect([door.gate.accepted.length, door.table.size]).toEqual([1, 1]);
  door.now += 3_100_000;
  door.inject(check("linkB:far1"));
  expect([door.gate.accepted.length, door.table.size]).toEqual([2, 2]);
});

test("without an acceptor a check for an unknown ufrag is a stranger's", () => {
  const pair = new Pair();
  expect(pair.inject(check("linkA:far1"))).toBe(PeerEvent.none);
  expect([pair.table.size, pair.counters.stunUnknown]).toEqual([1, 1]);
  expect(pair.drainServer()).toEqual([]);
});
