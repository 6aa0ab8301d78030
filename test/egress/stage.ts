/** A publisher with layers and its viewers, frame by frame through a real Egress. */
import { expect } from "bun:test";
import { type LayerLimits, NO_LIMITS } from "../../src/media/layer-choice.ts";
import { Extension } from "../../src/wire/extensions.ts";
import { nackLengthMax, writeNack } from "../../src/wire/rtcp/nack.ts";
import { Encoding, type EncodingOptions, FRAME_US, markOf } from "./encoding.ts";
import {
  extensionIds,
  format,
  H264,
  Sim,
  sourceOf,
  TRANSPORT_ID,
  VIDEO_SSRC,
  VP8,
  videoSection,
} from "./harness.ts";
import type { Recorder, Sent } from "./recorder.ts";

export const DESCRIPTOR_ID = 7;
export const WALL_US = 3.9e15;
export const SECTION = videoSection({
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
export type Session = Recorder & { session: number };

/** Some encodings at 30 frames a second, and who watches them. */
export class Stage {
  readonly sim = new Sim(5);
  readonly source;
  /** Encodings that send nothing now. */
  readonly silent = new Set<Encoding>();

  constructor(readonly encodings: readonly Encoding[]) {
    this.source = sourceOf({ video: encodings });
  }

  open(media = SECTION): Session {
    return this.sim.open(this.source, { media: [media] });
  }

  /** So many frame times; `keyframes(encoding)` in the first of them. */
  run(frames: number, keyframes: (encoding: Encoding) => boolean = () => false): void {
    for (let i = 0; i < frames; i += 1) {
      for (const encoding of this.encodings) {
        const key = encoding.picture === 0 || (i === 0 && keyframes(encoding));
        const packets = encoding.capture(key);
        if (this.silent.has(encoding)) continue;
        for (const packet of packets) encoding.arrive(packet, this.sim.now);
      }
      this.sim.forward(...this.encodings);
      this.sim.pass(FRAME_US);
    }
  }

  limit(viewer: Session, limits: Partial<LayerLimits>): void {
    this.sim.egress.limit(viewer.session, { ...NO_LIMITS, ...limits }, this.sim.now);
  }

  track(viewer: Session) {
    return this.sim.egress.viewers.get(viewer.session)!.tracks[0]!;
  }

  nack(viewer: Session, index: number): Sent | undefined {
    const before = viewer.rtp.length;
    const bytes = new Uint8Array(nackLengthMax(1));
    const length = writeNack(bytes, 0, 1, VIDEO_SSRC, Uint16Array.of(index & 0xffff), 1);
    this.sim.rtcp(viewer, bytes.subarray(0, length));
    return viewer.rtp[before];
  }
}

export function simulcast(options: Partial<EncodingOptions> = {}, count = 3): Stage {
  const encodings = Array.from({ length: count }, (_, place) => {
    const start = 1000 * (place + 1);
    const timestampStart = 0xfffff000 - place * 700_000_001;
    const own = { start, pictureStart: 32_760 - place, timestampStart, place };
    return new Encoding({ mode: "L1T2", style: "vp8", ...own, ...options });
  });
  return new Stage(encodings);
}

export const svc = (mode: string, style: EncodingOptions["style"] = "av1-descriptor") =>
  new Stage([new Encoding({ mode, style, start: 65_530 })]);

export const placesOf = (packets: readonly Sent[]) =>
  packets.map(({ payload }) => markOf(payload).place);

export function expectNoGaps(viewer: Recorder): void {
  const indices = viewer.of(VIDEO_SSRC).map(({ index }) => index);
  expect(indices).toEqual(indices.map((_, i) => indices[0]! + i));
}
