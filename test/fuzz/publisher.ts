/** A publisher whose packets reach a real ingest and real rings, late, twice, out of order or never. */
import type { MediaFormat, MediaSection } from "../../src/contract/session.ts";
import type { RingGrant, StreamSource } from "../../src/contract/source.ts";
import { Publisher, RTCP_BYTES_MAX } from "../../src/ingest/publisher.ts";
import { AUDIO_SLOTS, SLOT_BYTES, VIDEO_SLOTS_START } from "../../src/limits.ts";
import { createRing, Guarded, RECORD_HEAD_BYTES, RingViews, Slot } from "../../src/ring/layout.ts";
import { EXTENSION_TABLE_LENGTH, Extension } from "../../src/wire/extensions.ts";
import { RtcpCursor, readMediaSsrc } from "../../src/wire/rtcp/compound.ts";
import { readNack } from "../../src/wire/rtcp/nack.ts";
import type { FencedMemory } from "../support/fenced.ts";
import { PUBLISHER_IDS, type Rtp, writeRtp } from "./datagram.ts";
import { type Dice, join } from "./dice.ts";
import { FuzzEncoding, PAYLOAD_TYPES, someElements } from "./encoding.ts";
import type { Ledger } from "./ledger.ts";

const AUDIO_TYPE = 111;
const RED_TYPE = 63;
const RTX_TYPES = new Map([
  [PAYLOAD_TYPES.vp8, 97],
  [PAYLOAD_TYPES["vp9-group"], 99],
  [PAYLOAD_TYPES.h264, 103],
  [PAYLOAD_TYPES["av1-descriptor"], 46],
]);
const FRAME_US = 33_333;
const AUDIO_US = 20_000;
const DATAGRAM_BYTES = 3000;
/** What stands in a ring's slots before anything was written there. */
const POISON = 0xbd;
const NACKED_MAX = 512;

interface Arrival {
  readonly at: number;
  readonly bytes: Uint8Array;
}

let ringIndex = 0;
let epochs = 0;

export class FuzzPublisher {
  readonly source: StreamSource;
  readonly publisher: Publisher;
  readonly encodings: readonly FuzzEncoding[];
  private readonly grants: readonly (readonly RingGrant[])[];
  private readonly sections: readonly MediaSection[];
  private readonly region;
  private readonly out = new Uint8Array(RTCP_BYTES_MAX);
  private readonly arrivals: Arrival[] = [];
  private readonly audioSsrc: number;
  private audioSequence: number;
  private transport = 0;
  private frameAt = 0;
  private audioAt = 0;
  private keyframe = true;
  /** Shares of what it sends: lost, late, twice. */
  private readonly loss: number;
  private readonly late: number;

  constructor(
    private readonly dice: Dice,
    private readonly ledger: Ledger,
    memory: FencedMemory,
    stream: number,
    counters: Float64Array,
    now: number,
  ) {
    this.loss = dice.pick([0, 0.02, 0.2]);
    this.late = dice.pick([0, 0.05, 0.3]);
    this.region = memory.allocate(DATAGRAM_BYTES);
    this.audioSsrc = dice.below(2 ** 32);
    this.audioSequence = dice.below(65_536);
    const layers = dice.between(1, 3);
    this.encodings = Array.from(
      { length: layers },
      () => new FuzzEncoding(dice, ledger, layers > 1),
    );
    this.sections = [this.audioSection(), this.videoSection()];
    this.grants = [[newRing("audio")], this.encodings.map(() => newRing("video"))];
    epochs += 1;
    this.source = { epoch: epochs, audio: this.grants[0]![0]!, video: this.grants[1]! };
    this.publisher = new Publisher({
      command: {
        type: "publisher-open",
        session: epochs,
        stream,
        peer: NO_PEER,
        media: this.sections,
        rings: this.grants,
        bitrateMax: 4_000_000,
      },
      peer: { state: "connected", path: null, reportsAllowed: true, srtpProfile: null },
      now,
      ssrc: 1,
      cname: "ingest",
      readers: 1,
      counters,
    });
  }

  /** Sends what is due and takes what arrives; calls `mark` for rings with news. */
  tick(now: number, mark: (ring: number) => void): void {
    if (now >= this.frameAt) this.capture(now);
    while (now >= this.audioAt) this.sound(now);
    this.hand(now, mark);
    this.publisher.handleTimeout(now);
    this.answer(now);
  }

  /** Takes what arrives, and nothing else happens. */
  hand(now: number, mark: (ring: number) => void): void {
    for (let i = 0; i < this.arrivals.length; ) {
      const { at, bytes } = this.arrivals[i]!;
      if (at > now) i += 1;
      else {
        this.arrivals.splice(i, 1);
        this.arrive(now, bytes);
      }
    }
    this.publisher.drainTouched(mark);
  }

  /** Something that publishers do now and then. */
  misbehave(now: number): void {
    const { dice } = this;
    const encoding = dice.pick(this.encodings);
    const kind = dice.below(9);
    if (kind === 0) this.keyframe = true;
    else if (kind === 1) encoding.replaceSource();
    else if (kind === 2) {
      encoding.restart();
      this.keyframe = true;
    } else if (kind === 3) encoding.sequence = dice.below(65_536);
    else if (kind === 4) this.repeat(now, encoding);
    else if (kind === 5) this.send(now, dice.bytes(dice.below(100)));
    else if (kind === 6) this.probe(now, encoding);
    else this.hold(now, encoding);
  }

  close(): void {
    this.publisher.close();
  }

  private capture(now: number): void {
    this.frameAt = now + FRAME_US;
    const { keyframe } = this;
    this.keyframe = this.dice.chance(0.03);
    for (const encoding of this.encodings) {
      if (this.dice.chance(0.03)) continue;
      for (const rtp of encoding.capture(keyframe)) this.sendRtp(now, encoding, rtp);
    }
  }

  /** Numbers are reserved, others come first; then what was held back comes, full or empty. */
  hold(now: number, encoding = this.dice.pick(this.encodings)): void {
    const { dice } = this;
    const held: Rtp[] = [];
    const count = dice.pick([3, 20, 100, 250]);
    const filled = dice.chance(0.5);
    let timestamp = 0;
    while (held.length < count) {
      const frame = encoding.capture(false);
      timestamp = frame[0]!.timestamp;
      for (const rtp of frame) held.push(filled && dice.chance(0.8) ? rtp : { ...rtp, ...EMPTY });
    }
    for (const rtp of encoding.capture(false)) this.sendRtp(now, encoding, rtp, 0);
    for (const rtp of held) this.sendRtp(now, encoding, rtp, dice.between(1, 120_000));
    if (dice.chance(0.5)) this.sendRtp(now, encoding, encoding.empty(timestamp), 1000);
  }

  /** Retransmissions that nobody asked for: of any number, of this source or of one before. */
  private repeat(now: number, encoding: FuzzEncoding): void {
    const { dice } = this;
    for (let i = dice.between(1, 20); i > 0; i -= 1) {
      const sequence = (encoding.sequence - dice.pick([0, 3, 50, 400, -30])) & 0xffff;
      const known = encoding.sent.get(sequence);
      if (known !== undefined) this.sendRtx(now, encoding, known, sequence);
    }
  }

  /** Bandwidth probes: padding alone, with a number of its own or on the RTX stream. */
  private probe(now: number, encoding: FuzzEncoding): void {
    const { dice } = this;
    for (let i = dice.between(1, 8); i > 0; i -= 1) {
      const rtp = encoding.empty(0);
      this.sendRtp(now, encoding, rtp);
      this.sendRtx(now, encoding, { ...rtp, payload: new Uint8Array(0) }, dice.below(65_536));
    }
  }

  /** Every encoding sends parameter sets, then a keyframe without. */
  sendNaked(now: number): void {
    for (const encoding of this.encodings) {
      for (const rtp of encoding.captureNaked()) this.sendRtp(now, encoding, rtp, 0);
    }
  }

  private sound(now: number): void {
    const { dice } = this;
    this.audioAt = Math.max(this.audioAt + AUDIO_US, now - 2 * AUDIO_US);
    this.audioSequence = (this.audioSequence + 1) & 0xffff;
    const elements = someElements(dice);
    const payload = dice.bytes(dice.pick([1, 3, 80, 160, 900, 1275]));
    const red = dice.chance(0.4) && payload.length < 1000;
    this.ledger.note("audio", { payload, loose: new Map(), elements });
    const rtp = {
      payloadType: red ? RED_TYPE : AUDIO_TYPE,
      marker: dice.chance(0.1),
      sequence: this.audioSequence,
      timestamp: Math.floor((now * 48) / 1000) >>> 0,
      ssrc: this.audioSsrc,
      payload: red ? this.redundant(payload, elements) : payload,
      elements: [...elements, [Extension.mid, text("0")] as const],
    };
    const padding = dice.chance(0.05) ? dice.between(1, 255) : 0;
    this.deliver(now, writeRtp(dice, rtp, padding));
  }

  /** RFC 2198, with up to three earlier frames. */
  private redundant(payload: Uint8Array, elements: Rtp["elements"]): Uint8Array {
    const { dice } = this;
    const blocks = Array.from({ length: dice.below(4) }, () => dice.bytes(dice.below(100)));
    const heads = blocks.flatMap(({ length }) => [0x80 | AUDIO_TYPE, 0, length >> 8, length & 255]);
    const all = join(heads, [AUDIO_TYPE], ...blocks, payload);
    const loose = new Map([...blocks.keys(), blocks.length].map((i) => [4 * i, 0x7f]));
    this.ledger.note("audio", { payload: all, loose, elements });
    return all;
  }

  private sendRtp(now: number, encoding: FuzzEncoding, rtp: Rtp, delay?: number): void {
    const { dice } = this;
    const named = this.encodings.length > 1 || dice.chance(0.2);
    const elements = [...rtp.elements, [Extension.mid, text("1")] as const];
    if (named) elements.push([Extension.rid, text(this.ridOf(encoding))]);
    elements.push(this.transportNumber());
    const padding = rtp.payload.length === 0 || dice.chance(0.05) ? dice.between(1, 255) : 0;
    const bytes = writeRtp(dice, { ...rtp, elements }, padding);
    if (delay === undefined) this.deliver(now, bytes);
    else this.send(now + delay, bytes);
  }

  private sendRtx(now: number, encoding: FuzzEncoding, rtp: Rtp, sequence: number): void {
    const { dice } = this;
    const payloadType = RTX_TYPES.get(rtp.payloadType)!;
    const elements = [...rtp.elements, [Extension.mid, text("1")] as const];
    elements.push([Extension.repairedRid, text(this.ridOf(encoding))], this.transportNumber());
    const number = [sequence >> 8, sequence & 255];
    const payload = join(number, rtp.payload);
    const own = { ...rtp, payloadType, ssrc: encoding.rtxSsrc, payload, elements };
    const padding = dice.chance(0.1) ? dice.between(1, 255) : 0;
    this.deliver(now, writeRtp(dice, { ...own, sequence: dice.below(65_536) }, padding));
  }

  private transportNumber(): readonly [number, Uint8Array] {
    this.transport = (this.transport + 1) & 0xffff;
    return [Extension.transportCc, Uint8Array.of(this.transport >> 8, this.transport & 255)];
  }

  /** Over the network, as it is here. */
  private deliver(now: number, bytes: Uint8Array): void {
    const { dice } = this;
    if (dice.chance(this.loss)) return;
    this.send(now + (dice.chance(this.late) ? dice.below(150_000) : 0), bytes);
    if (dice.chance(0.01)) this.send(now + dice.below(50_000), bytes);
  }

  private send(at: number, bytes: Uint8Array): void {
    if (bytes.length <= DATAGRAM_BYTES) this.arrivals.push({ at, bytes });
  }

  /** The packet's last byte is the region's: whoever reads on reads what is fenced off. */
  private arrive(now: number, bytes: Uint8Array): void {
    const { region } = this;
    region.bytes.fill(POISON);
    const at = this.dice.chance(0.5) ? DATAGRAM_BYTES - bytes.length : 0;
    region.bytes.set(bytes, at);
    this.publisher.handleRtp(now, region, at, bytes.length, now);
  }

  /** Hears what ingest asks for. */
  private answer(now: number): void {
    const cursor = new RtcpCursor();
    const numbers = new Uint16Array(NACKED_MAX);
    for (;;) {
      const length = this.publisher.pollRtcp(now, this.out);
      if (length === 0) return;
      cursor.reset(this.out, 0, length);
      while (cursor.next()) {
        if (cursor.type === 206 && cursor.count === 1) this.keyframe ||= this.dice.chance(0.8);
        if (cursor.type !== 205 || cursor.count !== 1) continue;
        const ssrc = readMediaSsrc(this.out, cursor.offset, cursor.length);
        const encoding = this.encodings.find((each) => each.ssrc === ssrc);
        const count = readNack(this.out, cursor.offset, cursor.length, numbers);
        for (let i = 0; i < count && encoding !== undefined; i += 1) {
          const known = encoding.sent.get(numbers[i]!);
          if (known !== undefined) this.sendRtx(now, encoding, known, numbers[i]!);
        }
      }
    }
  }

  private ridOf(encoding: FuzzEncoding): string {
    return this.encodings.length === 1 ? "" : `r${this.encodings.indexOf(encoding)}`;
  }

  private audioSection(): MediaSection {
    const opus = { ...FORMAT, codec: "opus", clockRate: 48_000, channels: 2 } as const;
    const formats = [{ ...opus, payloadType: AUDIO_TYPE, redPayloadType: RED_TYPE }];
    return { ...this.section("0", formats), kind: "audio" };
  }

  private videoSection(): MediaSection {
    const sets = [Uint8Array.of(0x67, ...this.dice.bytes(12)), Uint8Array.of(0x68, 1, 2)];
    for (const unit of sets) this.ledger.noteUnit(unit);
    const sprop = sets.map((unit) => Buffer.from(unit).toString("base64")).join(",");
    const formats = (
      [
        ["vp8", PAYLOAD_TYPES.vp8, ""],
        ["vp9", PAYLOAD_TYPES["vp9-group"], "profile-id=0"],
        ["h264", PAYLOAD_TYPES.h264, `packetization-mode=1;sprop-parameter-sets=${sprop}`],
        ["av1", PAYLOAD_TYPES["av1-descriptor"], ""],
      ] as const
    ).map(([codec, payloadType, fmtp]) => {
      const rtxPayloadType = RTX_TYPES.get(payloadType)!;
      return { ...FORMAT, codec, payloadType, rtxPayloadType, fmtp };
    });
    const rids = this.encodings.length > 1 ? this.encodings.map((_, i) => `r${i}`) : [];
    const announced = rids.length === 0 && this.dice.chance(0.5);
    const ssrcs = announced ? [this.encodings[0]!.ssrc] : [];
    const rtxSsrcs = announced ? [this.encodings[0]!.rtxSsrc] : [];
    return { ...this.section("1", formats), rids, ssrcs, rtxSsrcs };
  }

  private section(mid: string, formats: readonly MediaFormat[]): MediaSection {
    const extensionIds = new Array<number>(EXTENSION_TABLE_LENGTH).fill(0);
    for (const [internal, id] of Object.entries(PUBLISHER_IDS)) extensionIds[Number(internal)] = id;
    const none = { ssrcs: [], rtxSsrcs: [], rids: [] };
    return { mid, kind: "video", formats, extensionIds, mixedExtensions: true, ...none };
  }
}

const EMPTY = { payload: new Uint8Array(0), elements: [] } as const;
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

const FORMAT: MediaFormat = {
  codec: "vp8",
  payloadType: 0,
  rtxPayloadType: null,
  redPayloadType: null,
  clockRate: 90_000,
  channels: 1,
  fmtp: "",
  nack: true,
  pli: true,
  fir: true,
  remb: true,
  transportCc: true,
};

const NO_PEER = {
  localUfrag: "",
  localPwd: "",
  remoteUfrag: "",
  remotePwd: "",
  dtlsRole: "server",
  fingerprints: [],
} as const;

/** A ring whose memory is not zero where nobody may read yet. */
function newRing(kind: "audio" | "video"): RingGrant {
  const buffer = createRing(kind);
  const bytes = new Uint8Array(buffer);
  const { base } = new RingViews(buffer);
  const slots = kind === "audio" ? AUDIO_SLOTS : VIDEO_SLOTS_START;
  for (let i = 0; i < slots; i += 1) {
    bytes.fill(POISON, base + i * SLOT_BYTES + Slot.extensions, base + (i + 1) * SLOT_BYTES);
  }
  const sets = Guarded.parameterSets.at + RECORD_HEAD_BYTES;
  bytes.fill(POISON, sets, sets + Guarded.parameterSets.bytes);
  ringIndex = (ringIndex + 1) % 4096;
  return { index: ringIndex, buffer, writer: 0 };
}
