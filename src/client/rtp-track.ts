/** One RTP stream that a client sends: packets, their history for NACKs, and its reports. */
import type { Region } from "../srtp/cipher.ts";
import type { SrtpSender } from "../srtp/sender.ts";
import { writeU16 } from "../wire/bytes.ts";
import { Codec, type CodecName } from "../wire/codecs.ts";
import { NTP_EPOCH_US, setNtpUs } from "../wire/ntp.ts";
import { Packetizer } from "../wire/packetize.ts";
import { SenderReport } from "../wire/rtcp/sender-report.ts";
import { RTP_FIXED_HEADER_BYTES, writeRtpHeader } from "../wire/rtp.ts";

/** Where sealed packets go: room is reserved, filled, and committed. */
export interface PacketSink {
  readonly region: Region;
  /** Offset of `bytes` free bytes in the region; -1 when there is none: the packet is lost. */
  reserve(bytes: number): number;
  commit(length: number): void;
}

export interface RtpTrackOptions {
  readonly codec: CodecName;
  readonly payloadType: number;
  readonly clockRate: number;
  readonly ssrc: number;
  /** Both or neither. */
  readonly rtx: { readonly payloadType: number; readonly ssrc: number } | null;
  /** RFC 3550 5.1 wants random starts; below 2^15, so that the roll-over counter is certain. */
  readonly firstSequence: number;
  readonly firstRtxSequence: number;
  readonly firstTimestamp: number;
  readonly pictureId: number;
  /** HISTORY_BYTES of memory that the cipher can address. */
  readonly history: Region;
}

/** Packets kept for retransmission: 2 s at 6 Mb/s. */
const HISTORY_PACKETS = 1000;
/** 1,200 B of datagram - 16 B of tag - 12 B of header - 2 B of original sequence number. */
export const PAYLOAD_BYTES_MAX = 1170;
/** A slot: header, original sequence number (RFC 4588 4), payload. */
const OSN_OFFSET = RTP_FIXED_HEADER_BYTES;
const PAYLOAD_OFFSET = OSN_OFFSET + 2;
const SLOT_BYTES = PAYLOAD_OFFSET + PAYLOAD_BYTES_MAX;
export const HISTORY_BYTES = HISTORY_PACKETS * SLOT_BYTES;

export class RtpTrack {
  readonly ssrc: number;
  packets = 0;
  octets = 0;
  retransmissions = 0;
  readonly #options: RtpTrackOptions;
  readonly #packetizer: Packetizer;
  /** Packet index (RFC 3711 3.3.1) of the next packet, and of the next retransmission. */
  #next: number;
  #nextRtx: number;
  readonly #first: number;
  readonly #lengths = new Uint16Array(HISTORY_PACKETS);

  constructor(options: RtpTrackOptions) {
    this.#options = options;
    this.ssrc = options.ssrc;
    this.#packetizer = new Packetizer(Codec[options.codec], PAYLOAD_BYTES_MAX, options.pictureId);
    this.#first = options.firstSequence;
    this.#next = options.firstSequence;
    this.#nextRtx = options.firstRtxSequence;
  }

  /** Sends one frame taken at `timeUs`. False when the packetizer cannot make sense of it. */
  sendFrame(sender: SrtpSender, sink: PacketSink, timeUs: number, frame: Uint8Array): boolean {
    const timestamp = this.timestampAt(timeUs);
    const video = this.#options.codec !== "opus";
    return this.#packetizer.packetize(frame, (payload, length, last) => {
      this.#store(payload, length, video && last, timestamp);
      this.#sendStored(sender, sink, this.#next);
      this.#next += 1;
      this.packets += 1;
      this.octets += length;
    });
  }

  /** Answers one sequence number of a NACK. False when the packet is no longer kept. */
  resend(sender: SrtpSender, sink: PacketSink, sequence: number): boolean {
    const behind = (this.#next - sequence) & 0xffff;
    const index = this.#next - behind;
    if (behind === 0 || behind > HISTORY_PACKETS || index < this.#first) return false;
    if (this.#options.rtx === null) this.#sendStored(sender, sink, index);
    else this.#sendRtx(sender, sink, index);
    this.retransmissions += 1;
    return true;
  }

  /** RTP time of `timeUs`, on this stream's random origin. */
  timestampAt(timeUs: number): number {
    const ticks = Math.round((timeUs * this.#options.clockRate) / 1e6);
    // Sound may begin a little before time 0.
    return (this.#options.firstTimestamp + ticks + 2 ** 32) % 2 ** 32;
  }

  /** The sender report of a moment: `wallUs` since 1970 and `timeUs` of the media are the same. */
  report(wallUs: number, timeUs: number): SenderReport {
    const report = new SenderReport();
    report.ssrc = this.ssrc;
    setNtpUs(report, wallUs + NTP_EPOCH_US);
    report.rtpTimestamp = this.timestampAt(timeUs);
    report.packetCount = this.packets;
    report.octetCount = this.octets;
    return report;
  }

  #store(payload: Uint8Array, length: number, marker: boolean, timestamp: number): void {
    const bytes = this.#options.history.bytes;
    const slot = this.#slotOf(this.#next);
    const sequence = this.#next & 0xffff;
    const { payloadType, ssrc } = this.#options;
    writeRtpHeader(bytes, slot, payloadType, marker, sequence, timestamp, ssrc, false, false);
    writeU16(bytes, slot + OSN_OFFSET, sequence);
    bytes.set(payload.subarray(0, length), slot + PAYLOAD_OFFSET);
    this.#lengths[this.#next % HISTORY_PACKETS] = length;
  }

  /** Under its own number: for the first time, or the same packet again, byte by byte. */
  #sendStored(sender: SrtpSender, sink: PacketSink, index: number): void {
    const place = this.#place(sender, sink, index);
    if (place < 0) return;
    const { history, ssrc } = this.#options;
    const input = this.#slotOf(index) + PAYLOAD_OFFSET;
    const length = this.#lengths[index % HISTORY_PACKETS]!;
    const stream = sender.stream(ssrc);
    // What found no room in the socket was not sealed.
    const again = stream.canResend(index);
    const { region } = sink;
    sink.commit(sender.sealRtp(stream, region, place, 12, history, input, length, index, again));
  }

  #sendRtx(sender: SrtpSender, sink: PacketSink, index: number): void {
    const place = this.#place(sender, sink, index);
    if (place < 0) return;
    const { history } = this.#options;
    const rtx = this.#options.rtx!;
    const bytes = sink.region.bytes;
    // RFC 4588 4: own SSRC, payload type and sequence; timestamp and marker of the original.
    bytes[place + 1] = (bytes[place + 1]! & 0x80) | rtx.payloadType;
    writeU16(bytes, place + 2, this.#nextRtx & 0xffff);
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(place + 8, rtx.ssrc);
    const input = this.#slotOf(index) + OSN_OFFSET;
    const length = this.#lengths[index % HISTORY_PACKETS]! + 2;
    const stream = sender.stream(rtx.ssrc);
    const number = this.#nextRtx;
    this.#nextRtx += 1;
    sink.commit(sender.sealRtp(stream, sink.region, place, 12, history, input, length, number));
  }

  /** Reserves room and copies the stored header there; -1 without room. */
  #place(sender: SrtpSender, sink: PacketSink, index: number): number {
    const place = sink.reserve(SLOT_BYTES + sender.rtpOverhead);
    if (place < 0) return -1;
    const slot = this.#slotOf(index);
    const { bytes } = this.#options.history;
    sink.region.bytes.set(bytes.subarray(slot, slot + RTP_FIXED_HEADER_BYTES), place);
    return place;
  }

  #slotOf(index: number): number {
    return (index % HISTORY_PACKETS) * SLOT_BYTES;
  }
}
