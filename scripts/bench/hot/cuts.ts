/** Parts of the egress that a process can do without: what they cost is what is then missing. */
import { HeaderWriter } from "../../../src/egress/header-writer.ts";
import { SentHistory } from "../../../src/egress/sent-history.ts";
import { TimeLine } from "../../../src/egress/time-line.ts";
import { ViewerLink } from "../../../src/egress/viewer-link.ts";
import { SrtpSender } from "../../../src/srtp/sender.ts";

/** The header of all but a few packets: fixed part and transport-cc number. */
const HEADER_BYTES = 20;
const TAG_BYTES = 16;

/** Books that are kept of each packet: estimator, pacer, history, time line, budget, counters. */
export function cutNote(): void {
  const nothing = (): void => {};
  ViewerLink.prototype.noteSent = nothing;
  ViewerLink.prototype.noteMedia = nothing;
  SentHistory.prototype.note = nothing;
  TimeLine.prototype.note = nothing;
}

/** Nonce rule and cipher. What the reports need of them stays. */
export function cutSeal(): void {
  SrtpSender.prototype.sealRtp = (_stream, _output, _at, headerLength, _input, _from, length) =>
    headerLength + length + TAG_BYTES;
}

export function cutHeader(): void {
  HeaderWriter.prototype.write = () => HEADER_BYTES;
}
