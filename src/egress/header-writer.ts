import { writeU16, writeU32 } from "../wire/bytes.ts";
import { EXTENSION_STORED_MAX, Extension } from "../wire/extensions.ts";
import {
  ABS_CAPTURE_TIME_BYTES,
  AbsCaptureTime,
  PLAYOUT_DELAY_BYTES,
  writeAbsCaptureTime,
  writePlayoutDelay,
} from "../wire/rtp-extension-values.ts";
import { ExtensionWriter } from "../wire/rtp-extension-writer.ts";

/** Fixed header plus the largest block: 13 elements, of which stored ones take 126 bytes. */
export const HEADER_BYTES_MAX = 12 + 4 + 126 + 13 * 2 + 32;

/** What goes into the next header besides what the packet itself brings. */
export interface HeaderExtras {
  /** transport-cc number, or -1. */
  transportSequence: number;
  /** Adds playout-delay (10 ms units) when >= 0. */
  playoutMin: number;
  playoutMax: number;
  /** Adds abs-capture-time (us since 1900) when > 0. */
  captureNtpUs: number;
}

/**
 * Writes the RTP headers of one worker: the fixed part, and the extensions under each viewer's own
 * ids (RFC 8285). Scratch is shared by all viewers of the thread; nothing is allocated.
 */
export class HeaderWriter {
  readonly extras: HeaderExtras = {
    transportSequence: -1,
    playoutMin: -1,
    playoutMax: -1,
    captureNtpUs: 0,
  };
  private readonly writer = new ExtensionWriter();
  private readonly capture = new AbsCaptureTime();
  private readonly scratch = new Uint8Array(2 + PLAYOUT_DELAY_BYTES + ABS_CAPTURE_TIME_BYTES);

  /**
   * Writes a header at `out[at]` and returns its length. `ids` maps internal extension ids to the
   * viewer's; the packet's own elements stand at `source[sourceAt]` as [internal id][length][data].
   */
  write(
    out: Uint8Array,
    at: number,
    ids: readonly number[],
    marker: boolean,
    padded: boolean,
    payloadType: number,
    index: number,
    timestamp: number,
    ssrc: number,
    source: Uint8Array,
    sourceAt: number,
    sourceLength: number,
  ): number {
    const blockLength = this.writeBlock(out, at + 12, ids, source, sourceAt, sourceLength);
    out[at] = 0x80 | (padded ? 0x20 : 0) | (blockLength > 0 ? 0x10 : 0);
    out[at + 1] = (marker ? 0x80 : 0) | payloadType;
    writeU16(out, at + 2, index & 0xffff);
    writeU32(out, at + 4, timestamp);
    writeU32(out, at + 8, ssrc);
    return 12 + blockLength;
  }

  private writeBlock(
    out: Uint8Array,
    at: number,
    ids: readonly number[],
    source: Uint8Array,
    sourceAt: number,
    sourceLength: number,
  ): number {
    const extras = this.extras;
    const transportId = ids[Extension.transportCc]!;
    const wantsTransport = transportId !== 0 && extras.transportSequence >= 0;
    if (sourceLength === 0 && extras.playoutMin < 0 && extras.captureNtpUs === 0) {
      if (!wantsTransport) return 0;
      if (transportId < 15) {
        // The common case by hand: one element of two bytes.
        writeU32(out, at, 0xbede0001);
        out[at + 4] = (transportId << 4) | 1;
        out[at + 5] = extras.transportSequence >> 8;
        out[at + 6] = extras.transportSequence & 255;
        out[at + 7] = 0;
        return 8;
      }
    }
    const writer = this.writer;
    writer.reset();
    if (wantsTransport) {
      writeU16(this.scratch, 0, extras.transportSequence);
      writer.add(transportId, this.scratch, 0, 2);
    }
    this.addStored(ids, source, sourceAt, sourceLength);
    this.addOwn(ids);
    return writer.count === 0 ? 0 : writer.write(out, at);
  }

  /** The elements that came with the packet through the ring. */
  private addStored(
    ids: readonly number[],
    source: Uint8Array,
    sourceAt: number,
    sourceLength: number,
  ): void {
    const end = sourceAt + sourceLength;
    let at = sourceAt;
    while (at + 2 <= end) {
      const internal = source[at]!;
      const length = source[at + 1]!;
      const id = internal <= EXTENSION_STORED_MAX ? (ids[internal] ?? 0) : 0;
      if (id !== 0 && at + 2 + length <= end) this.writer.add(id, source, at + 2, length);
      at += 2 + length;
    }
  }

  private addOwn(ids: readonly number[]): void {
    const extras = this.extras;
    const playoutId = ids[Extension.playoutDelay]!;
    if (playoutId !== 0 && extras.playoutMin >= 0) {
      writePlayoutDelay(this.scratch, 2, extras.playoutMin, extras.playoutMax);
      this.writer.add(playoutId, this.scratch, 2, PLAYOUT_DELAY_BYTES);
    }
    const captureId = ids[Extension.absCaptureTime]!;
    if (captureId !== 0 && extras.captureNtpUs > 0) {
      const capture = this.capture;
      capture.ntpSeconds = Math.floor(extras.captureNtpUs / 1e6);
      const rest = extras.captureNtpUs - capture.ntpSeconds * 1e6;
      capture.ntpFraction = Math.floor((rest / 1e6) * 4294967296);
      writeAbsCaptureTime(this.scratch, 2 + PLAYOUT_DELAY_BYTES, capture);
      this.writer.add(captureId, this.scratch, 2 + PLAYOUT_DELAY_BYTES, ABS_CAPTURE_TIME_BYTES);
    }
  }
}
