/**
 * One publisher session: RTP and RTCP that its peer opened become slots of rings, and feedback
 * (reports, NACK, PLI, REMB, transport-wide feedback) goes back.
 *
 * Order of use after any `handle*`: drain `pollRtcp` until it returns 0, `drainTouched` once a
 * batch, then ask `nextTimeout`.
 */
import { assert } from "../assert.ts";
import { Counter, countUp } from "../contract/counters.ts";
import type { WorkerCommand } from "../contract/messages.ts";
import type { RingGrant } from "../contract/source.ts";
import type { SessionStats } from "../contract/statistics.ts";
import { Wishes } from "../intake/wishes.ts";
import { BITRATE_WINDOW_US, RTCP_COST_US, SLEEP_MAX_US } from "../limits.ts";
import { RoundTrip } from "../media/round-trip.ts";
import { RtcpShare } from "../media/rtcp-share.ts";
import { TransportFeedbackRecorder } from "../media/transport-feedback.ts";
import type { Peer } from "../peer/peer.ts";
import type { RingWriter } from "../ring/writer.ts";
import type { Region } from "../srtp/cipher.ts";
import { readU16 } from "../wire/bytes.ts";
import { Extension } from "../wire/extensions.ts";
import { ntpUsOf } from "../wire/ntp.ts";
import { formatPath } from "../wire/path.ts";
import { readBye } from "../wire/rtcp/bye.ts";
import { RtcpCursor, RtcpType } from "../wire/rtcp/compound.ts";
import { compactNtp, readSenderReport, SenderReport } from "../wire/rtcp/sender-report.ts";
import { parseRtp, RtpHeader } from "../wire/rtp.ts";
import { ExtensionCursor } from "../wire/rtp-extensions.ts";
import { BitrateLimit } from "./bitrate-limit.ts";
import { noteBye, noteMedia } from "./bye.ts";
import { Feedback, REPORT_BYTES_MAX, RTCP_BYTES_MAX } from "./feedback.ts";
import { extensionTable, type KnownSsrc, SsrcTable } from "./ssrc-table.ts";
import { Track } from "./track.ts";

export { RTCP_BYTES_MAX } from "./feedback.ts";

/** Control's command, and the rings that it granted since. */
export type PublisherOpen = Extract<WorkerCommand, { readonly type: "publisher-open" }> & {
  readonly rings: readonly (readonly RingGrant[])[];
};

/** One that is idle is looked at so often; whoever has a wish rings, and its next packet ends the rest. */
const IDLE_LOOK_US = 1_000_000;

/** What a publisher needs to know of its peer; a test passes a plain object. */
export type PublisherPeer = Pick<Peer, "state" | "path" | "reportsAllowed" | "srtpProfile">;

export interface PublisherOptions {
  readonly command: PublisherOpen;
  readonly peer: PublisherPeer;
  /** Microseconds, monotonic. */
  readonly now: number;
  /** SSRC under which we send RTCP: random, given. */
  readonly ssrc: number;
  /** CNAME of our RTCP: random, 1..64 ASCII characters (RFC 7022). */
  readonly cname: string;
  /** Reader threads whose keyframe wishes are summed (Doorbells.readers). */
  readonly readers: number;
  /** The worker's counters (WorkerBlock.counters), indexed by `Counter`. */
  readonly counters: Float64Array;
}

/** Scratch of the one thread that runs this module: valid within one call only. */
const header = new RtpHeader();
const extensions = new ExtensionCursor();
const rtcp = new RtcpCursor();
const senderReport = new SenderReport();
const byes = new Uint32Array(31);

export class Publisher {
  readonly session: number;
  readonly stream: number;
  readonly peer: PublisherPeer;
  readonly tracks: readonly Track[];
  /** Whether it keeps to its bit rate: at "ended" close the peer with "bitrate". */
  readonly limit: BitrateLimit;
  readonly #ssrcs: SsrcTable;
  readonly #share = new RtcpShare();
  readonly #feedback: Feedback;
  readonly #transport: TransportFeedbackRecorder | null;
  readonly #roundTrip = new RoundTrip();
  readonly #counters: Float64Array;
  readonly #wishes: Wishes;
  #lookAt: number;
  /** When it last brought RTP, and whether that is so long ago that it is looked at rarely. */
  #heardAt: number;
  #idle = false;

  constructor(options: PublisherOptions) {
    const { command } = options;
    assert(options.cname.length >= 1 && options.cname.length <= 64, "a CNAME of 1..64 characters");
    this.session = command.session;
    this.stream = command.stream;
    this.peer = options.peer;
    this.#counters = options.counters;
    this.tracks = createTracks(command, this.#roundTrip, options.counters);
    this.#ssrcs = new SsrcTable(this.tracks);
    this.#transport = wantsTransportFeedback(command) ? new TransportFeedbackRecorder() : null;
    this.limit = new BitrateLimit(command.bitrateMax, this.tracks);
    this.#feedback = new Feedback({
      ssrc: options.ssrc,
      cname: options.cname,
      bitrateMax: command.bitrateMax,
      tracks: this.tracks,
      transport: this.#transport,
      counters: options.counters,
    });
    this.#wishes = new Wishes(this.tracks, options.readers);
    this.#lookAt = options.now;
    this.#heardAt = options.now;
  }

  /** SSRCs that have state. */
  get ssrcCount(): number {
    return this.#ssrcs.all.size;
  }

  /** One plaintext RTP packet; `arrival` is the kernel's receive time. Never throws on input. */
  handleRtp(now: number, region: Region, offset: number, length: number, arrival: number): void {
    const { bytes } = region;
    this.#heardAt = now;
    // Before it counts again: of a track that has left no wish is heard.
    if (this.#idle) this.#look(now);
    if (!parseRtp(bytes, offset, length, header)) {
      countUp(this.#counters, Counter.malformed);
      return;
    }
    if (this.#transport !== null) this.#noteTransport(bytes, arrival, length);
    const known = this.#ssrcs.find(now, bytes, header);
    if (known === null) {
      countUp(this.#counters, Counter.malformed);
      return;
    }
    this.#feedback.start(now);
    if (!this.limit.takes(now, length, known.track)) {
      countUp(this.#counters, Counter.packetsOverBitrate!);
      return;
    }
    if (known.rtx) this.#handleRtx(now, known, bytes, arrival);
    else if (known.track.bind(now, known.ssrc)) {
      noteMedia(known, now);
      known.track.handleMedia(now, bytes, header, arrival);
    }
  }

  /** One plaintext compound RTCP packet. */
  handleRtcp(now: number, region: Region, offset: number, length: number, arrival: number): void {
    const { bytes } = region;
    // A BYE is told to readers soon.
    if (this.#idle) this.heed();
    let takes = this.#share.takesDatagram(now);
    rtcp.reset(bytes, offset, length);
    while (takes && rtcp.next()) {
      takes = this.#share.takesPacket(now);
      if (!takes) break;
      this.#share.charge(now, rtcp.count * RTCP_COST_US.block);
      if (rtcp.type === RtcpType.senderReport) this.#handleSenderReport(bytes, arrival);
      else if (rtcp.type === RtcpType.bye) this.#handleBye(now, bytes);
    }
    if (!takes) countUp(this.#counters, Counter.rtcpOverBudget!);
    else if (rtcp.malformed) countUp(this.#counters, Counter.malformed);
  }

  /** A reader has rung for a wish: `handleTimeout` is due at once. */
  heed(): void {
    this.#lookAt = Number.NEGATIVE_INFINITY;
  }

  /** Reads the readers' keyframe wishes and runs what is due. Harmless when early. */
  handleTimeout(now: number): void {
    if (now >= this.#lookAt) this.#look(now);
  }

  /** When `handleTimeout` and `pollRtcp` are due; at most IDLE_LOOK_US away. */
  nextTimeout(): number {
    return Math.min(this.#lookAt, this.#feedback.nextTimeout());
  }

  /** Writes one compound RTCP packet (plaintext, at most RTCP_BYTES_MAX); 0 when there is none. */
  pollRtcp(now: number, out: Uint8Array): number {
    assert(out.length >= RTCP_BYTES_MAX, "a compound packet fits");
    return now < this.#feedback.nextTimeout() ? 0 : this.#feedback.poll(now, out);
  }

  /** Calls `visit` for each ring written since the last call: ring the doorbells. */
  drainTouched(visit: (index: number, writer: RingWriter, urgent: boolean) => void): void {
    for (const track of this.tracks) {
      if (!track.filler.touched) continue;
      visit(track.ring.index, track.writer, track.filler.urgent);
      track.filler.touched = false;
      track.filler.urgent = false;
    }
  }

  stats(now: number): SessionStats {
    return {
      session: this.session,
      connected: this.peer.state === "connected",
      path: this.peer.path === null ? null : formatPath(this.peer.path),
      srtpProfile: this.peer.srtpProfile,
      roundTripMs: this.#roundTrip.measured ? this.#roundTrip.us / 1000 : null,
      estimateBps: null,
      bitrateExcess: this.limit.stage,
      tracks: this.tracks.map((track) => track.stats(now)),
    };
  }

  /** Marks the rings closed. Nothing else may be called afterwards. */
  close(): void {
    for (const track of this.tracks) track.writer.close();
  }

  /** At its readers' wishes and its bit rate. */
  #look(now: number): void {
    this.#wishes.read(now);
    this.limit.update(now);
    this.#feedback.limit(now, this.limit.asked);
    this.#idle = this.#isIdle(now);
    this.#lookAt = now + (this.#idle ? IDLE_LOOK_US : SLEEP_MAX_US);
  }

  /** Nothing of it can change by itself: its bit rate is forgotten, and no wish stands. */
  #isIdle(now: number): boolean {
    if (now - this.#heardAt <= BITRATE_WINDOW_US || this.limit.stage !== "within") return false;
    for (const { keyframes } of this.tracks) {
      if (keyframes.nextTimeout() < Number.POSITIVE_INFINITY) return false;
    }
    return true;
  }

  #handleRtx(now: number, known: KnownSsrc, bytes: Uint8Array, arrival: number): void {
    if (!this.#ssrcs.isPresent(known)) countUp(this.#counters, Counter.packetsDuplicate);
    else if (known.track.handleRtx(now, bytes, header, arrival)) known.proven = true;
  }

  #noteTransport(bytes: Uint8Array, arrival: number, length: number): void {
    if (header.extensionLength === 0) return;
    extensions.reset(bytes, header);
    while (extensions.next()) {
      if (this.#ssrcs.extension(extensions.id) !== Extension.transportCc) continue;
      const told = this.limit.arrival(arrival, length);
      if (extensions.length >= 2 && told >= 0) {
        this.#transport!.note(readU16(bytes, extensions.offset), told);
      }
      return;
    }
  }

  #handleSenderReport(bytes: Uint8Array, arrival: number): void {
    if (!readSenderReport(bytes, rtcp.offset, rtcp.length, rtcp.count, senderReport)) {
      countUp(this.#counters, Counter.malformed);
      return;
    }
    const known = this.#ssrcs.all.get(senderReport.ssrc);
    if (known === undefined || !isMedia(known)) return;
    const { ntpSeconds, ntpFraction, rtpTimestamp } = senderReport;
    known.track.statistics.senderReport(compactNtp(ntpSeconds, ntpFraction), arrival);
    // A sender without a wall clock says 0 (RFC 3550 6.4.1): no time line to map.
    if (ntpSeconds === 0 && ntpFraction === 0) return;
    known.track.writer.setTiming(rtpTimestamp, ntpUsOf(senderReport), arrival);
  }

  #handleBye(now: number, bytes: Uint8Array): void {
    const count = readBye(bytes, rtcp.offset, rtcp.length, rtcp.count, byes);
    if (count < 0) {
      countUp(this.#counters, Counter.malformed);
      return;
    }
    for (let i = 0; i < count; i += 1) {
      const known = this.#ssrcs.all.get(byes[i]!);
      if (known !== undefined) noteBye(known, now);
    }
  }
}

function isMedia(known: KnownSsrc): boolean {
  return !known.rtx && known.track.ssrc === known.ssrc;
}

function createTracks(
  command: PublisherOpen,
  roundTrip: RoundTrip,
  counters: Float64Array,
): Track[] {
  const tracks: Track[] = [];
  for (let i = 0; i < command.media.length; i += 1) {
    const section = command.media[i]!;
    const ids = extensionTable([section]);
    const rings = command.rings[i] ?? [];
    for (let layer = 0; layer < rings.length; layer += 1) {
      const rid = section.rids[layer] ?? "";
      tracks.push(new Track(section, rings[layer]!, rid, ids, roundTrip, counters));
    }
  }
  return tracks;
}

function wantsTransportFeedback(command: PublisherOpen): boolean {
  return command.media.some(
    (section) =>
      (section.extensionIds[Extension.transportCc] ?? 0) > 0 &&
      section.formats.some((format) => format.transportCc),
  );
}

assert(REPORT_BYTES_MAX <= RTCP_BYTES_MAX, "a whole report fits one packet");
