import type { Peer } from "../peer/peer.ts";
import { setNtpUs } from "../wire/ntp.ts";
import { sdesLength, writeSdes } from "../wire/rtcp/sdes.ts";
import {
  SENDER_REPORT_BYTES,
  SenderReport,
  writeSenderReport,
} from "../wire/rtcp/sender-report.ts";
import type { EgressContext } from "./context.ts";
import type { ViewerTrack } from "./viewer-track.ts";

/** RFC 3550 6.2 asks for 5 s and more of large sessions; one a second keeps lip sync tight. */
const INTERVAL_US = 1_000_000;
const SRTCP_OVERHEAD_MAX = 32;

/** One at a time in a thread. */
const report = new SenderReport();

/** The sender reports of one viewer's session (RFC 3550 6.4.1). */
export class SenderReports {
  #at = 0;
  readonly #cname: Uint8Array;
  readonly #room: number;

  /** `cname`: what the SDP announced for every SSRC of the session (RFC 5576 6.1). */
  constructor(
    private readonly context: EgressContext,
    cname: string,
  ) {
    this.#cname = new TextEncoder().encode(cname);
    this.#room = SENDER_REPORT_BYTES + sdesLength(this.#cname.length) + SRTCP_OVERHEAD_MAX;
  }

  /** A track began a new time line: its report is due. */
  hurry(now: number): void {
    this.#at = now;
  }

  due(now: number): boolean {
    return now >= this.#at;
  }

  /**
   * Sends a report on every track that has sent something and knows its time, when they are due.
   * Each is a compound of its own, of a report and a CNAME (RFC 3550 6.1): some receivers read the
   * first packet of a compound only (libdatachannel) and would never hear of the second track.
   */
  send(now: number, peer: Peer, tracks: readonly ViewerTrack[]): void {
    if (!this.due(now) || peer.path === null || peer.sender === null) return;
    // One clock for all tracks, or their errors would move one against the other.
    const byReport = tracks.every((t) => t.feed === null || t.feed.clock.hasReport);
    for (let i = tracks.length - 1; i >= 0; i -= 1) {
      if (!this.#sendOne(now, peer, tracks[i]!, byReport)) return;
    }
    this.#at = now + INTERVAL_US;
  }

  /** False when the output is full: then all of them are due again. */
  #sendOne(now: number, peer: Peer, track: ViewerTrack, byReport: boolean): boolean {
    const timestamp = track.time.timestampAt(now, byReport);
    const { ssrc, totals } = track.output;
    if (timestamp === null || totals.packets === 0) return true;
    const path = peer.path!;
    const at = path.via.reserve(this.#room);
    if (at < 0) return false;
    report.ssrc = ssrc;
    setNtpUs(report, this.context.ntpUs(now));
    report.rtpTimestamp = timestamp;
    report.packetCount = totals.packets;
    report.octetCount = totals.bytes;
    const { region } = path.via;
    let length = writeSenderReport(region.bytes, at, report, [], 0);
    length += writeSdes(region.bytes, at + length, ssrc, this.#cname);
    const sealed = peer.sender!.sealRtcp(region, at, length);
    path.via.commit(path, sealed);
    if (!peer.mediaAllowed) peer.noteReport(sealed);
    return true;
  }
}
