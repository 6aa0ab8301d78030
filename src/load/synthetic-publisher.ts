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
const RID_ID = 6;
/** The largest first. */
const RIDS = ["f", "h", "q"] as const;
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
    const whole = { ...section, extensionIds };
    return section.kind === "video" && plan.layers > 1
      ? layered(whole, plan.layers, random)
      : whole;
  });
}

/** Layers are told apart by their SSRCs, which are announced in the order of the rids. */
function layered(
  section: MediaSection,
  layers: number,
  random: (limit: number) => number,
): MediaSection {
  const extensionIds = [...section.extensionIds];
  extensionIds[Extension.rid] = RID_ID;
  const used = new Set([...section.ssrcs, ...section.rtxSsrcs]);
  while (used.size < 2 * layers) used.add(1 + random(2 ** 32 - 1));
  const [first, repair, ...more] = [...used];
  return {
    ...section,
    extensionIds,
    ssrcs: [first!, ...more.slice(0, layers - 1)],
    rtxSsrcs: [repair!, ...more.slice(layers - 1)],
    rids: RIDS.slice(0, layers),
  };
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

/** One layer of the picture, and what it sends when. The first has the sound, too. */
interface Layer {
  readonly source: SyntheticSource;
  readonly video: SyntheticTrack | null;
  keyframeAt: number;
}

export class SyntheticPublisher implements SessionListener {
  readonly peer: Peer;
  readonly #options: SyntheticPublisherOptions;
  readonly #tracks: readonly SyntheticTrack[];
  readonly #audio: SyntheticTrack | null;
  readonly #layers: readonly Layer[];
  readonly #cname: Uint8Array;
  #originUs = Number.NaN;
  #reportAt = 0;

  constructor(options: SyntheticPublisherOptions) {
    this.#options = options;
    this.peer = options.peer;
    this.#cname = new TextEncoder().encode(options.cname);
    this.#audio = createTracks("audio", options)[0] ?? null;
    const videos = createTracks("video", options);
    this.#tracks = [...(this.#audio === null ? [] : [this.#audio]), ...videos];
    const first = createLayer(videos, 0, this.#audio !== null, options);
    const others = videos.slice(1).map((_, i) => createLayer(videos, i + 1, false, options));
    this.#layers = [first, ...others];
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
    if (now >= this.#reportAt) this.#sendReports(sender, now, wallOffsetUs);
    for (const layer of this.#layers) {
      const { source } = layer;
      if (elapsed - source.nextDueUs > LATE_MAX_US) source.skipTo(elapsed);
      while (source.nextDueUs <= elapsed) {
        source.take(due);
        this.#sendPacket(layer, sender, wallOffsetUs, clock);
      }
    }
  }

  /** Monotonic time of the next packet; Infinity before the session is connected. */
  nextDue(): number {
    if (this.peer.sender === null) return Number.POSITIVE_INFINITY;
    let soonest = Number.POSITIVE_INFINITY;
    for (const { source } of this.#layers) soonest = Math.min(soonest, source.nextDueUs);
    return this.#originUs + soonest;
  }

  #sendPacket(layer: Layer, sender: SrtpSender, wallOffsetUs: number, clock: () => number): void {
    const { out, transmit, counters } = this.#options;
    const track = due.kind === "audio" ? this.#audio : layer.video;
    if (track === null) return;
    if (due.keyframe && due.index === 0) {
      layer.keyframeAt = this.#originUs + due.timeUs;
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
        this.#makeKeyframe(readMediaSsrc(bytes, cursor.offset, cursor.length), now);
      } else if (
        cursor.type === RtcpType.transportFeedback &&
        cursor.count === FeedbackFormat.nack
      ) {
        this.#resend(bytes);
      }
    }
  }

  #makeKeyframe(ssrc: number, now: number): void {
    const layer = this.#layers.find(({ video }) => video?.ssrc === ssrc);
    if (layer !== undefined && now - layer.keyframeAt > KEYFRAME_MIN_US) {
      layer.source.requestKeyframe();
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

/** As many as the server takes; none of a kind that it refused. */
function createTracks(
  kind: "audio" | "video",
  options: SyntheticPublisherOptions,
): readonly SyntheticTrack[] {
  const section = options.sections.find((each) => each.kind === kind);
  if (section === undefined) return [];
  const format = section.formats[0]!;
  const ssrcs = section.ssrcs.slice(0, Math.max(1, section.rids.length));
  return ssrcs.map((ssrc, layer) => {
    const rtxSsrc = section.rtxSsrcs[layer];
    const rtx =
      format.rtxPayloadType === null || rtxSsrc === undefined
        ? null
        : { payloadType: format.rtxPayloadType, ssrc: rtxSsrc };
    return new SyntheticTrack({
      kind,
      payloadType: format.payloadType,
      clockRate: format.clockRate,
      ssrc,
      layer,
      rtx,
      captureId: section.extensionIds[Extension.absCaptureTime] ?? 0,
      firstSequence: options.random(2 ** 15),
      firstTimestamp: options.random(2 ** 32),
      history: options.allocate(SYNTHETIC_HISTORY_BYTES),
    });
  });
}

function createLayer(
  videos: readonly SyntheticTrack[],
  place: number,
  audio: boolean,
  { plan, phaseUs }: SyntheticPublisherOptions,
): Layer {
  const video = videos[place] ?? null;
  const share = 2 ** (plan.layers - 1 - place) / (2 ** plan.layers - 1);
  const own = { ...plan, audio, video: video !== null, bitrate: plan.bitrate * share };
  return {
    video,
    source: new SyntheticSource(own, phaseUs),
    keyframeAt: Number.NEGATIVE_INFINITY,
  };
}
