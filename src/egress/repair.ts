import { Counter } from "../counters.ts";
import { SlotFlag } from "../ring/layout.ts";
import { ReadResult } from "../ring/reader.ts";
import { writeU16 } from "../wire/bytes.ts";
import type { EgressContext } from "./context.ts";
import { HEADER_BYTES_MAX } from "./header-writer.ts";
import { NO_PAYLOAD_TYPE, type ViewerTrack } from "./viewer-track.ts";

/** Without a measured round trip, a packet is sent again at most this often. */
const INTERVAL_DEFAULT_US = 50_000;
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
  roundTripUs: number | null,
): void {
  if (answer(context, track, sequence, now, roundTripUs)) {
    track.retransmissions += 1;
    context.count(Counter.retransmissions!);
  } else {
    context.count(Counter.retransmissionsRefused!);
  }
}

function answer(
  context: EgressContext,
  track: ViewerTrack,
  sequence: number,
  now: number,
  roundTripUs: number | null,
): boolean {
  const index = track.segments.unwrap(sequence);
  if (index < 0 || !track.history.has(index)) return false;
  const interval = Math.max(INTERVAL_MIN_US, roundTripUs ?? INTERVAL_DEFAULT_US);
  if (!track.history.mayResend(index, now, interval)) return false;
  const segment = track.segments.segmentOf(index);
  if (segment === null || segment.retired) return false;
  const scratch = context.scratch;
  scratch.clear();
  const origin = track.segments.originOf(segment, index);
  if (scratch.load(segment.feed.reader, origin) !== ReadResult.ok) return false;
  if (!track.viewer.budget.spend(scratch.payloadLengths[0]!)) return false;
  const rtx = track.rtxSsrc !== 0 && track.rtxPayloadType !== NO_PAYLOAD_TYPE;
  if (!rtx && !track.history.repeatable(index)) return false;
  return rtx
    ? sendRtx(context, track, index, segment.timestampOffset)
    : sendAgain(context, track, index, segment.timestampOffset);
}

/** RFC 4588 4: own SSRC, number and payload type; the payload begins with the original number. */
function sendRtx(
  context: EgressContext,
  track: ViewerTrack,
  index: number,
  timestampOffset: number,
): boolean {
  const { scratch, output, headers } = context;
  const { peer } = track.viewer;
  const path = peer.path!;
  const payloadLength = scratch.payloadLengths[0]!;
  const at = output.reserve(path.socket, HEADER_BYTES_MAX + payloadLength + 34);
  if (at < 0) return false;
  const region = output.region(path.socket);
  const original = scratch.payloadOffset(0) - 2;
  // The ring keeps these two bytes free (EXTENSION_BYTES_MAX).
  writeU16(scratch.region.bytes, original, index & 0xffff);
  clearExtras(context, track);
  const headerLength = headers.write(
    region.bytes,
    at,
    track.section.extensionIds,
    (scratch.flags[0]! & SlotFlag.marker) !== 0,
    false,
    track.rtxPayloadType,
    track.rtxIndex,
    (scratch.timestamps[0]! + timestampOffset) >>> 0,
    track.rtxSsrc,
    scratch.region.bytes,
    scratch.extensionOffset(0),
    scratch.extensionLengths[0]!,
  );
  track.rtxStream ??= peer.sender!.stream(track.rtxSsrc);
  const length = peer.sender!.sealRtp(
    track.rtxStream,
    region,
    at,
    headerLength,
    scratch.region,
    original,
    payloadLength + 2,
    track.rtxIndex,
  );
  track.rtxIndex += 1;
  output.commit(path, length);
  return true;
}

/** The same bytes once more (design 4, nonce rule): extension values and padding as they left. */
function sendAgain(
  context: EgressContext,
  track: ViewerTrack,
  index: number,
  timestampOffset: number,
): boolean {
  const { scratch, output, headers } = context;
  const { peer } = track.viewer;
  const path = peer.path!;
  const payloadLength = scratch.payloadLengths[0]!;
  if (!track.stream?.canResend(index)) return false;
  const at = output.reserve(path.socket, HEADER_BYTES_MAX + payloadLength + 34);
  if (at < 0) return false;
  const region = output.region(path.socket);
  const padding = track.history.padding(index);
  const end = scratch.payloadOffset(0) + payloadLength;
  scratch.region.bytes.fill(0, end, end + padding);
  if (padding > 0) scratch.region.bytes[end + padding - 1] = padding;
  clearExtras(context, track);
  headers.extras.transportSequence = track.history.transportSequence(index);
  const headerLength = headers.write(
    region.bytes,
    at,
    track.section.extensionIds,
    (scratch.flags[0]! & SlotFlag.marker) !== 0,
    padding > 0,
    track.payloadType,
    index,
    (scratch.timestamps[0]! + timestampOffset) >>> 0,
    track.ssrc,
    scratch.region.bytes,
    scratch.extensionOffset(0),
    scratch.extensionLengths[0]!,
  );
  const length = peer.sender!.resealRtp(
    track.stream,
    region,
    at,
    headerLength,
    scratch.region,
    scratch.payloadOffset(0),
    payloadLength + padding,
    index,
  );
  output.commit(path, length);
  return true;
}

function clearExtras(context: EgressContext, track: ViewerTrack): void {
  const extras = context.headers.extras;
  extras.playoutMin = -1;
  extras.playoutMax = -1;
  extras.captureNtpUs = 0;
  extras.transportSequence = track.viewer.takeTransportSequence();
}
