import { beforeEach, expect, test } from "bun:test";
import { COUNTER_NAMES, Counter } from "../../src/contract/counters.ts";
import type { WorkerCommand } from "../../src/contract/messages.ts";
import { Ingest, type IngestEvents } from "../../src/ingest/ingest.ts";
import { RTCP_BYTES_MAX } from "../../src/ingest/publisher.ts";
import { EARLY_PACKETS_MAX, SLEEP_MAX_US } from "../../src/limits.ts";
import type { Peer } from "../../src/peer/peer.ts";
import { Doorbells, WorkerBlock } from "../../src/ring/doorbell.ts";
import { createRing } from "../../src/ring/layout.ts";
import { RingReader } from "../../src/ring/reader.ts";
import type { Region } from "../../src/srtp/cipher.ts";
import { copyPath, type Path, type Transport } from "../../src/wire/path.ts";
import { audioSection, build, section, VP8_TYPE, vp8 } from "./harness.ts";

const VIDEO_SSRC = 0x5001;
const TAG_BYTES = 20;
/** Takes as much as there is room for. */
const VIA: Transport = {
  region: { bytes: new Uint8Array(4096), address: 0 },
  stalled: false,
  backlog: null,
  reserve: (bytes) => {
    expect(bytes).toBe(RTCP_BYTES_MAX + TAG_BYTES);
    return room > 0 ? 64 : -1;
  },
  commit: (_path, length) => {
    sent.push(length);
    room -= 1;
  },
  send: () => {},
};
/** An IPv4 address. */
const PATH = copyPath(VIA, Uint8Array.of(2, 0, 0, 9, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0), 0);
const REGION: Region = { bytes: new Uint8Array(4096), address: 0 };

/** What a publisher is to ingest: a way out, and whether anything may take it. */
interface FakePeer {
  session: number;
  state: string;
  path: Path | null;
  reportsAllowed: boolean;
  sender: unknown;
  noteReport(bytes: number): void;
}

const block = WorkerBlock.create();
const counters = new Float64Array(COUNTER_NAMES.length);
let ingest: Ingest;
let told: string[];
let woken: number[];
/** Lengths that left, and how many more fit. */
let sent: number[];
let room: number;
let reported: number;

beforeEach(() => {
  [told, woken, sent, room, reported] = [[], [], [], 100, 0];
  counters.fill(0);
  block.takeMarked(() => {});
  const events: IngestEvents = {
    limited: (session, { stage }) => told.push(`${session} ${stage}`),
    ended: (session, reason) => told.push(`${session} ended: ${reason}`),
    faulted: (session, place, error) => {
      told.push(`${session} ${place}: ${(error as Error).message}`);
      ingest.close(session);
    },
  };
  const bells = new Doorbells([block], [0], (worker) => woken.push(worker));
  const random = (out: Uint8Array) => out.fill(7);
  ingest = new Ingest({ bells, random, counters }, events);
});

function peerOf(session: number): FakePeer {
  return {
    session,
    state: "connected",
    path: PATH,
    reportsAllowed: true,
    sender: {
      rtcpOverhead: TAG_BYTES,
      sealRtcp: (_region: Region, _at: number, length: number) => length + TAG_BYTES,
    },
    noteReport: (bytes) => {
      reported += bytes;
    },
  };
}

function open(session: number, bitrateMax = 4_000_000): FakePeer {
  const peer = peerOf(session);
  const command: Extract<WorkerCommand, { type: "publisher-open" }> = {
    type: "publisher-open",
    session,
    stream: session,
    peer: {
      localUfrag: "a",
      localPwd: "b",
      remoteUfrag: "c",
      remotePwd: "d",
      dtlsRole: "server",
      fingerprints: [],
    },
    media: [audioSection(), section({ ssrcs: [VIDEO_SSRC] })],
    bitrateMax,
  };
  ingest.open(command, peer as unknown as Peer);
  return peer;
}

/** The reader of the video's ring. */
function grant(session: number, now: number): RingReader {
  const audio = { index: session * 2, buffer: createRing("audio"), writer: 1 };
  const video = { index: session * 2 + 1, buffer: createRing("video"), writer: 1 };
  const reader = new RingReader(video.buffer, 0);
  reader.want(true);
  ingest.grant({ type: "publisher-rings", session, rings: [[audio], [video]] }, now);
  return reader;
}

function send(session: number, now: number, sequence: number, length = 24): void {
  const payload = vp8(sequence === 0, 1, length);
  const packet = build({ type: VP8_TYPE, ssrc: VIDEO_SSRC, sequence, timestamp: now, payload });
  REGION.bytes.set(packet, 2_000);
  ingest.handleRtp(session, now, REGION, 2_000, packet.length, now);
}

function marked(): number[] {
  const found: number[] = [];
  block.takeMarked((index) => found.push(index));
  return found;
}

test("what comes before the rings is in them, and their readers hear of it", () => {
  open(1);
  for (let sequence = 0; sequence < 5; sequence += 1) send(1, 1_000, sequence);
  block.fallAsleep();
  const reader = grant(1, 2_000);
  expect(reader.head & 0xffff).toBe(5);
  expect([marked(), woken]).toEqual([[3], [0]]);
  send(1, 3_000, 5);
  expect(marked()).toEqual([]);
  ingest.received(3_000);
  expect([reader.head & 0xffff, marked()]).toEqual([6, [3]]);
});

test("before the rings there is room for so much, and the rest is counted", () => {
  open(1);
  for (let i = 0; i < EARLY_PACKETS_MAX + 3; i += 1) send(1, 1_000, i);
  expect(counters[Counter.packetsEarlyDropped]).toBe(3);
});

test("who has left gets no rings, and its rings are closed", () => {
  open(1);
  ingest.close(1);
  expect(grant(1, 0).head).toBe(0);
  send(1, 1_000, 0);
  expect(counters[Counter.packetsIn]).toBe(0);
  open(2);
  const reader = grant(2, 0);
  expect(reader.closed).toBe(false);
  ingest.close(2);
  ingest.close(2);
  expect(reader.closed).toBe(true);
});

test("6.7: feedback leaves sealed, with consent and an address alone, as far as there is room", () => {
  const peer = open(1);
  grant(1, 0);
  send(1, 0, 0);
  peer.reportsAllowed = false;
  let due = 10_000_000;
  const isDue = () => ingest.nextTimeout() <= due;
  const tryAll = () => {
    send(1, due, 1);
    ingest.received(due);
    ingest.handleTimeout(due);
    expect(sent).toEqual([]);
  };
  expect(isDue()).toBeTrue();
  tryAll();
  // What cannot leave keeps nobody awake, and is tried again.
  expect(ingest.nextTimeout()).toBe(due + SLEEP_MAX_US);
  due += SLEEP_MAX_US;
  peer.reportsAllowed = true;
  peer.path = null;
  expect(isDue()).toBeTrue();
  tryAll();
  expect(ingest.nextTimeout()).toBe(due + SLEEP_MAX_US);
  due += SLEEP_MAX_US;
  peer.path = PATH;
  room = 0;
  tryAll();
  // Room comes with the end of the turn.
  due += 1;
  expect(isDue()).toBeTrue();
  room = 100;
  ingest.handleTimeout(due);
  expect(sent.length).toBeGreaterThan(0);
  expect(reported).toBe(sent.reduce((sum, bytes) => sum + bytes, 0));
  expect(ingest.nextTimeout()).toBeGreaterThan(due);
});

test("what one publisher makes throw costs that one", () => {
  const broken = open(1);
  open(2);
  for (const session of [1, 2]) grant(session, 0);
  for (const session of [1, 2]) send(session, 0, 0);
  broken.sender = {
    rtcpOverhead: TAG_BYTES,
    sealRtcp: () => {
      throw new Error("no seal");
    },
  };
  ingest.handleTimeout(10_000_000);
  expect(told).toEqual(["1 a timer: no seal"]);
  expect(sent.length).toBeGreaterThan(0);
  expect(ingest.stats(null, 0).map(({ session }) => session)).toEqual([2]);
  expect(ingest.stats(1, 0)).toEqual([]);
});

test("6.7: a turn looks at those alone who received something or are due", () => {
  const looks = [0, 0, 0];
  for (const session of [1, 2]) {
    const peer = open(session);
    const look = () => {
      looks[session]! += 1;
      return PATH;
    };
    Object.defineProperty(peer, "path", { get: look });
    grant(session, 0);
    send(session, 0, 0);
  }
  ingest.received(0);
  ingest.handleTimeout(1);
  // Both have been served, and for a while nothing is due.
  const before = looks.slice();
  const soon = ingest.nextTimeout() - 1;
  send(1, soon, 1);
  ingest.received(soon);
  ingest.handleTimeout(soon);
  expect(looks[1]).toBeGreaterThan(before[1]!);
  expect(looks[2]).toBe(before[2]!);
  ingest.handleTimeout(soon + SLEEP_MAX_US);
  expect(looks[2]).toBeGreaterThan(before[2]!);
});

test("a publisher that goes on beyond its bit rate is told of and ended", () => {
  open(1, 100_000);
  grant(1, 0);
  for (let now = 0; now < 120e6 && !told.includes("1 ended: bitrate"); now += 20_000) {
    send(1, now, (now / 20_000) & 0xffff, 1_200);
    ingest.handleTimeout(now);
  }
  expect(told.at(-2)).toBe("1 ended");
  expect(told.at(-1)).toBe("1 ended: bitrate");
  expect(told.length).toBeGreaterThan(2);
});

test("a wish leaves as a PLI in the turn in which the ring is marked", () => {
  open(1);
  const reader = grant(1, 0);
  send(1, 0, 0);
  ingest.handleTimeout(0);
  const now = 1_000;
  ingest.handleTimeout(now);
  reader.requestKeyframe("failure");
  const before = sent.length;
  ingest.handleTimeout(now + 1);
  expect(sent.length).toBe(before);
  // Another ring's mark is none of a publisher's business.
  ingest.mark(99);
  ingest.handleTimeout(now + 2);
  expect(sent.length).toBe(before);
  ingest.mark(3);
  expect(ingest.nextTimeout()).toBeLessThan(now);
  ingest.handleTimeout(now + 3);
  expect(sent.length).toBe(before + 1);
  expect(counters[Counter.plisSent]).toBe(1);
  ingest.close(1);
  ingest.mark(3);
});
