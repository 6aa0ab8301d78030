/** Viewers in virtual time: real rings and a real Egress, fake peers and transport. */

import { COUNTER_NAMES, Counter } from "../../src/contract/counters.ts";
import type { MediaFormat, MediaSection } from "../../src/contract/session.ts";
import type { StreamSource } from "../../src/contract/source.ts";
import { Egress } from "../../src/egress/egress.ts";
import { NO_LIMITS } from "../../src/media/layer-choice.ts";
import type { Peer } from "../../src/peer/peer.ts";
import { createRing, ReaderWord, Slot, SlotFlag } from "../../src/ring/layout.ts";
import { NO_SLOT, RingWriter } from "../../src/ring/writer.ts";
import { Codec, type CodecId } from "../../src/wire/codecs.ts";
import { EXTENSION_TABLE_LENGTH, Extension } from "../../src/wire/extensions.ts";
import type { Transport } from "../../src/wire/path.ts";
import { FencedMemory } from "../support/fenced.ts";
import { seeded } from "../support/random.ts";
import { FakeTransport, Recorder } from "./recorder.ts";

export const AUDIO_SSRC = 0xa0d10000;
export const VIDEO_SSRC = 0x51de0000;
export const RTX_SSRC = 0x47c00000;
export const WALL_OFFSET_US = 1.7e15;
export const TRANSPORT_ID = 3;
export const CAPTURE_ID = 5;
export const PLAYOUT_ID = 6;
export const SEND_TIME_ID = 7;
export const CNAME = "viewers-cname";
export const KEY = SlotFlag.keyframeStart | SlotFlag.frameStart;

export function format(changes: Partial<MediaFormat>): MediaFormat {
  return {
    codec: "vp8",
    payloadType: 96,
    rtxPayloadType: 97,
    redPayloadType: null,
    clockRate: 90_000,
    channels: 1,
    fmtp: "",
    nack: true,
    pli: true,
    fir: true,
    remb: false,
    transportCc: true,
    ...changes,
  };
}

export const VP8 = format({});
export const H264 = format({ codec: "h264", payloadType: 102, rtxPayloadType: 103 });
export const OPUS = format({
  codec: "opus",
  payloadType: 111,
  rtxPayloadType: null,
  clockRate: 48_000,
  channels: 2,
});

export function extensionIds(ids: readonly (readonly [internal: number, id: number])[]): number[] {
  const table = new Array<number>(EXTENSION_TABLE_LENGTH).fill(0);
  for (const [internal, id] of ids) table[internal] = id;
  return table;
}

export function videoSection(changes: Partial<MediaSection> = {}): MediaSection {
  return {
    mid: "1",
    kind: "video",
    formats: [VP8, H264],
    extensionIds: extensionIds([[Extension.transportCc, TRANSPORT_ID]]),
    mixedExtensions: false,
    ssrcs: [VIDEO_SSRC],
    rtxSsrcs: [RTX_SSRC],
    rids: [],
    ...changes,
  };
}

export function audioSection(changes: Partial<MediaSection> = {}): MediaSection {
  return videoSection({
    mid: "0",
    kind: "audio",
    formats: [OPUS],
    ssrcs: [AUDIO_SSRC],
    rtxSsrcs: [],
    ...changes,
  });
}

export const withoutRtx = (section: MediaSection): MediaSection => ({
  ...section,
  formats: section.formats.map((each) => ({ ...each, rtxPayloadType: null })),
  rtxSsrcs: [],
});

export interface SlotOptions {
  readonly flags?: number;
  readonly length?: number;
  readonly codec?: CodecId;
  readonly arrival?: number;
  /** So long after the arrival it came here, from another node. */
  readonly late?: number;
  readonly extensions?: readonly (readonly [internal: number, data: Uint8Array])[];
  readonly payload?: Uint8Array;
}

let ringIndex = 0;

/** One ring of a publisher. Payloads begin with their origin sequence, to be recognised by. */
export class Track {
  readonly grant;
  readonly writer: RingWriter;

  constructor(
    readonly kind: "audio" | "video",
    public codec: CodecId = kind === "audio" ? Codec.opus : Codec.vp8,
    fmtp = "",
  ) {
    ringIndex = (ringIndex + 1) % 4096;
    this.grant = { index: ringIndex, buffer: createRing(kind), writer: 0 };
    this.writer = new RingWriter(this.grant.buffer);
    this.describe(codec, fmtp);
  }

  get clockRate(): number {
    return this.kind === "audio" ? 48_000 : 90_000;
  }

  describe(codec: CodecId, fmtp = ""): void {
    this.codec = codec;
    this.writer.describe(codec, this.clockRate, fmtp, "");
  }

  /** False when the ring had no place. */
  put(sequence: number, timestamp: number, now: number, options: SlotOptions = {}): boolean {
    const offset = this.writer.reserve(sequence | 0);
    if (offset === NO_SLOT) return false;
    const flags = options.flags ?? (this.kind === "audio" ? SlotFlag.marker : 0);
    const skip = (flags & SlotFlag.skip) !== 0;
    const payload = options.payload ?? payloadOf(sequence, skip ? 0 : (options.length ?? 100));
    const codec = options.codec ?? this.codec;
    const arrival = options.arrival ?? now;
    this.writer.setDescription(
      offset,
      timestamp >>> 0,
      payload.length,
      arrival,
      codec,
      flags,
      null,
    );
    const { data } = this.writer.views;
    if (options.late !== undefined) data.setUint32(offset + Slot.late, options.late, true);
    for (const [id, data] of options.extensions ?? []) {
      this.writer.addExtension(offset, id, data, 0, data.length);
    }
    this.writer.setPayload(offset, payload, 0, payload.length);
    this.writer.commit(sequence | 0, offset);
    return true;
  }

  get joins(): number {
    return this.writer.keyframeRequests(1, "join");
  }

  get failures(): number {
    return this.writer.keyframeRequests(1, "failure");
  }

  get wanted(): boolean {
    return (
      Atomics.load(this.writer.views.words, this.writer.views.readerWord(0, ReaderWord.wanted)) ===
      1
    );
  }
}

export function payloadOf(sequence: number, length: number): Uint8Array {
  const payload = new Uint8Array(length).fill(0x5a);
  if (length >= 4) new DataView(payload.buffer).setInt32(0, sequence | 0);
  return payload;
}

/** The origin sequence in a payload of `payloadOf`. */
export function originOf(payload: Uint8Array): number {
  return new DataView(payload.buffer, payload.byteOffset).getInt32(0);
}

let epochs = 0;

export function sourceOf(tracks: {
  readonly audio?: Track | null;
  readonly video?: readonly Track[];
}): StreamSource {
  epochs += 1;
  return {
    epoch: epochs,
    audio: tracks.audio?.grant ?? null,
    video: (tracks.video ?? []).map((track) => track.grant),
  };
}

/** A viewer's peer as far as egress knows it. */
export interface FakePeer {
  readonly session: number;
  state: string;
  mediaAllowed: boolean;
  path: Recorder["path"] | null;
  sender: Recorder["sender"] | null;
  srtpProfile: string | null;
}

export interface ViewerOptions {
  readonly media?: readonly MediaSection[];
  readonly stream?: number;
  readonly connect?: boolean;
  readonly playoutDelay?: { readonly min: number; readonly max: number };
  /** The simulation's `output`, unless told otherwise. */
  readonly via?: Transport & Pick<FakeTransport, "recorders">;
}

export class Sim {
  now = 5_000_000;
  readonly output = new FakeTransport();
  /** With those that a test adds for viewers of its choice. */
  readonly transports = [this.output];
  readonly memory = new FencedMemory();
  readonly counters = new Float64Array(COUNTER_NAMES.length);
  readonly ended: { readonly session: number; readonly reason: string }[] = [];
  readonly faults: { readonly session: number | null; readonly place: string }[] = [];
  /** What sessions make throw is kept, and not a failure of the test. */
  toleratesFaults = false;
  readonly firstMedia: { readonly session: number; readonly afterUs: number }[] = [];
  readonly layers: { readonly session: number; readonly layer: number }[] = [];
  readonly egress: Egress;
  readonly peers = new Map<number, FakePeer>();
  private sessions = 0;

  constructor(
    seed = 1,
    /** First packet index of every viewer's tracks, or random. */
    firstIndex: number | null = null,
  ) {
    const random = seeded(seed);
    this.egress = new Egress(
      {
        wish: () => {},
        allocate: this.memory.allocate,
        wallOffsetUs: WALL_OFFSET_US,
        random: firstIndex === null ? random : () => firstIndex / 32768,
        counters: this.counters,
      },
      0,
      {
        firstMedia: (session, afterUs) => this.firstMedia.push({ session, afterUs }),
        faulted: (session, place, error) => {
          if (!this.toleratesFaults) throw error;
          this.faults.push({ session, place });
        },
        layer: (session, layer) => this.layers.push({ session, layer }),
        ended: (peer, reason) => {
          this.ended.push({ session: peer.session, reason });
          this.close(peer.session);
        },
      },
    );
  }

  count(name: keyof typeof Counter): number {
    return this.counters[Counter[name]!]!;
  }

  /** Opens a viewer's session and, unless told otherwise, connects it. */
  open(source: StreamSource | null, options: ViewerOptions = {}): Recorder & { session: number } {
    this.sessions += 1;
    const session = this.sessions;
    const via = options.via ?? this.output;
    const recorder = Object.assign(new Recorder(session, via), { session });
    via.recorders.set(recorder.path, recorder);
    const peer: FakePeer = {
      session,
      state: "connecting",
      mediaAllowed: false,
      path: recorder.path,
      sender: null,
      srtpProfile: null,
    };
    this.peers.set(session, peer);
    this.egress.open(
      {
        type: "viewer-open",
        session,
        stream: options.stream ?? 1,
        peer: {
          localUfrag: "",
          localPwd: "",
          remoteUfrag: "",
          remotePwd: "",
          dtlsRole: "server",
          fingerprints: [],
        },
        media: options.media ?? [audioSection(), videoSection()],
        source,
        cname: CNAME,
        playoutDelay: options.playoutDelay ?? null,
        limits: NO_LIMITS,
      },
      peer as unknown as Peer,
      this.now,
    );
    if (options.connect !== false) this.connect(recorder);
    return recorder;
  }

  connect(viewer: Recorder & { session: number }): void {
    const peer = this.peers.get(viewer.session)!;
    peer.state = "connected";
    peer.mediaAllowed = true;
    peer.sender = viewer.sender;
    this.egress.connected(viewer.session, this.now);
  }

  close(session: number): void {
    const peer = this.peers.get(session)!;
    peer.state = "closed";
    peer.mediaAllowed = false;
    // Its ciphers may be freed before its viewer hears of the end.
    peer.sender = null;
    this.egress.close(session, this.now);
    for (const { recorders } of this.transports) recorders.delete(peer.path!);
    this.peers.delete(session);
  }

  /** Lets egress work until nothing is left, or for `turns`. */
  forward(...tracks: readonly Track[]): void {
    for (const transport of this.transports) transport.now = this.now;
    for (const track of tracks) this.egress.mark(track.grant.index);
    for (let turn = 0; this.egress.hasWork; turn += 1) {
      if (turn > 10_000) throw new Error("egress never rests");
      if (turn > 0) this.pass(1_000);
      this.egress.forward(this.now, this.now + 1e6, () => this.now);
      if (this.transports.some(({ room, stalled }) => room <= 0 || stalled)) return;
    }
  }

  /** Moves time on and runs what is due. */
  pass(us: number): void {
    this.now += us;
    for (const transport of this.transports) transport.now = this.now;
    this.egress.handleTimeout(this.now);
  }

  rtcp(viewer: { session: number }, bytes: Uint8Array): void {
    for (const transport of this.transports) transport.now = this.now;
    this.egress.handleRtcp(viewer.session, this.now, bytes, 0, bytes.length);
  }
}

/** Signed distance of two 32-bit values. */
export const difference32 = (left: number, right: number) => (left - right) | 0;
