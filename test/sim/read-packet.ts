/** Reads a datagram of the server's as a browser would, once, before it goes on its way. */
import { readU16, readU32 } from "../../src/wire/bytes.ts";
import { RtcpCursor, RtcpType } from "../../src/wire/rtcp/compound.ts";
import { parseRtp, RtpHeader } from "../../src/wire/rtp.ts";
import { ExtensionCursor } from "../../src/wire/rtp-extensions.ts";
import { AUDIO_SSRC, RTX_SSRC, SEND_TIME_ID, TRANSPORT_ID, VIDEO_SSRC } from "../egress/harness.ts";
import {
  IP_UDP_BYTES,
  MARKED_BYTES_MIN,
  type PictureMark,
  readMark,
  type SentReport,
  type SimPacket,
} from "./packet.ts";

/** RFC 4588 4: the original sequence number. */
const RTX_PREFIX_BYTES = 2;
const NO_REPORTS: readonly SentReport[] = [];

const header = new RtpHeader();
const extensions = new ExtensionCursor();
const cursor = new RtcpCursor();

/** `index`: the packet's in its stream, -1 for RTCP. */
export function readPacket(bytes: Uint8Array, tag: number, index: number): SimPacket {
  const wire = bytes.length + tag + IP_UDP_BYTES;
  if (index < 0) return readReports(bytes, wire);
  if (!parseRtp(bytes, 0, bytes.length, header)) throw new Error("not an RTP packet");
  const { ssrc, marker, timestamp, payloadOffset, payloadLength } = header;
  const rtx = ssrc === RTX_SSRC;
  if (!rtx && ssrc !== VIDEO_SSRC && ssrc !== AUDIO_SSRC) throw new Error(`ssrc ${ssrc}`);
  const prefix = rtx ? RTX_PREFIX_BYTES : 0;
  const video = ssrc !== AUDIO_SSRC;
  return {
    kind: rtx ? "rtx" : video ? "video" : "audio",
    bytes: wire,
    transport: transportOf(bytes),
    sendTime: sendTimeOf(bytes),
    index: rtx ? readU16(bytes, payloadOffset) : index,
    timestamp,
    marker,
    picture: video ? markOf(bytes, payloadOffset + prefix, payloadLength - prefix) : null,
    reports: NO_REPORTS,
  };
}

function markOf(bytes: Uint8Array, offset: number, length: number): PictureMark | null {
  if (length < MARKED_BYTES_MIN) return null;
  return readMark(new DataView(bytes.buffer, bytes.byteOffset), offset);
}

function transportOf(bytes: Uint8Array): number {
  extensions.reset(bytes, header);
  while (extensions.next()) {
    if (extensions.id === TRANSPORT_ID) return readU16(bytes, extensions.offset);
  }
  return -1;
}

function sendTimeOf(bytes: Uint8Array): number {
  extensions.reset(bytes, header);
  while (extensions.next()) {
    const { id, offset } = extensions;
    if (id === SEND_TIME_ID) return (bytes[offset]! << 16) | readU16(bytes, offset + 1);
  }
  return -1;
}

function readReports(bytes: Uint8Array, wire: number): SimPacket {
  const reports: SentReport[] = [];
  cursor.reset(bytes, 0, bytes.length);
  while (cursor.next()) {
    if (cursor.type !== RtcpType.senderReport) continue;
    const ssrc = readU32(bytes, cursor.offset + 4);
    // RFC 3550 6.4.1: the middle 32 bits of the 64-bit NTP time.
    reports.push({ ssrc, compactNtp: readU32(bytes, cursor.offset + 10) });
  }
  if (cursor.malformed) throw new Error("not an RTCP packet");
  const none = {
    transport: -1,
    sendTime: -1,
    index: -1,
    timestamp: 0,
    marker: false,
    picture: null,
  };
  return { kind: "report", bytes: wire, ...none, reports };
}
