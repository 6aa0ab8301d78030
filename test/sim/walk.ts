/** Random walks among layers through a real Egress, and the judgement of what each viewer got. */
import { NO_LIMITS } from "../../src/media/layer-choice.ts";
import { Codec } from "../../src/wire/codecs.ts";
import { describePayload } from "../../src/wire/describe.ts";
import { Extension } from "../../src/wire/extensions.ts";
import { PayloadDescription } from "../../src/wire/payload-description.ts";
import { nackLengthMax, writeNack } from "../../src/wire/rtcp/nack.ts";
import { Encoding, FRAME_US, markOf, modeOf } from "../egress/encoding.ts";
import {
  extensionIds,
  format,
  H264,
  RTX_SSRC,
  Sim,
  sourceOf,
  TRANSPORT_ID,
  VIDEO_SSRC,
  VP8,
  videoSection,
  withoutRtx,
} from "../egress/harness.ts";
import type { Recorder, Sent } from "../egress/recorder.ts";
import { seeded } from "../support/random.ts";
import { WRAP_STARTS_16, WRAP_STARTS_32 } from "../support/wrap-starts.ts";
import { type Excuses, judge, type SentPacket } from "./decodability.ts";
import type { Style } from "./layer-packets.ts";
import { leftOut } from "./layered-stream.ts";

export interface WalkCase {
  readonly style: Style;
  readonly mode: string;
  /** Simulcast encodings. */
  readonly encodings: number;
}

const SVC = ["L1T2", "L1T3", "L2T1", "L2T2", "L2T3", "L3T1", "L3T2", "L3T3"];
const SVC_MODES = [...SVC, "L2T1_KEY", "L2T2_KEY", "L2T3_KEY", "L3T1_KEY", "L3T2_KEY", "L3T3_KEY"];
const TEMPORAL = ["L1T1", "L1T2", "L1T3"];

function cases(style: Style, modes: readonly string[], encodings: number): WalkCase[] {
  return modes.map((mode) => ({ style, mode, encodings }));
}

export const WALK_CASES: readonly WalkCase[] = [
  ...cases("vp8", TEMPORAL, 1),
  ...cases("vp8", TEMPORAL, 3),
  ...cases("vp8-descriptor", TEMPORAL, 3),
  ...cases("h264", ["L1T1"], 3),
  ...cases("vp9-flexible", SVC_MODES, 1),
  ...cases("vp9-group", SVC_MODES, 1),
  ...cases("vp9-flexible", TEMPORAL, 3),
  ...cases("av1-descriptor", SVC_MODES, 1),
  ...cases("av1-descriptor", TEMPORAL, 3),
];

const PICTURES = 60;
const DESCRIPTOR_ID = 7;
const WALL_US = 3.9e15;

const SECTION = videoSection({
  formats: [
    VP8,
    H264,
    format({ codec: "vp9", payloadType: 98, rtxPayloadType: 99, fmtp: "profile-id=0" }),
    format({ codec: "av1", payloadType: 45, rtxPayloadType: 46 }),
  ],
  extensionIds: extensionIds([
    [Extension.transportCc, TRANSPORT_ID],
    [Extension.dependencyDescriptor, DESCRIPTOR_ID],
  ]),
  mixedExtensions: true,
});

const description = new PayloadDescription();

export interface WalkTotals {
  frames: number;
  /** Changes of encoding, and repairs that were compared. */
  switches: number;
  repairs: number;
  points: Set<string>;
}

/** `viewers` walks over one publisher. Throws where a viewer's stream is not clean. */
export class Walk {
  private readonly sim: Sim;
  private readonly pick: (limit: number) => number;
  private readonly random: () => number;
  private readonly encodings: Encoding[];
  private readonly viewers: (Recorder & { session: number })[] = [];
  private readonly late: { readonly at: number; readonly arrive: () => void }[] = [];
  /** By encoding and origin sequence: when it reached the ring. */
  private readonly arrived = new Map<string, number>();
  /** Pictures with a layer left out of which a packet came late: what came before it may have been the
   * last for all that was known. */
  private readonly open = new Set<string>();
  private lost = 0;
  private held = 0;

  constructor(
    seed: number,
    private readonly what: WalkCase,
    viewers: number,
    /** Share of packets that come late, of which a fifth never comes. */
    private readonly lateness: number,
    private readonly totals: WalkTotals,
  ) {
    this.random = seeded(seed);
    this.pick = (limit) => Math.floor(this.random() * limit);
    this.sim = new Sim(seed, WRAP_STARTS_16[this.pick(WRAP_STARTS_16.length)]!);
    const { mode, style, encodings } = what;
    this.encodings = Array.from({ length: encodings }, (_, place) => {
      const start = WRAP_STARTS_32[this.pick(16)]!;
      const place_ = encodings === 1 ? -1 : place;
      const [pictureStart, timestampStart] = [this.pick(0x8000), this.pick(2 ** 32)];
      return new Encoding({ mode, style, start, pictureStart, timestampStart, place: place_ });
    });
    const source = sourceOf({ video: this.encodings });
    for (let i = 0; i < viewers; i += 1) {
      const media = [i % 4 === 3 ? withoutRtx(SECTION) : SECTION];
      this.viewers.push(this.sim.open(source, { media }));
    }
  }

  run(): void {
    const keyframes = this.encodings.map(() => 0);
    const asked = this.encodings.map(() => 0);
    for (let picture = 0; picture < PICTURES; picture += 1) {
      this.encodings.forEach((encoding, i) => {
        if (encoding.asked !== asked[i] && keyframes[i]! < picture) {
          keyframes[i] = picture + this.pick(4);
        }
        asked[i] = encoding.asked;
        this.send(encoding, keyframes[i] === picture || this.pick(40) === 0, picture);
        if (picture % 15 === 3) encoding.report(WALL_US + picture * FRAME_US, this.sim.now);
      });
      this.deliverLate(picture);
      this.forward();
      for (const viewer of this.viewers) if (this.pick(8) === 0) this.limit(viewer);
      this.nack();
      this.sim.pass(FRAME_US);
    }
    this.deliverLate(Number.POSITIVE_INFINITY);
    this.forward();
    for (const viewer of this.viewers) this.check(viewer);
  }

  /** One picture on its way from the publisher, with a detour for some of its packets. */
  private send(encoding: Encoding, keyframe: boolean, picture: number): void {
    const thin = leftOut(this.what.style, this.random);
    const { spatialLayers } = modeOf(this.what.mode);
    const packets = encoding.capture(keyframe, () => 1 + this.pick(3), thin);
    if (this.lateness > 0 && picture > 0 && packets.length > 1 && this.pick(4) === 0) {
      const at = this.pick(packets.length - 1);
      packets.splice(at, 2, packets[at + 1]!, packets[at]!);
    }
    for (const packet of packets) {
      const arrive = () => {
        encoding.arrive(packet, this.sim.now);
        this.arrived.set(`${encoding.place}/${packet.sequence | 0}`, this.sim.now);
      };
      if (picture === 0 || this.random() >= this.lateness) arrive();
      else if (this.pick(5) === 0) this.lost += 1;
      else {
        this.held += 1;
        this.late.push({ at: picture + this.pick(5), arrive });
        const frames = new Set(packets.map(({ frame }) => frame.id)).size;
        if (frames < spatialLayers) this.open.add(`${encoding.place}/${packet.frame.picture}`);
      }
    }
  }

  private deliverLate(picture: number): void {
    for (let i = this.late.length - 1; i >= 0; i -= 1) {
      if (this.late[i]!.at <= picture) this.late.splice(i, 1)[0]!.arrive();
    }
  }

  /** Now and then the output is full, for some packets or for a while. */
  private forward(): void {
    const { sim, encodings } = this;
    if (this.pick(3) === 0) {
      sim.output.room = this.pick(20);
      sim.forward(...encodings);
      sim.output.room = Number.POSITIVE_INFINITY;
    }
    sim.forward(...encodings);
  }

  private limit(viewer: { session: number }): void {
    const rid = this.what.encodings > 1 && this.pick(4) > 0 ? `r${this.pick(3)}` : "";
    const limits = { ...NO_LIMITS, rid, spatialMax: this.pick(4), temporalMax: this.pick(4) };
    this.sim.egress.limit(viewer.session, limits, this.sim.now);
  }

  /** Asks some viewers' packets again: what comes must be what left. */
  private nack(): void {
    for (const viewer of this.viewers) {
      if (this.pick(10) > 0 || viewer.rtp.length === 0) continue;
      const asked = viewer.rtp[this.pick(viewer.rtp.length)]!;
      if (asked.ssrc !== VIDEO_SSRC) continue;
      const before = viewer.rtp.length;
      const bytes = new Uint8Array(nackLengthMax(1));
      const length = writeNack(bytes, 0, 1, VIDEO_SSRC, Uint16Array.of(asked.index & 0xffff), 1);
      this.sim.rtcp(viewer, bytes.subarray(0, length));
      const again = viewer.rtp[before];
      if (again === undefined) continue;
      this.totals.repairs += 1;
      const rtx = again.ssrc === RTX_SSRC;
      const media = rtx ? again.payload.subarray(2) : again.payload;
      const same = Buffer.compare(media, asked.payload) === 0;
      if (!same || again.marker !== asked.marker || again.timestamp !== asked.timestamp) {
        throw new Error(`${asked.index} is repaired by something else`);
      }
      if (!rtx && !again.again) throw new Error(`${asked.index} left for the first time by a NACK`);
    }
  }

  private check(viewer: Recorder): void {
    const all = viewer.of(VIDEO_SSRC).filter((sent) => !sent.again);
    all.sort((left, right) => left.index - right.index);
    this.checkIndices(all);
    const media = all.filter((sent) => sent.payload.length > 0);
    const packets = media.map((sent) => this.truthOf(sent));
    const { frames, faults } = judge(packets, this.excuses(media, packets));
    if (faults.length > 0) throw new Error(faults.slice(0, 5).join("; "));
    this.totals.frames += frames;
    this.checkNumbers(media, packets);
    for (const { frame } of packets) {
      this.totals.points.add(`${this.what.style} ${frame.spatialId}/${frame.temporalId}`);
    }
  }

  /**
   * No index twice, and none missing but for what the rings lack and one where a layer was left in the
   * middle of a frame.
   */
  private checkIndices(all: readonly Sent[]): void {
    let holes = 0;
    for (let i = 1; i < all.length; i += 1) {
      const step = all[i]!.index - all[i - 1]!.index;
      if (step < 1) throw new Error(`index ${all[i]!.index} twice`);
      const atCut = step > 1 && cutsFrame(all[i - 1]!, all[i]!) ? 1 : 0;
      holes += step - 1 - atCut;
    }
    if (holes > this.lost + this.held) throw new Error(`${holes} holes`);
    const fills = all.filter(({ payload }) => payload.length === 0).length;
    if (this.lateness === 0 && fills > 0) throw new Error(`${fills} packets of padding`);
  }

  private truthOf(sent: Sent): SentPacket {
    const { place, origin } = markOf(sent.payload);
    const truth = this.encodings[Math.max(0, place)]!.written.get(origin)!;
    const { frame, part, parts } = truth;
    const { marker, timestamp, index } = sent;
    return { stream: place, frame, part, parts, marker, timestamp, sequence: index };
  }

  /** Frames of which a packet never came, or not before the viewer had gone to another encoding. */
  private excuses(media: readonly Sent[], packets: readonly SentPacket[]): Excuses {
    const damaged = new Set<string>();
    const pictures = new Set(this.open);
    for (let from = 0; from < packets.length; ) {
      let to = from + 1;
      while (to < packets.length && packets[to]!.stream === packets[from]!.stream) to += 1;
      const leftAt = to < media.length ? media[to]!.at : Number.POSITIVE_INFINITY;
      this.excuse(packets[from]!.stream, leftAt, damaged, pictures);
      if (from > 0) this.totals.switches += 1;
      from = to;
    }
    return { damaged, pictures, cuts: true };
  }

  private excuse(place: number, leftAt: number, damaged: Set<string>, pictures: Set<string>): void {
    for (const [origin, { frame }] of this.encodings[Math.max(0, place)]!.written) {
      const at = this.arrived.get(`${place}/${origin}`) ?? Number.POSITIVE_INFINITY;
      if (at < leftAt) continue;
      damaged.add(`${place}/${frame.id}`);
      pictures.add(`${place}/${frame.picture}`);
    }
  }

  /** Picture ids and frame numbers as a receiver uses them: references and order hold by them. */
  private checkNumbers(media: readonly Sent[], packets: readonly SentPacket[]): void {
    const { codec } = this.encodings[0]!;
    const descriptors = this.what.style.endsWith("descriptor");
    let stream = Number.NaN;
    let shift = 0;
    let highest = Number.NaN;
    const bits = descriptors ? 16 : 15;
    const ahead = (value: number, of: number) => ((value - of) << (32 - bits)) >> (32 - bits);
    media.forEach((sent, i) => {
      const { frame, stream: now, part } = packets[i]!;
      describePayload(codec, sent.payload, 0, sent.payload.length, sent.marker, description);
      const number = descriptors ? frameNumber(sent) : description.pictureId;
      if (codec === Codec.h264 || part > 0) return;
      const truth = descriptors ? frame.id : frame.picture;
      if (now !== stream) {
        if (!Number.isNaN(highest) && ahead(number, highest) <= 0) {
          throw new Error(`number ${number} after ${highest} at a switch`);
        }
        stream = now;
        shift = number - truth;
      } else if (codec === Codec.vp8 && !descriptors) {
        const step = ahead(number, highest);
        if (this.lateness === 0 && step !== 1)
          throw new Error(`picture ${number} after ${highest}`);
      } else if (ahead(number, truth + shift) !== 0) {
        throw new Error(`number ${number} for frame ${truth}`);
      }
      if (Number.isNaN(highest) || ahead(number, highest) > 0) highest = number;
    });
  }
}

/** The second is of another layer, and the first, of media, does not end its frame. */
function cutsFrame(before: Sent, after: Sent): boolean {
  if (before.marker || before.payload.length === 0 || after.payload.length === 0) return false;
  return markOf(before.payload).place !== markOf(after.payload).place;
}

function frameNumber(sent: Sent): number {
  const descriptor = sent.extensions.get(DESCRIPTOR_ID)!;
  return (descriptor[1]! << 8) | descriptor[2]!;
}

/** Walks `from` to `to`, each seed with `viewers` of them; returns what they came to. */
export function walk(from: number, to: number, viewers: number): WalkTotals {
  const totals: WalkTotals = { frames: 0, switches: 0, repairs: 0, points: new Set() };
  for (let seed = from; seed < to; seed += 1) {
    const what = WALK_CASES[seed % WALK_CASES.length]!;
    const lateness = Math.floor(seed / WALK_CASES.length) % 2 === 0 ? 0 : 0.04;
    try {
      new Walk(seed, what, viewers, lateness, totals).run();
    } catch (error) {
      const name = `${what.style} ${what.mode} x ${what.encodings}`;
      throw new Error(`seed ${seed}, ${name}: ${error}`, { cause: error });
    }
  }
  return totals;
}
