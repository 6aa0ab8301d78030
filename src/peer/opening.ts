/** SRTP that a peer was sent: opened in place, or counted with the reason why not. */
import type { Region } from "../srtp/cipher.ts";
import type { SrtpReceiver } from "../srtp/receiver.ts";
import { SrtpReject } from "../srtp/receiver.ts";
import { LINK_HEADER_BYTES, LINK_SSRC, readLinkIndex } from "../wire/link-header.ts";
import { parseRtpHeader, type RtpHeader } from "../wire/rtp.ts";
import { countSrtpReject, type PeerCounters } from "./counters.ts";
import { PeerEvent, type PeerEventCode } from "./events.ts";

/** What is told of the packet. */
interface Opened {
  readonly rtp: RtpHeader;
  index: number;
  length: number;
}

/** RTP of a publisher or viewer. */
export function openMedia(
  out: Opened,
  receiver: SrtpReceiver,
  counters: PeerCounters,
  region: Region,
  offset: number,
  length: number,
): PeerEventCode {
  const header = out.rtp;
  if (!parseRtpHeader(region.bytes, offset, length, header)) {
    counters.srtpMalformed += 1;
    return PeerEvent.none;
  }
  const { headerLength, ssrc, sequence } = header;
  const opened = receiver.openRtp(region, offset, length, headerLength, ssrc, sequence);
  if (opened < 0) {
    countSrtpReject(counters, opened);
    return PeerEvent.none;
  }
  header.payloadLength = opened - headerLength;
  out.index = receiver.index;
  out.length = opened;
  return PeerEvent.rtp;
}

/** A link's datagram, whose index is told. Of its header nothing more is to be known. */
export function openLinkDatagram(
  out: Opened,
  receiver: SrtpReceiver,
  counters: PeerCounters,
  region: Region,
  offset: number,
  length: number,
): PeerEventCode {
  const index = readLinkIndex(region.bytes, offset, length);
  if (index < 0) {
    counters.srtpMalformed += 1;
    return PeerEvent.none;
  }
  const sequence = index % 65536;
  const header = LINK_HEADER_BYTES;
  const opened = receiver.openRtpAt(region, offset, length, header, LINK_SSRC, sequence, index);
  if (opened < 0) {
    countSrtpReject(counters, opened);
    return PeerEvent.none;
  }
  out.index = index;
  out.length = opened;
  return PeerEvent.rtp;
}

/** Compound RTCP. */
export function openReports(
  out: Opened,
  receiver: SrtpReceiver,
  counters: PeerCounters,
  region: Region,
  offset: number,
  length: number,
): PeerEventCode {
  const opened = receiver.openRtcp(region, offset, length);
  if (opened < 0) {
    if (opened === SrtpReject.forged) counters.srtcpForged += 1;
    else countSrtpReject(counters, opened);
    return PeerEvent.none;
  }
  out.length = opened;
  return PeerEvent.rtcp;
}
