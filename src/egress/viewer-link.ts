import { Counter, countUp } from "../contract/counters.ts";
import type { MediaSection } from "../contract/session.ts";
import {
  KEYFRAMES_FAILED_BURST,
  KEYFRAMES_FAILED_PER_SECOND,
  KEYFRAMES_SWITCH_BURST,
  KEYFRAMES_SWITCH_PER_SECOND,
} from "../limits.ts";
import { KeyframeBudget } from "../media/keyframe-budget.ts";
import type { PacketKind } from "../media/sent-packets.ts";
import type { Peer } from "../peer/peer.ts";
import { Extension } from "../wire/extensions.ts";
import { Adaptation } from "./adaptation.ts";
import type { EgressContext } from "./context.ts";
import { Ledger } from "./ledger.ts";
import { type PlayoutDelay, PlayoutHint } from "./playout-hint.ts";
import { RepairBudget } from "./repair-budget.ts";

/**
 * The way to one viewer: its peer, what its path carries, and what it may cause. All tracks of the
 * viewer send by it.
 */
export class ViewerLink {
  readonly adaptation: Adaptation;
  readonly budget = new RepairBudget();
  /** Its share of the publisher's keyframes: for a decoder that failed, and for other layers. */
  readonly failures = new KeyframeBudget(KEYFRAMES_FAILED_BURST, KEYFRAMES_FAILED_PER_SECOND);
  readonly switches = new KeyframeBudget(KEYFRAMES_SWITCH_BURST, KEYFRAMES_SWITCH_PER_SECOND);
  /** What its receiver is asked to wait; null asks for nothing. */
  readonly playoutHint: PlayoutHint | null;
  /** Of the receiver reports; null before the first. */
  roundTripUs: number | null = null;
  /** The same, slow to rise: a report that was held up must not hold up repairs. */
  roundTripLowUs: number | null = null;
  /** The stream's codec has no payload type here: the session ends with `codec-changed`. */
  unsupported = false;
  /** Infinity before. */
  firstMediaAt = Number.POSITIVE_INFINITY;
  /** What has left and is not in the books yet. Whoever reads or writes them settles it first. */
  readonly ledger = new Ledger();
  readonly #counters: Float64Array;

  constructor(
    context: EgressContext,
    readonly peer: Peer,
    media: readonly MediaSection[],
    playoutDelay: PlayoutDelay | null,
    now: number,
  ) {
    this.#counters = context.counters;
    this.playoutHint = playoutDelay === null ? null : new PlayoutHint(playoutDelay);
    this.adaptation = new Adaptation(now, context.random);
    const has = (extension: number) => media.filter((each) => each.extensionIds[extension] !== 0);
    if (has(Extension.transportCc).length > 0) return;
    const measured = has(Extension.absSendTime);
    this.adaptation.expectNoFeedback(measured.every(({ kind }) => kind === "video"));
  }

  get session(): number {
    return this.peer.session;
  }

  get connected(): boolean {
    return this.peer.state === "connected";
  }

  /** RFC 7675. Another session may have taken the address over, too: then there is none. */
  get mediaAllowed(): boolean {
    return this.peer.mediaAllowed && this.peer.path !== null;
  }

  /** Nobody waits for its transport, which takes nothing now. Only where media is allowed. */
  get stalled(): boolean {
    return this.peer.path!.via.stalled;
  }

  /** It comes by a connection of its own, which loses nothing and may be late. */
  get byStream(): boolean {
    return this.peer.path !== null && this.peer.path.via.backlog !== null;
  }

  /** For how long something has waited at our end of its connection, us; 0 while nothing does. */
  backlogUs(now: number): number {
    return Math.max(0, now - (this.peer.path?.via.backlog?.since ?? Number.POSITIVE_INFINITY));
  }

  /** The next transport-cc number: one space for all packets of the session. */
  takeTransportSequence(): number {
    return this.ledger.take();
  }

  /** Something with this transport-cc number has left. */
  noteSent(sequence: number, now: number, bytes: number, kind: PacketKind): void {
    this.adaptation.noteSent(sequence, now, bytes, kind);
  }

  /** Packets of media left together. */
  noteMedia(packets: number, payloadBytes: number, now: number): void {
    this.budget.earn(payloadBytes, now);
    if (now < this.firstMediaAt) this.firstMediaAt = now;
    countUp(this.#counters, Counter.packetsOut!, packets);
    countUp(this.#counters, Counter.payloadBytesOut!, payloadBytes);
  }

  /** A receiver report tells a round trip of so many us. */
  noteRoundTrip(sample: number): void {
    const before = this.roundTripUs;
    this.roundTripUs = before === null ? sample : before + (sample - before) / 8;
    const low = this.roundTripLowUs;
    this.roundTripLowUs = low === null || sample < low ? sample : low + (sample - low) / 32;
  }
}
