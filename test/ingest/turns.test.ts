/** Many publishers in one ingest: each is served when it would be if it were looked at all the time. */
import { expect, test } from "bun:test";
import { COUNTER_NAMES } from "../../src/contract/counters.ts";
import { Ingest } from "../../src/ingest/ingest.ts";
import type { Peer } from "../../src/peer/peer.ts";
import { Doorbells, WorkerBlock } from "../../src/ring/doorbell.ts";
import { createRing } from "../../src/ring/layout.ts";
import { RingReader } from "../../src/ring/reader.ts";
import type { Region } from "../../src/srtp/cipher.ts";
import { copyPath, type Transport } from "../../src/wire/path.ts";
import { RtcpCursor } from "../../src/wire/rtcp/compound.ts";
import { seeded } from "../support/random.ts";
import { audioSection, build, Session, section, TRANSPORT_ID, VP8_TYPE, vp8 } from "./harness.ts";

const TURN_US = 1_000;
const VIDEO_SSRC = 0x5001;
const MEDIA = [audioSection(), section({ ssrcs: [VIDEO_SSRC] })];
const REGION: Region = { bytes: new Uint8Array(4096), address: 0 };

/** What is done to one publisher in one turn. */
interface Step {
  readonly packet: Uint8Array | null;
  readonly wish: "join" | "failure" | null;
}

/** A lossy 30 fps now and then, wishes, silences: of each publisher its own. */
function* stepsOf(seed: number): Generator<Step> {
  const random = seeded(seed);
  let sequence = 0;
  let silentUntil = 0;
  for (let turn = 0; ; turn += 1) {
    if (random() < 0.0005) silentUntil = turn + random() * 12_000;
    let packet: Uint8Array | null = null;
    if (turn >= silentUntil && turn % 7 === 0) {
      const number = Uint8Array.of(sequence >> 8, sequence);
      if (random() > 0.03) packet = packetOf(sequence, turn, number, random() < 0.02);
      sequence = (sequence + 1) & 0xffff;
    }
    const wishes = random() < 0.002;
    yield { packet, wish: wishes ? (random() < 0.5 ? "join" : "failure") : null };
  }
}

function packetOf(sequence: number, turn: number, number: Uint8Array, keyframe: boolean) {
  return build({
    type: VP8_TYPE,
    ssrc: VIDEO_SSRC,
    sequence,
    timestamp: turn * 90,
    payload: vp8(keyframe),
    extensions: [[TRANSPORT_ID, number]],
  });
}

/** All RTCP of one compound packet but its numbers and times: types, formats and lengths. */
function told(now: number, bytes: Uint8Array): string {
  const cursor = new RtcpCursor();
  cursor.reset(bytes, 0, bytes.length);
  const parts: string[] = [];
  while (cursor.next()) parts.push(`${cursor.type}/${cursor.count}`);
  return `${now}: ${parts.join(" ")}`;
}

/** One that is looked at in every turn, whatever happens. */
class Watched {
  readonly told: string[] = [];
  readonly #session = new Session(MEDIA);
  readonly #out = new Uint8Array(1200);

  turn(now: number, { packet, wish }: Step): void {
    const { publisher, readers } = this.#session;
    if (packet !== null) this.#session.rtp(now, packet);
    if (wish !== null) readers[1]![0]!.requestKeyframe(wish);
    if (this.#session.rung.length > 0) publisher.heed();
    this.#session.rung.length = 0;
    publisher.handleTimeout(now);
    for (;;) {
      const length = publisher.pollRtcp(now, this.#out);
      if (length === 0) return;
      this.told.push(told(now, this.#out.subarray(0, length)));
    }
  }
}

/** Publishers of one ingest, with the readers of their videos. */
class Crowd {
  readonly told: string[][] = [];
  readonly #readers: RingReader[] = [];
  readonly #block = WorkerBlock.create();
  readonly #ingest: Ingest;
  #now = 0;

  constructor(size: number) {
    const bells = new Doorbells([this.#block], [0], () => {});
    const counters = new Float64Array(COUNTER_NAMES.length);
    const fail = (...what: unknown[]) => {
      throw new Error(what.join(" "));
    };
    this.#ingest = new Ingest(
      { bells, random: (out) => out.fill(7), counters },
      { limited: fail, ended: fail, faulted: fail },
    );
    for (let session = 0; session < size; session += 1) this.#open(session);
  }

  turn(steps: readonly Step[], now: number): void {
    this.#now = now;
    for (const [session, { packet }] of steps.entries()) {
      if (packet === null) continue;
      REGION.bytes.set(packet, 100);
      this.#ingest.handleRtp(session, now, REGION, 100, packet.length, now);
    }
    this.#ingest.received(now);
    for (const [session, { wish }] of steps.entries()) {
      if (wish !== null) this.#readers[session]!.requestKeyframe(wish);
    }
    if (now >= this.#ingest.nextTimeout()) this.#ingest.handleTimeout(now);
  }

  #open(session: number): void {
    const mine: string[] = [];
    this.told.push(mine);
    const via: Transport = {
      region: { bytes: new Uint8Array(4096), address: 0 },
      stalled: false,
      backlog: null,
      reserve: () => 64,
      commit: () => {},
      send: () => {},
    };
    const sender = {
      rtcpOverhead: 20,
      sealRtcp: ({ bytes }: Region, at: number, length: number) => {
        mine.push(told(this.#now, bytes.subarray(at, at + length)));
        return length + 20;
      },
    };
    const path = copyPath(via, Uint8Array.of(2, 0, 0, 9, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0), 0);
    const peer = { state: "connected", path, reportsAllowed: true, sender, noteReport: () => {} };
    const setup = {
      ...{ localUfrag: "a", localPwd: "b", remoteUfrag: "c", remotePwd: "d" },
      ...{ dtlsRole: "server" as const, fingerprints: [] },
    };
    this.#ingest.open(
      {
        type: "publisher-open",
        session,
        stream: session,
        peer: setup,
        media: MEDIA,
        bitrateMax: 4_000_000,
      },
      peer as unknown as Peer,
    );
    const audio = { index: session * 2, buffer: createRing("audio"), writer: 1 };
    const video = { index: session * 2 + 1, buffer: createRing("video"), writer: 1 };
    const bell = () => this.#ingest.mark(video.index);
    this.#readers.push(new RingReader(video.buffer, 0, bell));
    this.#ingest.grant({ type: "publisher-rings", session, rings: [[audio], [video]] }, 0);
  }
}

test("6.7: NACKs, PLIs, reports, REMB and transport feedback leave when they would if all were watched", () => {
  const SIZE = 5;
  const SECONDS = 40;
  const crowd = new Crowd(SIZE);
  const watched = Array.from({ length: SIZE }, () => new Watched());
  const sources = Array.from({ length: SIZE }, (_, session) => stepsOf(session + 1));
  for (let now = TURN_US; now < SECONDS * 1e6; now += TURN_US) {
    const steps = sources.map((source) => source.next().value as Step);
    crowd.turn(steps, now);
    for (const [session, one] of watched.entries()) one.turn(now, steps[session]!);
  }
  for (const [session, one] of watched.entries()) {
    expect(one.told.length).toBeGreaterThan(SECONDS);
    expect(crowd.told[session]).toEqual(one.told);
  }
  const all = crowd.told.flat().join(" ");
  for (const kind of ["205/1", "206/1", "206/15", "205/15"]) expect(all).toContain(kind);
});
