/**
 * The whole path of the media, in virtual time and from one seed: publishers, ingest, rings, egress,
 * viewers. Every byte that a viewer is sent must be one that a publisher of its stream sent, or a
 * constant that we write; no memory beyond a region may be touched, and nothing may throw.
 */
import { COUNTER_NAMES } from "../../src/contract/counters.ts";
import type { EgressContext } from "../../src/egress/context.ts";
import { Egress } from "../../src/egress/egress.ts";
import { sendProbe } from "../../src/egress/repair.ts";
import type { ViewerTrack } from "../../src/egress/viewer-track.ts";
import { NO_LIMITS } from "../../src/media/layer-choice.ts";
import type { Peer } from "../../src/peer/peer.ts";
import type { Path, Transport } from "../../src/wire/path.ts";
import { WALL_OFFSET_US } from "../egress/harness.ts";
import { FencedMemory } from "../support/fenced.ts";
import { Dice } from "./dice.ts";
import { FarEnd } from "./far-end.ts";
import { demand, Seen } from "./judge.ts";
import { Ledger } from "./ledger.ts";
import { FuzzPublisher } from "./publisher.ts";

const STEPS = 250;
const STREAMS = 2;
const ARENA_BYTES = 16_384;
const PROBE_BYTES_MAX = 1200;

/** One case. Returns what happened in it; throws when a rule is broken. */
export function fuzzPath(seed: number): Seen {
  const world = new World(seed);
  world.run();
  return world.seen;
}

interface Session {
  readonly end: FarEnd;
  readonly peer: { state: string; mediaAllowed: boolean; path: Path | null };
}

interface Stream {
  readonly number: number;
  readonly ledger: Ledger;
  publisher: FuzzPublisher | null;
}

class World {
  readonly seen = new Seen();
  private readonly dice: Dice;
  private readonly memory = new FencedMemory();
  private readonly counters = new Float64Array(COUNTER_NAMES.length);
  private readonly arena = this.memory.allocate(ARENA_BYTES);
  private readonly via: Transport = {
    region: this.arena,
    stalled: false,
    backlog: null,
    reserve: (bytes) => this.reserve(bytes),
    commit: (path, length) => this.commit(path, length),
    send: () => demand(false, "the egress writes in place"),
  };
  private readonly sessions = new Map<number, Session>();
  private readonly ends = new Map<Path, FarEnd>();
  private readonly streams: readonly Stream[];
  private readonly egress: Egress;
  private now = 5_000_000;
  private numbered = 0;
  /** The arena: where the next datagram goes, and how much room was given for it. */
  private at = 0;
  private reserved = -1;
  /** Datagrams that the output takes before it is full. */
  private room = Number.POSITIVE_INFINITY;

  constructor(seed: number) {
    this.dice = new Dice(seed);
    this.streams = Array.from({ length: STREAMS }, (_, i) => {
      return { number: i + 1, ledger: new Ledger(), publisher: null };
    });
    this.egress = new Egress(
      {
        wish: () => {},
        allocate: this.memory.allocate,
        wallOffsetUs: WALL_OFFSET_US,
        random: this.dice.random,
        counters: this.counters,
      },
      0,
      {
        firstMedia: () => {},
        layer: () => this.seen.note("layer told"),
        ended: (peer) => this.close(peer.session),
        faulted: (_session, _place, error) => {
          throw error;
        },
      },
    );
  }

  run(): void {
    for (const stream of this.streams) {
      this.publish(stream);
      this.watch(stream);
    }
    for (let step = 0; step < STEPS; step += 1) {
      this.step();
      if (step % 50 === 0) this.memory.check();
    }
    this.memory.check();
  }

  private step(): void {
    const { dice } = this;
    this.now += dice.between(1, dice.chance(0.05) ? 200 : 20) * 1000;
    if (dice.chance(0.15)) this.event();
    const mark = (ring: number) => this.egress.mark(ring);
    for (const { publisher } of this.streams) publisher?.tick(this.now, mark);
    this.room = dice.chance(0.1) ? dice.below(10) : Number.POSITIVE_INFINITY;
    for (let turn = dice.between(1, 3); turn > 0; turn -= 1) this.forward();
    if (this.now >= this.egress.nextTimeout()) this.egress.handleTimeout(this.now);
    for (const { end, peer } of this.sessions.values()) {
      // Consent and addresses come back.
      if (dice.chance(0.1)) Object.assign(peer, { mediaAllowed: true, path: end.path });
      for (const bytes of end.answers(this.now)) this.hear(end, bytes);
    }
  }

  private forward(): void {
    let now = this.now;
    const clock = () => {
      now += 20;
      return now;
    };
    this.egress.forward(this.now, this.now + this.dice.pick([10, 200, 1e6]), clock);
    if (this.room <= 0) this.seen.note("output full");
  }

  /** Something that does not happen all the time. */
  private event(): void {
    const { dice } = this;
    const stream = dice.pick(this.streams);
    const kind = dice.below(12);
    if (kind < 4) stream.publisher?.misbehave(this.now);
    else if (kind === 4) this.publish(stream);
    else if (kind === 5) this.strange(stream);
    else if (kind < 8 && this.sessions.size < 5) this.watch(stream);
    else this.viewerEvent(kind);
  }

  private viewerEvent(kind: number): void {
    const { dice } = this;
    const session = dice.pick([...this.sessions.values()]);
    if (session === undefined) return;
    const { end, peer } = session;
    if (kind === 8) this.probe(end);
    else if (kind === 9) this.limit(end);
    else if (kind === 10) this.insist(end, dice.pick([5, 300]));
    else if (dice.chance(0.2)) this.close(end.session);
    else if (dice.chance(0.5)) peer.mediaAllowed = false;
    else peer.path = null;
  }

  /** A publisher, or the next one. */
  private publish(stream: Stream): void {
    const { dice, memory, counters, now } = this;
    const before = stream.publisher;
    before?.close();
    const { ledger, number } = stream;
    stream.publisher = new FuzzPublisher(dice, ledger, memory, number, counters, now);
    this.egress.setSource(stream.number, stream.publisher.source, now);
    if (before !== null) this.seen.note("publisher returns");
  }

  private unpublish(stream: Stream): void {
    stream.publisher?.close();
    stream.publisher = null;
    this.egress.setSource(stream.number, null, this.now);
  }

  private watch({ number, ledger, publisher }: Stream): FarEnd {
    this.numbered += 1;
    const session = this.numbered;
    const end = new FarEnd(this.dice, this.via, session, number, ledger, this.seen);
    const { path, sender } = end;
    const state = { state: "connected", mediaAllowed: true, srtpProfile: null };
    const peer = { session, ...state, path: path as Path | null, sender };
    this.ends.set(path, end);
    this.sessions.set(session, { end, peer });
    this.egress.open(
      {
        type: "viewer-open",
        session,
        stream: number,
        peer: NO_PEER,
        media: end.media,
        cname: end.cname,
        source: publisher?.source ?? null,
        playoutDelay: end.playoutDelay,
        limits: NO_LIMITS,
      },
      peer as unknown as Peer,
      this.now,
    );
    this.egress.connected(session, this.now);
    return end;
  }

  private close(session: number): void {
    const { end } = this.sessions.get(session)!;
    this.sessions.delete(session);
    this.egress.close(session, this.now);
    this.ends.delete(end.path);
  }

  /** A probe of any size that one can have. */
  private probe(end: FarEnd): void {
    const track = this.egress.viewers.get(end.session)!.tracks[1]!;
    if (this.sessions.get(end.session)!.peer.path === null) return;
    const { context } = track as unknown as { context: EgressContext } & ViewerTrack;
    for (let i = this.dice.between(1, 5); i > 0; i -= 1) {
      sendProbe(context, track, this.dice.below(PROBE_BYTES_MAX + 1), this.now);
    }
  }

  private limit(end: FarEnd): void {
    const { dice } = this;
    const spatialMax = dice.below(4);
    const temporalMax = dice.below(4);
    const rid = dice.chance(0.5) ? "" : `r${dice.below(3)}`;
    this.egress.limit(end.session, { ...NO_LIMITS, spatialMax, temporalMax, rid }, this.now);
  }

  /** Asks for one packet again and again, so that the sizes of others are forgotten. */
  private insist(end: FarEnd, times: number): void {
    for (let i = times; i > 0; i -= 1) {
      this.now += 21_000;
      this.egress.viewers.get(end.session)?.link.budget.earn(2000, 0);
      for (const bytes of end.insist(end.tracks[1]!)) this.hear(end, bytes);
    }
  }

  /** What takes several steps, which chance would not take one after the other. */
  private strange(stream: Stream): void {
    const { publisher } = stream;
    if (publisher === null) return;
    const way = this.dice.below(6);
    if (way === 0) this.unpublish(stream);
    else if (way < 3) this.undress(stream, publisher);
    else this.exhaust(stream, publisher);
  }

  /** Late numbers without media are the newest whose size is known: then a probe has no other choice. */
  private exhaust(stream: Stream, publisher: FuzzPublisher): void {
    const ends = [...this.sessions.values()].map(({ end }) => end);
    const watching = ends.filter((end) => end.stream === stream.number);
    publisher.hold(this.now);
    publisher.hand(this.now, (ring) => this.egress.mark(ring));
    this.forward();
    for (const end of watching) this.insist(end, 300);
    publisher.hand(this.now, (ring) => this.egress.mark(ring));
    this.forward();
    for (const end of watching) this.probe(end);
    if (watching.length > 0) this.seen.note("exhausted");
  }

  /** Somebody joins at a keyframe without parameter sets, and is probed before anything larger comes. */
  private undress(stream: Stream, publisher: FuzzPublisher): void {
    publisher.sendNaked(this.now);
    publisher.hand(this.now, (ring) => this.egress.mark(ring));
    const end = this.watch(stream);
    for (let turn = 0; turn < 3; turn += 1) {
      this.now += 5000;
      this.forward();
    }
    this.probe(end);
  }

  private hear(end: FarEnd, bytes: Uint8Array): void {
    this.egress.handleRtcp(end.session, this.now, bytes, 0, bytes.length);
  }

  private reserve(bytes: number): number {
    demand(bytes > 0 && bytes <= ARENA_BYTES, `${bytes} bytes reserved`);
    if (this.room <= 0) return -1;
    if (this.at + bytes > ARENA_BYTES) this.at = 0;
    this.reserved = bytes;
    return this.at;
  }

  private commit(path: Path, length: number): void {
    demand(length <= this.reserved, `${length} bytes in a room of ${this.reserved}`);
    this.reserved = -1;
    this.room -= 1;
    const sealed = this.arena.bytes.subarray(this.at, this.at + length);
    this.ends.get(path)!.take(this.now, sealed);
    this.at += length;
  }
}

const NO_PEER = {
  localUfrag: "",
  localPwd: "",
  remoteUfrag: "",
  remotePwd: "",
  dtlsRole: "server",
  fingerprints: [],
} as const;
