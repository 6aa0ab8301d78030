import { Counter, countUp } from "../contract/counters.ts";
import { PacketKind } from "../media/sent-packets.ts";
import { ReadResult } from "../ring/reader.ts";
import type { EgressContext } from "./context.ts";
import { PADDING_MAX, RTX_PREFIX_BYTES } from "./outgoing.ts";
import { timestampIn } from "./segments.ts";
import { NO_PAYLOAD_TYPE } from "./track-format.ts";
import type { ViewerTrack } from "./viewer-track.ts";

/**
 * Without a measured round trip, a packet is sent again at most this often. Players repeat a NACK
 * after a round trip of their own; some give up after 50 ms (werift).
 */
const INTERVAL_DEFAULT_US = 20_000;
const INTERVAL_MIN_US = 10_000;
/** A probe carries the largest of so many packets that left last. */
const PROBE_LOOKS_BACK = 12;

/**
 * Answers one sequence number of a NACK from the ring: by RTX (RFC 4588) when negotiated, else by
 * the byte-identical packet, once per round trip, within the viewer's budget. A hole is not
 * answered: ingest is asking upstream already. True when a packet left.
 */
export function repair(
  context: EgressContext,
  track: ViewerTrack,
  sequence: number,
  now: number,
): boolean {
  const index = track.segments.unwrap(sequence);
  const answered = answer(context, track, index, now);
  if (answered) {
    track.output.totals.retransmissions += 1;
    countUp(context.counters, Counter.retransmissions!);
  } else {
    countUp(context.counters, Counter.retransmissionsRefused!);
  }
  return answered;
}

/**
 * Sends a packet that left lately once more by RTX, padded to about `bytes` on the wire, so that the
 * path is tried with what a receiver throws away (libwebrtc probes the same way). False when there is
 * nothing to send or no RTX.
 */
export function sendProbe(
  context: EgressContext,
  track: ViewerTrack,
  bytes: number,
  now: number,
): boolean {
  const { history, rtxSsrc } = track.output;
  const best = rtxSsrc === 0 ? -1 : largestOfLate(track);
  if (best < 0 || !load(context, track, best)) return false;
  const payloadType = track.format.rtxOf(history.payloadType(best));
  const { packet } = context;
  const length = packet.payloadLength + RTX_PREFIX_BYTES;
  const padding = Math.min(PADDING_MAX, Math.max(0, bytes - length));
  const at = context.reserve(track.link.peer, length + padding);
  const sent = at >= 0 && payloadType !== NO_PAYLOAD_TYPE;
  if (sent) {
    packet.pad(padding);
    sendRtx(context, track, best, at, payloadType, now, PacketKind.probe);
    track.link.budget.charge(length + padding);
  }
  return sent;
}

/** Index of the largest packet among the last ones; -1 when none is remembered. */
function largestOfLate(track: ViewerTrack): number {
  const { history } = track.output;
  let best = -1;
  let most = 0;
  const newest = track.segments.nextIndex - 1;
  for (let index = newest; index > newest - PROBE_LOOKS_BACK && index >= 0; index -= 1) {
    if (!history.has(index)) continue;
    const bytes = track.link.adaptation.sentBytes(history.transportSequence(index));
    if (bytes <= most) continue;
    most = bytes;
    best = index;
  }
  return best;
}

function answer(context: EgressContext, track: ViewerTrack, index: number, now: number): boolean {
  if (index < 0) return false;
  return track.output.history.has(index)
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
  if (!track.output.maySend(index) || !readSlot(context, track, index)) return false;
  const { scratch } = context;
  if (track.format.codecId !== scratch.codecs[0] && !scratch.skips(0)) return false;
  if (!track.link.budget.spend(scratch.payloadLengths[0]!)) return false;
  return track.deliver(scratch, 0, now);
}

function sendRepair(
  context: EgressContext,
  track: ViewerTrack,
  index: number,
  now: number,
): boolean {
  const { link } = track;
  const { history, rtxSsrc } = track.output;
  const interval = Math.max(INTERVAL_MIN_US, link.roundTripLowUs ?? INTERVAL_DEFAULT_US);
  if (!history.mayResend(index, now, interval)) return false;
  if (!load(context, track, index)) return false;
  const payloadType =
    rtxSsrc === 0 ? NO_PAYLOAD_TYPE : track.format.rtxOf(history.payloadType(index));
  const rtx = payloadType !== NO_PAYLOAD_TYPE;
  if (!rtx && !mayRepeat(context, track, index)) return false;
  const at = context.reserve(link.peer, context.packet.payloadLength + RTX_PREFIX_BYTES);
  if (at < 0 || !link.budget.spend(context.packet.payloadLength)) return false;
  if (rtx) sendRtx(context, track, index, at, payloadType, now, PacketKind.rtx);
  else sendAgain(context, track, index, at);
  history.noteResent(index, now);
  return true;
}

/** Nonce rule: what was rewritten by the state of its moment cannot be promised to be the same. */
function mayRepeat(context: EgressContext, track: ViewerTrack, index: number): boolean {
  const { output } = track;
  if (!output.mayRepeat(index)) return false;
  if (output.history.isApart(index) || output.history.isFill(index)) return true;
  const layers = track.segments.segmentOf(index)?.layers ?? null;
  return layers === null || layers.repeats(context.scratch, 0);
}

/** What left under an index into the context's packet; false when that cannot be known any more. */
function load(context: EgressContext, track: ViewerTrack, index: number): boolean {
  if (!track.output.history.isApart(index)) return loadSlot(context, track, index);
  if (!track.parameterSets.holds(index)) return false;
  track.parameterSets.load();
  return true;
}

/** The slot of an index into the context's scratch; false when the ring has it no more, or not yet. */
function readSlot(context: EgressContext, track: ViewerTrack, index: number): boolean {
  const segment = track.segments.segmentOf(index);
  if (segment === null || segment.feed === null) return false;
  const { scratch } = context;
  const origin = track.segments.originOf(segment, index);
  scratch.clear();
  return origin !== null && scratch.load(segment.feed.reader, origin) === ReadResult.ok;
}

/** As `readSlot`, and into the context's packet as it left. The scratch is this packet's alone. */
function loadSlot(context: EgressContext, track: ViewerTrack, index: number): boolean {
  if (!readSlot(context, track, index)) return false;
  const { scratch, packet } = context;
  const { history } = track.output;
  const segment = track.segments.segmentOf(index)!;
  const { layers } = segment;
  // Not the filler that all viewers share: here it gets padding of another length.
  if (history.isFill(index)) packet.takePayload(context.apart, 0);
  else {
    packet.take(scratch, 0);
    if (scratch.isRed(0)) track.format.wrapAudio(packet);
    if (layers !== null && !layers.restore(packet, scratch, 0)) return false;
  }
  packet.marker = history.marker(index);
  packet.timestamp = timestampIn(segment, scratch.timestamps[0]!);
  return true;
}

/** RFC 4588 4: own SSRC, number and payload type; the payload begins with the original number. */
function sendRtx(
  context: EgressContext,
  track: ViewerTrack,
  index: number,
  at: number,
  payloadType: number,
  now: number,
  kind: PacketKind,
): void {
  const { packet } = context;
  packet.wrapRtx(index & 0xffff);
  packet.payloadType = payloadType;
  track.output.sendRtx(at, now, kind);
}

/** The same bytes once more (design 4, nonce rule): extension values and padding as they left. */
function sendAgain(context: EgressContext, track: ViewerTrack, index: number, at: number): void {
  const { packet } = context;
  const { history } = track.output;
  packet.pad(history.padding(index));
  packet.payloadType = history.payloadType(index);
  packet.index = index;
  packet.transportSequence = history.transportSequence(index);
  packet.captureNtpUs = history.captureNtpUs(index);
  if (history.hint(index)) track.output.own.addHint(packet);
  track.output.sendAgain(at);
}
