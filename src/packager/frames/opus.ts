import { SlotFlag } from "../../ring/layout.ts";
import { opusFrameUs, splitOpus } from "../../wire/opus.ts";
import { RedPacket } from "../../wire/red.ts";
import type { Frame, Packet } from "./frame.ts";

/** RFC 6716 3.2: most bytes of a frame, and how long a packet may play. */
const OPUS_FRAME_BYTES_MAX = 1275;
const OPUS_PACKET_US_MAX = 120_000;
const SAMPLES_PER_MS = 48;

/** Scratch of the one thread that runs this module: valid within one call only. */
const red = new RedPacket();

/** Opus packets as samples: each is one, RED (RFC 2198) around it or not. */
export class OpusFrames {
  /** Packets dropped for malformed input: a player's decoder may stop for good at one. */
  dropped = 0;

  /** Takes a packet; `out` gets what is in it. */
  push(packet: Packet, out: (frame: Frame) => void): void {
    const { timestamp, flags, payload, arrivalUs } = packet;
    if ((flags & SlotFlag.skip) !== 0) return;
    const opus = (flags & SlotFlag.red) !== 0 ? newestOf(payload) : payload;
    const samples = opus === null ? 0 : samplesOf(opus);
    if (opus === null || samples === 0) {
      this.dropped += 1;
      return;
    }
    out({ timestamp, arrivalUs, key: true, data: opus.slice(), format: null, samples });
  }
}

/** A packet that plays 20 ms of nothing (960 samples): what fills a gap. */
export function OPUS_SILENCE(channels: 1 | 2): Uint8Array {
  return Uint8Array.of(channels === 2 ? 0xfc : 0xf8, 0xff, 0xfe);
}

/** The present frame of a RED packet; null when it is malformed. */
function newestOf(payload: Uint8Array): Uint8Array | null {
  if (!red.read(payload, 0, payload.length)) return null;
  return payload.subarray(red.offset, red.offset + red.length);
}

/** Samples of 48 kHz that a packet plays; 0 when it is malformed (RFC 6716 3.4). */
function samplesOf(packet: Uint8Array): number {
  if (packet.length === 0) return 0;
  const frames = splitOpus(packet);
  if (frames === null || frames.some((frame) => frame.length > OPUS_FRAME_BYTES_MAX)) return 0;
  const us = frames.length * opusFrameUs(packet[0]!);
  return us > OPUS_PACKET_US_MAX ? 0 : (us * SAMPLES_PER_MS) / 1000;
}
