import { Counter } from "../counters.ts";
import { ReadResult } from "../ring/reader.ts";
import { writeU16 } from "../wire/bytes.ts";
import { type EgressContext, RTX_PREFIX_BYTES } from "./context.ts";
import { NO_PAYLOAD_TYPE } from "./track-format.ts";
import type { ViewerTrack } from "./viewer-track.ts";

/**
 * Without a measured round trip, a packet is sent again at most this often. Players repeat a NACK
 * after a round trip of their own; some give up after 50 ms (werift).
 */
const INTERVAL_DEFAULT_US = 20_000;
const INTERVAL_MIN_US = 10_000;

/**
 * Answers one sequence number of a NACK from the ring: by RTX (RFC 4588) when negotiated, else by
 * the byte-identical packet, once per round trip, within the viewer's budget. A hole is not
 * answered: ingest is asking upstream already.
 */
export function repair(
  context: EgressContext,
  track: ViewerTrack,
  sequence: number,
  now: number,
): void {
  const index = track.segments.unwrap(sequence);
  if (answer(context, track, index, now)) {
    track.totals.retransmissions += 1;
    context.count(Counter.retransmissions!);
  } else {
    context.count(Counter.retransmissionsRefused!);
  }
}

function answer(context: EgressContext, track: ViewerTrack, index: number, now: number): boolean {
  if (index < 0) return false;
  return track.history.has(index)
    ? sendRepair(context, track, index, now)
    : sendFirst(context, track, index, now);
}

/** A packet that never left, though the ring has it now: output was full, or it was read torn. */
function sendFirst(
  context: EgressContext,
  track: ViewerTrack,
  index: number,
  now: number,
): boolean {
  const { current } = track.segments;
  if (current === null || current.feed !== track.feed || index < current.outStart) return false;
  if (!track.mayStillSend(index) || !loadSlot(context, track, index)) return false;
  const { scratch } = context;
  if (!track.carries(scratch.codecs[0]!) && !scratch.skips(0)) return false;
  if (!track.viewer.budget.spend(scratch.payloadLengths[0]!)) return false;
  return track.send(scratch, 0, index, now);
}

function sendRepair(
  context: EgressContext,
  track: ViewerTrack,
  index: number,
  now: number,
): boolean {
  const { history, parameterSets, viewer } = track;
  const interval = Math.max(INTERVAL_MIN_US, viewer.roundTripLowUs ?? INTERVAL_DEFAULT_US);
  if (!history.mayResend(index, now, interval)) return false;
  if (parameterSets.holds(index)) parameterSets.load();
  else if (!loadSlot(context, track, index)) return false;
  const payloadType =
    track.rtxSsrc === 0 ? NO_PAYLOAD_TYPE : track.format.rtxOf(history.payloadType(index));
  const rtx = payloadType !== NO_PAYLOAD_TYPE;
  if (!rtx && !track.mayRepeat(index)) return false;
  const at = context.reserve(viewer.peer, context.packet.payloadLength + RTX_PREFIX_BYTES);
  if (at < 0 || !viewer.budget.spend(context.packet.payloadLength)) return false;
  if (rtx) sendRtx(context, track, index, at, payloadType);
  else sendAgain(context, track, index, at);
  history.noteResent(index, now);
  return true;
}

/** The slot of an index into the context's packet; false when the ring has it no more, or not yet. */
function loadSlot(context: EgressContext, track: ViewerTrack, index: number): boolean {
  const segment = track.segments.segmentOf(index);
  if (segment === null || segment.feed === null) return false;
  const { scratch, packet } = context;
  const origin = track.segments.originOf(segment, index);
  scratch.clear();
  if (scratch.load(segment.feed.reader, origin) !== ReadResult.ok) return false;
  packet.take(scratch, 0);
  packet.timestamp = (scratch.timestamps[0]! + segment.timestampOffset) >>> 0;
  return true;
}

/** RFC 4588 4: own SSRC, number and payload type; the payload begins with the original number. */
function sendRtx(
  context: EgressContext,
  track: ViewerTrack,
  index: number,
  at: number,
  payloadType: number,
): void {
  const { packet } = context;
  const { peer } = track.viewer;
  // The ring, like the scratch of the parameter sets, keeps these two bytes free.
  packet.payloadOffset -= RTX_PREFIX_BYTES;
  packet.payloadLength += RTX_PREFIX_BYTES;
  writeU16(packet.region.bytes, packet.payloadOffset, index & 0xffff);
  packet.payloadType = payloadType;
  packet.index = track.rtxIndex;
  packet.transportSequence = track.viewer.takeTransportSequence();
  track.rtxIndex += 1;
  track.rtxStream ??= peer.sender!.stream(track.rtxSsrc);
  context.send(peer, track.section, track.rtxStream, at, false);
}

/** The same bytes once more (design 4, nonce rule): extension values and padding as they left. */
function sendAgain(context: EgressContext, track: ViewerTrack, index: number, at: number): void {
  const { packet } = context;
  const { history } = track;
  const padding = history.padding(index);
  if (padding > 0) {
    const end = packet.payloadOffset + packet.payloadLength + padding;
    packet.region.bytes.fill(0, end - padding, end);
    packet.region.bytes[end - 1] = padding;
  }
  packet.padding = padding;
  packet.payloadType = history.payloadType(index);
  packet.index = index;
  packet.transportSequence = history.transportSequence(index);
  packet.captureNtpUs = history.captureNtpUs(index);
  if (history.hint(index)) track.own.addHint(packet);
  context.send(track.viewer.peer, track.section, track.stream!, at, true);
}
