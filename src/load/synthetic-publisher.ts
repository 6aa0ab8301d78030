/** One synthetic publisher: what it offers, sends and answers. No sockets. */
import { offeredSections } from "../client/offer.ts";
import type { SessionListener } from "../client/session.ts";
import type { MediaSection } from "../contract/session.ts";
import { NACK_SEQUENCES_MAX } from "../limits.ts";
import { PeerEvent, type PeerEventCode } from "../peer/events.ts";
import type { Peer } from "../peer/peer.ts";
import type { Region } from "../srtp/cipher.ts";
import type { SrtpSender } from "../srtp/sender.ts";
import { Extension } from "../wire/extensions.ts";
import { FeedbackFormat, RtcpCursor, RtcpType, readMediaSsrc } from "../wire/rtcp/compound.ts";
import { readNack } from "../wire/rtcp/nack.ts";
import { writeSdes } from "../wire/rtcp/sdes.ts";
import { SenderReport, writeSenderReport } from "../wire/rtcp/sender-report.ts";
import type { LoadCounters } from "./counters.ts";
import type { SourcePlan } from "./options.ts";
import { Stamp } from "./stamp.ts";
import { DuePacket, SyntheticSource } from "./synthetic-source.ts";
import { SYNTHETIC_HISTORY_BYTES, SyntheticTrack } from "./synthetic-track.ts";

const CAPTURE_ID = 5;
const REPORT_US = 1_000_000;
/** A PLI makes a keyframe at most this often, as encoders do. */
const KEYFRAME_MIN_US = 300_000;
/** Further behind than this the process was suspended. */
const LATE_MAX_US = 500_000;

/** What a synthetic publisher offers. `random` gives a whole number below its argument. */
export function syntheticOffer(
  plan: SourcePlan,
  random: (limit: number) => number,
): readonly MediaSection[] {
  const fmtp = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f";
  const opus = "minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1";
  const audio = { codec: "opus", clockRate: 48_000, channels: 2, fmtp: opus } as const;
  const video = { codec: "h264", clockRate: 90_000, channels: 1, fmtp } as const;
  const sections = offeredSections(plan.audio ? audio : null, plan.video ? video : null, random);
  return sections.map((section) => {
    const extensionIds = [...section.extensionIds];
    extensionIds[Extension.absCaptureTime] = CAPTURE_ID;
    return { ...section, extensionIds };
  });
}

export interface SyntheticPublisherOptions {
  readonly peer: Peer;
  /** What the server accepted. */
  readonly sections: readonly MediaSection[];
  readonly plan: SourcePlan;
  readonly phaseUs: number;
  readonly cname: string;
  readonly counters: LoadCounters;
  readonly random: (limit: number) => number;
  readonly allocate: (bytes: number) => Region;
  /** Where packets are written, and how one of `length` bytes leaves. */
  readonly out: Region;
  readonly transmit: (length: number) => void;
}

// Scratch of the thread.
const due = new DuePacket();
const stamp = new Stamp();
const cursor = new RtcpCursor();
const numbers = new Uint16Array(NACK_SEQUENCES_MAX);
const report = new SenderReport();

export class SyntheticPublisher implements SessionListener {
  readonly peer: Peer;
  readonly #options: SyntheticPublisherOptions;
  readonly #source: SyntheticSource;
  readonly #tracks: readonly SyntheticTrack[];
  readonly #audio: SyntheticTrack | null;
  readonly #video: SyntheticTrack | null;
  readonly #cname: Uint8Array;
  #originUs = Number.NaN;
  #reportAt = 0;
  #keyframeAt = Number.NEGATIVE_INFINITY;

  constructor(options: SyntheticPublisherOptions) {
    this.#options = options;
    this.peer = options.peer;
    this.#cname = new TextEncoder().encode(options.cname);
    this.#audio = createTrack("audio", options);
    this.#video = createTrack("video", options);
    this.#tracks = [this.#audio, this.#video].filter((track) => track !== null);
    const plan = {
      ...options.plan,
      audio: this.#audio !== null,
      video: this.#video !== null,
    };
    this.#source = new SyntheticSource(plan, options.phaseUs);
  }

  handleEvent(event: PeerEventCode, now: number, bytes: Uint8Array, offset: number): void {
    if (event === PeerEvent.connected) {
      this.#originUs = now;
      this.#options.counters.add("publishersLive");
    } else if (event === PeerEvent.rtcp) {
      this.#handleRtcp(bytes, offset, this.peer.length, now);
    }
  }

  /** Sends everything that is due. `clock` reads the monotonic clock for the stamps. */
  send(now: number, wallOffsetUs: number, clock: () => number): void {
    const { sender } = this.peer;
    if (sender === null || !this.peer.mediaAllowed) return;
    const elapsed = now - this.#originUs;
    if (elapsed - this.#source.nextDueUs > LATE_MAX_US) this.#source.skipTo(elapsed);
    if (now >= this.#reportAt) this.#sendReports(sender, now, wallOffsetUs);
    while (this.#source.nextDueUs <= elapsed) {
      this.#source.take(due);
      this.#sendPacket(sender, wallOffsetUs, clock);
    }
  }

  /** Monotonic time of the next packet; Infinity before the session is connected. */
  nextDue(): number {
    return this.peer.sender === null
      ? Number.POSITIVE_INFINITY
      : this.#originUs + this.#source.nextDueUs;
  }

  #sendPacket(sender: SrtpSender, wallOffsetUs: number, clock: () => number): void {
    const { out, transmit, counters } = this.#options;
    const track = due.kind === "audio" ? this.#audio : this.#video;
    if (track === null) return;
    if (due.keyframe && due.index === 0) {
      this.#keyframeAt = this.#originUs + due.timeUs;
      transmit(track.sendParameterSets(sender, out, due));
      counters.add("published");
    }
    stamp.sentUs = clock();
    stamp.frame = due.frame;
    stamp.index = due.index;
    stamp.count = due.count;
    const captureUs = this.#originUs + due.timeUs + wallOffsetUs;
    transmit(track.send(sender, out, due, stamp, captureUs));
    counters.add("published");
  }

  #sendReports(sender: SrtpSender, now: number, wallOffsetUs: number): void {
    this.#reportAt = now + REPORT_US;
    const { out, transmit } = this.#options;
    for (const track of this.#tracks) {
      track.report(now + wallOffsetUs, now - this.#originUs, report);
      let length = writeSenderReport(out.bytes, 0, report, [], 0);
      length += writeSdes(out.bytes, length, track.ssrc, this.#cname);
      transmit(sender.sealRtcp(out, 0, length));
    }
  }

  #handleRtcp(bytes: Uint8Array, offset: number, length: number, now: number): void {
    cursor.reset(bytes, offset, length);
    while (cursor.next()) {
      if (cursor.type === RtcpType.payloadFeedback && cursor.count === FeedbackFormat.pli) {
        if (now - this.#keyframeAt > KEYFRAME_MIN_US) this.#source.requestKeyframe();
      } else if (
        cursor.type === RtcpType.transportFeedback &&
        cursor.count === FeedbackFormat.nack
      ) {
        this.#resend(bytes);
      }
    }
  }

  #resend(bytes: Uint8Array): void {
    const ssrc = readMediaSsrc(bytes, cursor.offset, cursor.length);
    const track = this.#tracks.find((candidate) => candidate.ssrc === ssrc);
    const { sender } = this.peer;
    if (track === undefined || sender === null) return;
    const count = readNack(bytes, cursor.offset, cursor.length, numbers);
    for (let i = 0; i < count; i += 1) {
      const length = track.resend(sender, this.#options.out, numbers[i]!);
      if (length === 0) continue;
      this.#options.transmit(length);
      this.#options.counters.add("publishedAgain");
    }
  }
}

function createTrack(
  kind: "audio" | "video",
  options: SyntheticPublisherOptions,
): SyntheticTrack | null {
  const section = options.sections.find((each) => each.kind === kind);
  if (section === undefined) return null;
  const format = section.formats[0]!;
  const rtxSsrc = section.rtxSsrcs[0];
  const rtx =
    format.rtxPayloadType === null || rtxSsrc === undefined
      ? null
      : { payloadType: format.rtxPayloadType, ssrc: rtxSsrc };
  return new SyntheticTrack({
    kind,
    payloadType: format.payloadType,
    clockRate: format.clockRate,
    ssrc: section.ssrcs[0]!,
    rtx,
    captureId: section.extensionIds[Extension.absCaptureTime] ?? 0,
    firstSequence: options.random(2 ** 15),
    firstTimestamp: options.random(2 ** 32),
    history: options.allocate(SYNTHETIC_HISTORY_BYTES),
  });
}
