/** What a light publisher sends: VP8 in one layer or several, a keyframe twice a second, and Opus. */
import { randomInt } from "node:crypto";
import { MediaSender } from "../../src/client/media-sender.ts";
import { offeredSections } from "../../src/client/offer.ts";
import type { PacketSink } from "../../src/client/rtp-track.ts";
import type { MediaSection } from "../../src/contract/session.ts";
import { realtimeUs } from "../../src/io/clock.ts";
import { pinnedRegion, unpin } from "../../src/io/pinned.ts";
import type { SrtpSender } from "../../src/srtp/sender.ts";
import { writeU16, writeU32 } from "../../src/wire/bytes.ts";
import { EXTENSION_TABLE_LENGTH, Extension } from "../../src/wire/extensions.ts";

const FRAME_US = 20_000;
const FRAMES_PER_KEYFRAME = 25;
/** Of the largest layer; each next one has half of it. */
const WIDTH = 640;
const HEIGHT = 360;
const KEY_BYTES = 6_000;
const DELTA_BYTES = 1_500;
const OPUS_BYTES = 80;
/** Each frame ends with its number. */
export const NUMBER_BYTES = 4;

/** Sound and a picture; with `rids` in as many layers, the largest first, each of an announced SSRC. */
export function publisherSections(rids: readonly string[]): readonly MediaSection[] {
  const audio = { codec: "opus" as const, clockRate: 48_000, channels: 2, fmtp: "" };
  const video = { codec: "vp8" as const, clockRate: 90_000, channels: 1, fmtp: "" };
  const sections = offeredSections(audio, video, (limit) => randomInt(limit));
  if (rids.length === 0) return sections;
  const extensionIds = new Array<number>(EXTENSION_TABLE_LENGTH).fill(0);
  extensionIds[Extension.rid] = 10;
  const ssrcs = rids.map((_, i) => 1 + i + 8 * randomInt(2 ** 28));
  const rtxSsrcs = rids.map((_, i) => 5 + i + 8 * randomInt(2 ** 28));
  return sections.map((section) =>
    section.kind === "audio" ? section : { ...section, extensionIds, rids, ssrcs, rtxSsrcs },
  );
}

/** A picture of one layer and, with the first, the sound. */
interface Layer {
  readonly media: MediaSender;
  readonly key: Uint8Array;
  readonly delta: Uint8Array;
}

export class ClientMedia {
  readonly #layers: readonly Layer[];
  readonly #histories: ReturnType<typeof pinnedRegion>[] = [];
  readonly #opus = new Uint8Array(OPUS_BYTES).fill(0xfc);
  #frames = 0;
  #origin = Number.NaN;

  constructor(sections: readonly MediaSection[], cname: string) {
    const video = sections.find(({ kind }) => kind === "video");
    const ssrcs = video?.ssrcs ?? [0];
    this.#layers = ssrcs.map((ssrc, i) => ({
      media: this.#senderOf(
        sections.flatMap((section) => {
          if (section.kind === "audio") return i === 0 ? [section] : [];
          return [{ ...section, ssrcs: [ssrc], rtxSsrcs: section.rtxSsrcs.slice(i, i + 1) }];
        }),
        cname,
      ),
      key: keyFrame(i),
      delta: new Uint8Array(DELTA_BYTES >> i).fill(0x11),
    }));
  }

  /** All that is due by now. */
  send(sender: SrtpSender, reports: PacketSink, sink: PacketSink, now: number): void {
    if (Number.isNaN(this.#origin)) {
      this.#origin = now;
      for (const { media } of this.#layers) media.anchor(now);
    }
    for (const { media } of this.#layers) media.sendReports(sender, reports, now, realtimeUs());
    for (; this.#origin + this.#frames * FRAME_US <= now; this.#frames += 1) {
      this.#sendFrames(sender, sink, this.#frames * FRAME_US);
    }
  }

  release(): void {
    this.#histories.forEach(unpin);
  }

  #sendFrames(sender: SrtpSender, sink: PacketSink, timeUs: number): void {
    const key = this.#frames % FRAMES_PER_KEYFRAME === 0;
    for (const { media, ...frames } of this.#layers) {
      const data = key ? frames.key : frames.delta;
      for (const frame of [this.#opus, data]) {
        writeU32(frame, frame.length - NUMBER_BYTES, this.#frames);
      }
      // Who has no sound to send leaves it out.
      media.sendFrame(sender, sink, { kind: "audio", timeUs, key: true, data: this.#opus });
      media.sendFrame(sender, sink, { kind: "video", timeUs, key, data });
    }
  }

  #senderOf(sections: readonly MediaSection[], cname: string): MediaSender {
    return new MediaSender({
      sections,
      cname,
      random: (limit) => randomInt(limit),
      allocate: (bytes) => {
        this.#histories.push(pinnedRegion(bytes));
        return this.#histories.at(-1)!;
      },
    });
  }
}

/** RFC 6386 9.1: P = 0, start code, width and height in little endian. */
function keyFrame(layer: number): Uint8Array {
  const frame = new Uint8Array(KEY_BYTES >> layer);
  frame.set([0x10, 0, 0, 0x9d, 0x01, 0x2a]);
  const littleEndian = (value: number) => ((value & 0xff) << 8) | (value >> 8);
  writeU16(frame, 6, littleEndian(WIDTH >> layer));
  writeU16(frame, 8, littleEndian(HEIGHT >> layer));
  return frame;
}
