/** A worker's rehearsal, with the logic of both kinds as their workers wire it. */
import { beforeEach, expect, test } from "bun:test";
import { Counter, type CounterName } from "../../src/contract/counters.ts";
import type { WorkerEvent } from "../../src/contract/messages.ts";
import { Egress } from "../../src/egress/egress.ts";
import type { Home } from "../../src/host/home.ts";
import type { MediaLogic } from "../../src/host/media-logic.ts";
import type { SessionsGround } from "../../src/host/sessions.ts";
import { Sockets } from "../../src/host/sockets.ts";
import { Ingest } from "../../src/ingest/ingest.ts";
import { createCertificate } from "../../src/io/certificate.ts";
import { monotonicUs } from "../../src/io/clock.ts";
import { OpenSslDtlsFactory } from "../../src/io/dtls-openssl.ts";
import { openOpenSsl } from "../../src/io/openssl.ts";
import { randomFill, randomUnit } from "../../src/io/random.ts";
import { OpenSslSrtpFactory } from "../../src/io/srtp-openssl.ts";
import { GuardedDtls } from "../../src/peer/guarded-dtls.ts";
import { Budget } from "../../src/rehearsal/budget.ts";
import { rehearse } from "../../src/rehearsal/rehearse.ts";
import { PortableSrtpFactory } from "../../src/srtp/cipher-portable.ts";
import { FakeReceiver, FakeSender } from "../host/fake-sockets.ts";

const openSsl = openOpenSsl("system");
const certificate = createCertificate();
const dtls = new GuardedDtls(new OpenSslDtlsFactory(openSsl, certificate));
const ciphers = new OpenSslSrtpFactory(openSsl);

let told: WorkerEvent[];
let counters: Float64Array;
let sender: FakeSender;
let ground: SessionsGround;
/** Where the last rehearsal took place. */
let home: Home;

beforeEach(() => {
  told = [];
  counters = new Float64Array(Object.keys(Counter).length);
  sender = new FakeSender();
  ground = {
    sockets: new Sockets([3], new FakeReceiver(), [sender], { wantWritable: () => {} }, counters),
    counters,
    dtls,
    ciphers,
    emit: (event) => told.push(event),
    clock: monotonicUs,
    random: randomFill,
  };
});

function viewerLogic(at: Home): MediaLogic {
  home = at;
  const fail = (_of: unknown, _why: unknown, error?: unknown): never => {
    throw error;
  };
  const egress = new Egress(
    {
      wish: ({ writer, index }) => at.bells.wish(writer, index),
      allocate: at.allocate,
      wallOffsetUs: 0,
      random: randomUnit,
      counters: at.counters,
    },
    0,
    { firstMedia: () => {}, layer: () => {}, ended: fail, faulted: fail },
  );
  return {
    ...NOTHING,
    connected: (peer, now) => egress.connected(peer.session, now),
    rtcp: (peer, now, region, offset) =>
      egress.handleRtcp(peer.session, now, region.bytes, offset, peer.length),
    closed: (session, now) => egress.close(session, now),
    command: (message, now) => {
      if (message.type === "viewer-open") {
        egress.open(message, at.sessions.addPeer(message, 4, now), now);
      }
    },
    mark: (index) => egress.mark(index),
    workAt: (now, patience) => egress.workAt(now, patience),
    work: (now, deadline, patience) => egress.forward(now, deadline, monotonicUs, patience),
    handleTimeout: (now) => egress.handleTimeout(now),
    nextTimeout: () => egress.nextTimeout(),
  };
}

function publisherLogic(at: Home): MediaLogic {
  home = at;
  const fail = (): never => {
    throw new Error("a rehearsed publisher does nothing wrong");
  };
  const { bells } = at;
  const ingest = new Ingest(
    { bells, random: randomFill, counters: at.counters },
    { limited: fail, ended: fail, faulted: fail },
  );
  return {
    ...NOTHING,
    rtp: (peer, now, region, offset, arrival) =>
      ingest.handleRtp(peer.session, now, region, offset, peer.length, arrival),
    closed: (session) => ingest.close(session),
    command: (message, now) => {
      if (message.type === "publisher-open") {
        ingest.open(message, at.sessions.addPeer(message, 4, now));
      } else if (message.type === "publisher-rings") ingest.grant(message, now);
    },
    received: (now) => ingest.received(now),
    handleTimeout: (now) => ingest.handleTimeout(now),
    nextTimeout: () => ingest.nextTimeout(),
  };
}

const NOTHING: MediaLogic = {
  connected: () => {},
  rtp: () => {},
  rtcp: () => {},
  closed: () => {},
  command: () => {},
  mark: () => {},
  received: () => {},
  work: () => false,
  workAt: () => Infinity,
  late: false,
  handleTimeout: () => {},
  nextTimeout: () => Infinity,
};

/** That is left for so many looks. */
function looks(count: number): Budget {
  let looked = 0;
  return new Budget({ clock: () => (looked += 1), us: count });
}

function count(name: CounterName): number {
  return home.counters[Counter[name]]!;
}

function expectNothingLeft(): void {
  expect(home.sessions.table.size).toBe(0);
  expect(told).toEqual([]);
  expect(counters.every((value) => value === 0)).toBe(true);
  expect(sender.sent).toEqual([]);
}

test("viewers join, are sent media and repairs, and nothing of them stays", () => {
  const joins = rehearse("viewer", certificate.fingerprint, ground, viewerLogic, looks(120));
  expect(joins).toBeGreaterThan(20);
  expect(count("packetsOut")).toBeGreaterThan(40 * joins);
  expect(count("nacksReceived")).toBeGreaterThan(0);
  expect(count("retransmissions")).toBeGreaterThan(0);
  expect(count("plisReceived")).toBeGreaterThan(0);
  expect(count("packetsReportedLost")).toBe(0);
  expect(count("malformed")).toBe(0);
  expectNothingLeft();
});

test("publishers connect, fill rings, are asked for what is missing, and nothing of them stays", () => {
  const joins = rehearse("publisher", certificate.fingerprint, ground, publisherLogic, looks(120));
  expect(joins).toBeGreaterThan(4);
  expect(count("packetsIn")).toBeGreaterThan(100 * joins);
  expect(count("keyframesIn")).toBe(joins);
  expect(count("nacksSent")).toBeGreaterThan(0);
  expect(count("malformed")).toBe(0);
  expectNothingLeft();
});

test("so do those of a machine whose OpenSSL has no ciphers for us", () => {
  ground = { ...ground, ciphers: new PortableSrtpFactory() };
  expect(rehearse("viewer", certificate.fingerprint, ground, viewerLogic, looks(20))).toBe(7);
  expectNothingLeft();
});

test("without a budget nobody joins", () => {
  const none = rehearse("viewer", certificate.fingerprint, ground, viewerLogic, looks(0));
  expect(none).toBe(0);
  expectNothingLeft();
});

test("it has an end of its own", () => {
  const joins = rehearse("viewer", certificate.fingerprint, ground, viewerLogic, looks(1e6));
  expect(joins).toBe(120);
});

test("one that fails is told, and that is all", () => {
  const broken = (): never => {
    throw new Error("no logic");
  };
  expect(rehearse("viewer", certificate.fingerprint, ground, broken, looks(20))).toBe(0);
  expect(told).toHaveLength(1);
  expect(told[0]).toMatchObject({ type: "log", level: "warn", fields: { cause: "no logic" } });
});
