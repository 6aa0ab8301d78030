/** Parts of the egress that a process can do without: what they cost is what is then missing. */
import { HeaderWriter } from "../../../src/egress/header-writer.ts";
import { Lane } from "../../../src/egress/lane.ts";
import { SentHistory } from "../../../src/egress/sent-history.ts";
import { TimeLine } from "../../../src/egress/time-line.ts";
import { TrackOutput } from "../../../src/egress/track-output.ts";
import { ViewerLink } from "../../../src/egress/viewer-link.ts";
import { SendStream, SrtpSender } from "../../../src/srtp/sender.ts";

/** The header of all but a few packets: fixed part and transport-cc number. */
const HEADER_BYTES = 20;
const TAG_BYTES = 16;

/**
 * Books that are kept of each packet: estimator, pacer, history, time line, budget, counters. Most of it
 * is not part of the forwarding: a viewer's books are kept when its feedback comes (ledger.ts).
 */
export function cutNote(): void {
  const nothing = (): void => {};
  ViewerLink.prototype.noteSent = nothing;
  ViewerLink.prototype.noteMedia = nothing;
  SentHistory.prototype.note = nothing;
  TimeLine.prototype.note = nothing;
  TrackOutput.prototype.enter = nothing;
}

/** Nonce rule and cipher. What the reports need of them stays. */
export function cutSeal(): void {
  SrtpSender.prototype.sealRtp = (_stream, _output, _at, headerLength, _input, _from, length) =>
    headerLength + length + TAG_BYTES;
  SendStream.prototype.sealNext = (_output, _at, headerLength, _input, _from, length) =>
    headerLength + length + TAG_BYTES;
}

export function cutHeader(): void {
  HeaderWriter.prototype.write = () => HEADER_BYTES;
  Lane.prototype.writeHeader = () => HEADER_BYTES;
}
