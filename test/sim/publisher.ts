/** A publisher of simulcast or SVC with sound, as rings. */
import type { StreamSource } from "../../src/contract/source.ts";
import { createRing, SlotFlag } from "../../src/ring/layout.ts";
import { RingWriter } from "../../src/ring/writer.ts";
import { Codec } from "../../src/wire/codecs.ts";
import { Encoding, temporalShare } from "./encoding.ts";
import { MODES, type Mode } from "./layered-stream.ts";
import { AUDIO_INTERVAL_US, AUDIO_PAYLOAD_BYTES, PICTURES_PER_SECOND, wireRate } from "./packet.ts";

const AUDIO_CLOCK_RATE = 48_000;
const AUDIO_TICKS = (AUDIO_INTERVAL_US * AUDIO_CLOCK_RATE) / 1e6;
const AUDIO_RING = 4096;
const FRAME_US = 1e6 / PICTURES_PER_SECOND;
const TIMING_US = 1_000_000;
const WALL_OFFSET_US = 3.9e15;
const RIDS = ["q", "h", "f", "x"];
const WIDTH_MIN = 240;

export interface Layering {
  /** Bits a second that a viewer of each picture size is sent, rising. */
  readonly layers: readonly number[];
  /** A mode of W3C webrtc-svc: one VP9 stream (more than one spatial layer), or each simulcast layer's. */
  readonly mode?: string;
  /** A picture's packets come within so long, us; by default all at once. */
  readonly spreadUs?: number;
}

export class Publisher {
  readonly source: StreamSource;
  /** Bits a second on the wire with the audio of each step that a viewer can be at, rising. */
  readonly ladder: readonly number[];
  readonly mode: Mode;
  private readonly encodings: readonly Encoding[];
  private readonly audio = new RingWriter(createRing("audio"));
  private pictureAt = 0;
  private audioAt = 0;
  private audioSequence = 0;
  private timingAt = 0;

  constructor(
    random: () => number,
    { layers, mode: name = "L1T1", spreadUs }: Layering,
    private readonly mark: (ring: number) => void,
  ) {
    const mode = MODES.find((one) => one.name === name)!;
    const svc = mode.spatialLayers > 1;
    const rates = layers.map((rate, i) => (svc ? rate - (layers[i - 1] ?? 0) : rate));
    const top = WIDTH_MIN << (layers.length - 1);
    this.mode = mode;
    this.encodings = svc
      ? [new Encoding(random, mode, "vp9-flexible", rates, "", top, spreadUs)]
      : rates.map(
          (rate, i) =>
            new Encoding(random, mode, "vp8", [rate], RIDS[i]!, WIDTH_MIN << i, spreadUs),
        );
    this.audio.describe(Codec.opus, AUDIO_CLOCK_RATE, "", "");
    this.source = {
      epoch: 1,
      audio: { index: AUDIO_RING, buffer: this.audio.buffer, writer: 0 },
      video: this.encodings.map(({ grant }) => grant),
    };
    this.ladder = ladderOf(layers, mode);
  }

  /** Which step a viewer is at that gets this ring (or spatial layer) up to this temporal layer. */
  levelOf(ring: number, spatialId: number, temporalId: number): number {
    const size = this.mode.spatialLayers > 1 ? spatialId : ring;
    const most = this.mode.temporalLayers - 1;
    return size === 0 ? Math.min(temporalId, most) : most + size;
  }

  tick(now: number): void {
    for (const encoding of this.encodings) {
      if (encoding.tick(now)) this.mark(encoding.grant.index);
    }
    if (now >= this.pictureAt) {
      this.pictureAt = (this.pictureAt === 0 ? now : this.pictureAt) + FRAME_US;
      for (const encoding of this.encodings) {
        encoding.encode(now);
        this.mark(encoding.grant.index);
      }
    }
    while (now >= this.audioAt) {
      this.audioAt = (this.audioAt === 0 ? now : this.audioAt) + AUDIO_INTERVAL_US;
      this.putAudio(now);
      this.mark(AUDIO_RING);
    }
  }

  private putAudio(now: number): void {
    const { audio } = this;
    const sequence = this.audioSequence;
    const timestamp = (sequence * AUDIO_TICKS) >>> 0;
    this.audioSequence += 1;
    if (now >= this.timingAt) {
      this.timingAt = now + TIMING_US;
      audio.setTiming(timestamp, now + WALL_OFFSET_US, now);
    }
    const offset = audio.reserve(sequence);
    const bytes = AUDIO_PAYLOAD_BYTES;
    audio.setDescription(offset, timestamp, bytes, now, Codec.opus, SlotFlag.marker, null);
    audio.commit(sequence, offset);
  }
}

/** A picture is kept fluent before it is made larger: fewer frames are steps of the smallest alone. */
function ladderOf(layers: readonly number[], mode: Mode): number[] {
  const steps: number[] = [];
  for (let t = 0; t < mode.temporalLayers - 1; t += 1) {
    const pictures = PICTURES_PER_SECOND >> (mode.temporalLayers - 1 - t);
    steps.push(wireRate(layers[0]! * temporalShare(mode, t), pictures));
  }
  return [...steps, ...layers.map((rate) => wireRate(rate))];
}
