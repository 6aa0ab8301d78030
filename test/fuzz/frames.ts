/** Hostile packets of pictures and Opus: whatever comes out is a sample, and true frames come behind it. */
import { boxAt } from "../../src/client/container/boxes.ts";
import { FRAME_BYTES_MAX } from "../../src/limits.ts";
import { framesOf } from "../../src/packager/frames/codecs.ts";
import type { Frame, Packet } from "../../src/packager/frames/frame.ts";
import { OpusFrames } from "../../src/packager/frames/opus.ts";
import type { VideoFrames } from "../../src/packager/frames/video-frames.ts";
import { writeFragment } from "../../src/packager/mp4/fragment.ts";
import { writeInit } from "../../src/packager/mp4/init.ts";
import { Track } from "../../src/packager/mp4/tracks.ts";
import { SlotFlag } from "../../src/ring/layout.ts";
import { sameBytes } from "../../src/wire/bytes.ts";
import { splitOpus } from "../../src/wire/opus.ts";
import { packet, packetsOf } from "../packager/h264-packets.ts";
import { Dice, join } from "./dice.ts";
import { FRAME_KINDS, type FrameKind } from "./frame-kinds.ts";
import { demand } from "./judge.ts";

const STEPS = 300;
const FLAGS = [
  ...[0, SlotFlag.marker, SlotFlag.needsParameterSets, SlotFlag.skip],
  SlotFlag.keyframeStart | SlotFlag.marker,
];

/** One case: how many frames came of it. Throws when a rule is broken. */
export function fuzzFrames(seed: number): number {
  const dice = new Dice(seed);
  const kind = FRAME_KINDS[seed % FRAME_KINDS.length]!;
  const judge = new FrameJudge(kind);
  const cached = () =>
    dice.chance(0.7) ? kind.cached : dice.chance(0.5) ? null : dice.bytes(dice.below(200));
  const frames = framesOf(kind.codec, cached);
  const opus = new OpusFrames();
  let timestamp = 0;
  for (let step = 0; step < STEPS; step += 1) {
    if (dice.chance(0.9)) timestamp = (timestamp + 3000) >>> 0;
    if (dice.chance(0.02)) timestamp = dice.below(2 ** 32);
    if (dice.chance(0.03)) frames.reset();
    const { dropped, waitsForKeyframe } = frames;
    judge.mustBeKey = waitsForKeyframe;
    for (const each of packetsAt(dice, kind, timestamp)) {
      frames.push(each, (frame) => judge.take(frame));
      // The ring's memory is another's now.
      each.payload.fill(0xee);
    }
    demand(frames.dropped - dropped <= 2, "a frame is counted once, and that in front of it");
    pushOpus(dice, opus);
  }
  judge.end();
  demandTrueOnes(kind, frames, (timestamp + 3000) >>> 0);
  return judge.count;
}

/** The packets of one frame, true or altered, or of nothing at all. */
function packetsAt(dice: Dice, kind: FrameKind, timestamp: number): Packet[] {
  const any = () => noise(dice, kind, timestamp);
  if (dice.chance(0.25)) return Array.from({ length: dice.below(5) }, any);
  const frame = kind.make(dice, dice.chance(0.3));
  const found = packetsOf(frame, timestamp, dice.pick([64, 200, 1170]), kind.codec);
  if (dice.chance(0.5)) return found;
  for (let changes = dice.between(1, 3); changes > 0 && found.length > 0; changes -= 1) {
    const at = dice.below(found.length);
    found.splice(at, 1, ...altered(dice, kind, found[at]!));
  }
  return found;
}

/** One packet as none, two, or another. */
function altered(dice: Dice, kind: FrameKind, whole: Packet): Packet[] {
  const { payload, timestamp, flags } = whole;
  const like = (bytes: Uint8Array, marks = flags) => packet(bytes, timestamp, marks);
  const flipped = payload.slice();
  if (flipped.length > 0) flipped[dice.below(Math.min(flipped.length, 12))] = dice.below(256);
  return dice.pick<() => Packet[]>([
    () => [],
    () => [whole, like(payload.slice())],
    () => [like(payload.slice(0, dice.below(payload.length + 1)))],
    () => [like(flipped)],
    () => [like(payload, dice.pick(FLAGS))],
    () => [like(join([dice.pick(kind.forms), payload.length >> 8, payload.length & 255], payload))],
    () => [noise(dice, kind, timestamp), whole],
  ])();
}

function noise(dice: Dice, { forms }: FrameKind, timestamp: number): Packet {
  const bytes = dice.bytes(dice.pick([0, 1, 2, 3, 4, 20, 1856]));
  if (bytes.length > 0) bytes[0] = dice.pick(forms);
  return packet(bytes, timestamp, dice.pick(FLAGS));
}

/** Holds what came out to what a sample is. */
class FrameJudge {
  count = 0;
  mustBeKey = true;
  /** The newest, with a copy of their bytes. */
  readonly #kept: (readonly [Frame, Uint8Array])[] = [];

  constructor(private readonly kind: FrameKind) {}

  take(frame: Frame): void {
    const { data, key, format } = frame;
    demand(data.length <= FRAME_BYTES_MAX, "a frame is longer than any may be");
    demand((format !== null) === key, "a keyframe has a format, and nothing else has");
    demand(key || !this.mustBeKey, "a keyframe was waited for");
    this.mustBeKey = false;
    this.kind.check(frame);
    if (format !== null) {
      demand(writeInit({ video: format, audio: null }).length > 500, "a format can be written");
    }
    this.count += 1;
    this.#kept.push([frame, data.slice()]);
    if (this.#kept.length > 50) this.#kept.shift();
  }

  end(): void {
    for (const [{ data }, copy] of this.#kept)
      demand(sameBytes(data, copy), "bytes are overwritten");
    const samples = this.#kept.map(([{ key, data: bytes, timestamp }], n) => ({
      ...{ time: n, duration: 1, offset: 0, timestamp },
      key,
      bytes,
    }));
    const fragment = writeFragment(1, [{ track: Track.video, samples }]);
    const media = boxAt(fragment, "mdat");
    demand(sameBytes(media, join(...samples.map(({ bytes }) => bytes))), "a fragment has them all");
  }
}

/** Behind anything that came a keyframe and what builds on it come whole. */
function demandTrueOnes(
  { codec, key, delta }: FrameKind,
  to: VideoFrames,
  timestamp: number,
): void {
  const found: Uint8Array[] = [];
  const { dropped } = to;
  to.reset();
  for (const [n, [sent]] of [key, delta, delta].entries()) {
    for (const each of packetsOf(sent, (timestamp + 3000 * n) >>> 0, 1170, codec)) {
      to.push(each, ({ data }) => found.push(data));
    }
  }
  demand(sameBytes(found[0] ?? null, key[1]), "a true keyframe comes whole");
  demand(sameBytes(found[1] ?? null, delta[1]), "and what builds on it");
  demand(to.dropped === dropped, "and nothing is counted");
}

function pushOpus(dice: Dice, opus: OpusFrames): void {
  const payload = dice.bytes(dice.below(40));
  if (payload.length > 1 && dice.chance(0.5)) payload[0]! |= 3;
  let came = 0;
  const { dropped } = opus;
  opus.push(packet(payload, 0, dice.chance(0.3) ? SlotFlag.red : 0), ({ data, samples }) => {
    came += 1;
    demand(samples >= 120 && samples <= 5760, "a packet plays 2.5 to 120 ms");
    demand(splitOpus(data) !== null, "and its frames are in it");
  });
  demand(came + opus.dropped - dropped === 1, "a packet comes out or is counted");
}
