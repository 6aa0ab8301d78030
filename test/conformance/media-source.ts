/** What an encoder puts out, one packet a frame: Opus and H.264 or VP8, with any header extension. */
import type { MediaSection } from "../../src/contract/session.ts";
import type { Region } from "../../src/srtp/cipher.ts";
import type { SrtpSender } from "../../src/srtp/sender.ts";
import type { MediaKind } from "../../src/wire/codecs.ts";
import { FeedbackFormat, RtcpCursor, RtcpType } from "../../src/wire/rtcp/compound.ts";
import { writeRtpHeader } from "../../src/wire/rtp.ts";
import { fromHex } from "../support/hex.ts";

const FRAME_US = 20_000;
const KEYFRAME_EVERY = 25;

/** SPS of High profile 3.1, PPS and IDR in one STAP-A: what OBS sends under an offer of 42e01f. */
export const HIGH_SPS = "6764001facd9405005bb011000000300100000030320f1831960";
const PPS = "68ebecb22c";
const H264_KEY = stapA([HIGH_SPS, PPS, `65b800${"5a".repeat(40)}`]);
const H264_DELTA = fromHex(`41e000${"3c".repeat(20)}`);
/** A descriptor with S; the keyframe's header says 640 x 360. */
const VP8_KEY = fromHex(`10500000${"9d012a"}80026801${"5a".repeat(40)}`);
const VP8_DELTA = fromHex(`1051${"3c".repeat(20)}`);
const OPUS = fromHex(`78${"11".repeat(30)}`);

interface Track {
  readonly kind: MediaKind;
  readonly payloadType: number;
  readonly ssrc: number;
  readonly h264: boolean;
  readonly mid: string;
}

export class MediaSource {
  /** One-byte header extensions of every packet: id to text, by kind. `MID` stands for the mid. */
  extensions: Readonly<Record<number, string>> = {};
  /** No keyframe after the first: a publisher that ignores PLI with an endless GOP. */
  oneKeyframe = false;
  paused = false;
  plis = 0;
  frames = 0;
  /** The 48-bit index of the next packet of both tracks. */
  index = 65_480;
  readonly tracks: readonly Track[];
  readonly #cursor = new RtcpCursor();
  #origin = Number.NaN;

  constructor(sections: readonly MediaSection[], ssrcs: { audio: number; video: number }) {
    this.tracks = sections.map(({ kind, mid, formats }) => {
      const h264 = formats.find(({ codec }) => codec === "h264");
      const format = h264 ?? formats.find(({ codec }) => codec !== "h264")!;
      const { payloadType } = format;
      return { kind, mid, payloadType, ssrc: ssrcs[kind], h264: h264 !== undefined };
    });
  }

  /** Sends the frames that are due, each sealed into `region` from its start. */
  run(now: number, sender: SrtpSender, region: Region, send: (length: number) => void): void {
    if (this.paused) return;
    if (Number.isNaN(this.#origin)) this.#origin = now - this.frames * FRAME_US;
    for (; this.#origin + this.frames * FRAME_US <= now; this.frames += 1) {
      for (const track of this.tracks) this.#sendFrame(track, sender, region, send);
      this.index += 1;
    }
  }

  handleRtcp(bytes: Uint8Array, offset: number, length: number): void {
    this.#cursor.reset(bytes, offset, length);
    while (this.#cursor.next()) {
      const { type, count } = this.#cursor;
      if (type === RtcpType.payloadFeedback && count === FeedbackFormat.pli) this.plis += 1;
    }
  }

  #sendFrame(
    track: Track,
    sender: SrtpSender,
    region: Region,
    send: (length: number) => void,
  ): void {
    const { kind, payloadType, ssrc } = track;
    const clock = kind === "audio" ? 48_000 : 90_000;
    const timestamp = (this.frames * FRAME_US * clock) / 1e6;
    const extensions = this.#extensionBlock(track);
    const marker = kind === "video";
    const extended = extensions.length > 0;
    const sequence = this.index & 0xffff;
    let at = writeRtpHeader(
      region.bytes,
      0,
      payloadType,
      marker,
      sequence,
      timestamp,
      ssrc,
      extended,
      false,
    );
    region.bytes.set(extensions, at);
    at += extensions.length;
    const payload = this.#payload(track);
    region.bytes.set(payload, at);
    const stream = sender.stream(ssrc);
    send(sender.sealRtp(stream, region, 0, at, region, at, payload.length, this.index));
  }

  #payload(track: Track): Uint8Array {
    if (track.kind === "audio") return OPUS;
    const key = this.frames === 0 || (!this.oneKeyframe && this.frames % KEYFRAME_EVERY === 0);
    if (track.h264) return key ? H264_KEY : H264_DELTA;
    return key ? VP8_KEY : VP8_DELTA;
  }

  /** RFC 8285 4.2. */
  #extensionBlock(track: Track): Uint8Array {
    const elements: number[] = [];
    for (const [id, text] of Object.entries(this.extensions)) {
      const value = new TextEncoder().encode(text === "MID" ? track.mid : text);
      elements.push((Number(id) << 4) | (value.length - 1), ...value);
    }
    if (elements.length === 0) return new Uint8Array(0);
    while (elements.length % 4 !== 0) elements.push(0);
    return Uint8Array.of(0xbe, 0xde, 0, elements.length / 4, ...elements);
  }
}

/** RFC 6184 5.7.1. */
function stapA(units: readonly string[]): Uint8Array {
  const bytes = [0x78];
  for (const unit of units.map(fromHex)) bytes.push(unit.length >> 8, unit.length & 0xff, ...unit);
  return Uint8Array.from(bytes);
}
