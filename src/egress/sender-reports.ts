import { sdesLength, writeSdes } from "../wire/rtcp/sdes.ts";
import {
  SENDER_REPORT_BYTES,
  SenderReport,
  writeSenderReport,
} from "../wire/rtcp/sender-report.ts";
import type { EgressContext } from "./context.ts";
import type { ViewerTrack } from "./viewer-track.ts";

const CNAME = new TextEncoder().encode("spillway");

/** One at a time in a thread. */
const report = new SenderReport();

/** Most bytes of a compound packet with a report on each of so many tracks. */
export function senderReportsLength(tracks: number): number {
  return tracks * (SENDER_REPORT_BYTES + sdesLength(CNAME.length));
}

/**
 * Writes a sender report (RFC 3550 6.4.1) and an SDES for every track that has sent something and
 * knows its time. Returns their length, 0 when there is none.
 */
export function writeSenderReports(
  out: Uint8Array,
  at: number,
  context: EgressContext,
  tracks: readonly ViewerTrack[],
  now: number,
): number {
  const ntpUs = context.ntpUs(now);
  // One clock for all tracks, or their errors would move one against the other.
  const byReport = tracks.every((t) => t.feed === null || t.feed.clock.hasReport);
  let length = 0;
  for (const track of tracks) {
    const timestamp = track.timestampAt(now, byReport);
    const { ssrc, totals } = track.output;
    if (timestamp === null || totals.packets === 0) continue;
    report.ssrc = ssrc;
    report.ntpSeconds = Math.floor(ntpUs / 1e6);
    report.ntpFraction = Math.floor(((ntpUs % 1e6) / 1e6) * 4294967296);
    report.rtpTimestamp = timestamp;
    report.packetCount = totals.packets;
    report.octetCount = totals.bytes;
    length += writeSenderReport(out, at + length, report, [], 0);
    length += writeSdes(out, at + length, ssrc, CNAME);
  }
  return length;
}
