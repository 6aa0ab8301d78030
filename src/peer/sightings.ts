import { SIGHTINGS_PER_SECOND } from "../limits.ts";
import type { Region } from "../srtp/cipher.ts";
import { readU32 } from "../wire/bytes.ts";
import { AF_INET, samePath, type Transport } from "../wire/path.ts";
import { parseRtpHeader, RtpHeader } from "../wire/rtp.ts";
import type { Peer } from "./peer.ts";

const SECOND_US = 1_000_000;
/** Between two packets that are opened for the same address. */
const PAUSE_US = 300_000;
/** Smallest datagrams that hold the sender's SSRC. */
const RTP_BYTES_MIN = 12;
const RTCP_BYTES_MIN = 8;

/** One header at a time in a thread. */
const header = new RtpHeader();

/**
 * SRTP from an address that no session knows. It carries no name, but an SSRC: when a NAT gives a
 * client another port, its media and reports come from there seconds before its next check does.
 * Such a packet is not taken; one that is authentic and fresh tells where to ask.
 */
export class Sightings {
  #since = Number.NEGATIVE_INFINITY;
  #left = 0;

  /**
   * The session whose SRTP this is, proven by its key; null when there is none, or when more than one
   * could be meant, or after SIGHTINGS_PER_SECOND. What was opened is lost for its session.
   */
  ownerOf(
    now: number,
    peers: Iterable<Peer>,
    rtcp: boolean,
    region: Region,
    offset: number,
    length: number,
    via: Transport,
    sockaddr: Uint8Array,
    sockaddrOffset: number,
  ): Peer | null {
    if (length < (rtcp ? RTCP_BYTES_MIN : RTP_BYTES_MIN) || !this.#take(now)) return null;
    const ssrc = readU32(region.bytes, offset + (rtcp ? 4 : 8));
    const peer = onlyOneWith(ssrc, peers, rtcp, sockaddr, sockaddrOffset);
    const lately = peer?.ice.sighted;
    // Under way: each further packet would be one more that is lost.
    if (
      lately &&
      now - lately.heardAt < PAUSE_US &&
      samePath(lately, via, sockaddr, sockaddrOffset)
    )
      return null;
    if (peer === null || !isAuthentic(peer, rtcp, region, offset, length)) return null;
    return peer;
  }

  /** Looking through all sessions costs the more the more there are: a flood gets little of it. */
  #take(now: number): boolean {
    if (now - this.#since >= SECOND_US) {
      this.#since = now;
      this.#left = SIGHTINGS_PER_SECOND;
    }
    this.#left -= 1;
    return this.#left >= 0;
  }
}

/** Browsers that only watch all report under one SSRC: then the one at the same host is meant. */
function onlyOneWith(
  ssrc: number,
  peers: Iterable<Peer>,
  rtcp: boolean,
  sockaddr: Uint8Array,
  offset: number,
): Peer | null {
  let any: Peer | null = null;
  let anyCount = 0;
  let near: Peer | null = null;
  let nearCount = 0;
  for (const peer of peers) {
    // Links do not roam.
    if (peer.kid !== null || peer.receiver?.knows(ssrc, rtcp) !== true) continue;
    any = peer;
    anyCount += 1;
    if (!isSameHost(peer, sockaddr, offset)) continue;
    near = peer;
    nearCount += 1;
  }
  if (nearCount === 1) return near;
  return anyCount === 1 ? any : null;
}

function isSameHost(peer: Peer, sockaddr: Uint8Array, offset: number): boolean {
  const own = peer.path?.sockaddr;
  if (own === undefined || own[0] !== sockaddr[offset]) return false;
  const [from, to] = own[0] === AF_INET ? [4, 8] : [8, 24];
  for (let i = from; i < to; i += 1) if (own[i] !== sockaddr[offset + i]) return false;
  return true;
}

function isAuthentic(
  { receiver }: Peer,
  rtcp: boolean,
  region: Region,
  offset: number,
  length: number,
): boolean {
  if (receiver === null) return false;
  if (rtcp) return receiver.openRtcp(region, offset, length) >= 0;
  if (!parseRtpHeader(region.bytes, offset, length, header)) return false;
  const { headerLength, ssrc, sequence } = header;
  return receiver.openRtp(region, offset, length, headerLength, ssrc, sequence) >= 0;
}
