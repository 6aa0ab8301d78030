import { TransportFeedbackSource } from "../../src/media/transport-feedback.ts";
import type { FrameInfo, SimPacket } from "./packet.ts";

/** libwebrtc NackRequester: retries, then a keyframe request. */
const NACK_RETRIES = 10;
/** libwebrtc: a keyframe is asked for after such a wait for one, and for a decodable frame. */
const WAIT_KEYFRAME_US = 200_000;
const WAIT_FRAME_US = 3_000_000;
const FEEDBACK_ROOM = 1200;

export interface BrowserReply {
  nack(sequence: number): void;
  pli(): void;
  feedback(bytes: Uint8Array): void;
}

interface Missing {
  nextAt: number;
  tries: number;
}

interface Assembly {
  readonly info: FrameInfo;
  readonly got: Set<number>;
}

/**
 * The receiver in a browser as far as it matters: transport feedback each 50 to 100 ms, NACK at once
 * and each round trip, frames decoded in order with all before them, keyframe requests, freezes.
 */
export class Browser {
  /** Times at which frames were shown, us, and their layers. */
  readonly shownAt: number[] = [];
  readonly shownLayer: number[] = [];
  readonly latency: number[] = [];
  readonly audioSequences = new Set<number>();
  videoBytes = 0;
  plis = 0;
  private readonly feedbackSource = new TransportFeedbackSource();
  private readonly missing = new Map<number, Missing>();
  private highest = -1;
  private readonly assemblies = new Map<number, Assembly>();
  private nextFrame = -1;
  private waitingSince = 0;
  private pliAt = 0;

  constructor(
    private readonly reply: BrowserReply,
    private readonly roundTripUs: number,
  ) {}

  receive(now: number, packet: SimPacket): void {
    this.feedbackSource.note(packet.transport, now);
    if (packet.kind === "audio") this.audioSequences.add(packet.sequence);
    if (packet.frame === null) return;
    this.videoBytes += packet.bytes;
    if (packet.kind === "video") this.noteSequence(now, packet.sequence);
    else this.missing.delete(packet.sequence);
    this.assemble(now, packet.sequence, packet.frame);
  }

  tick(now: number): void {
    if (now >= this.feedbackSource.nextTimeout()) this.writeFeedback(now);
    for (const [sequence, entry] of this.missing) {
      if (now < entry.nextAt) continue;
      if (entry.tries >= NACK_RETRIES) {
        this.missing.delete(sequence);
        this.requestKeyframe(now);
        continue;
      }
      this.nack(now, sequence, entry);
    }
    const wait = this.nextFrame < 0 ? WAIT_KEYFRAME_US : WAIT_FRAME_US;
    if (this.highest >= 0 && now - this.waitingSince > wait) this.requestKeyframe(now);
  }

  private noteSequence(now: number, sequence: number): void {
    this.missing.delete(sequence);
    if (this.highest < 0) this.highest = sequence;
    for (let lost = this.highest + 1; lost < sequence; lost += 1) {
      const entry = { nextAt: now, tries: 0 };
      this.missing.set(lost, entry);
      this.nack(now, lost, entry);
    }
    if (sequence > this.highest) this.highest = sequence;
  }

  private nack(now: number, sequence: number, entry: Missing): void {
    entry.tries += 1;
    entry.nextAt = now + Math.max(20_000, this.roundTripUs);
    this.reply.nack(sequence);
  }

  private requestKeyframe(now: number): void {
    if (now < this.pliAt) return;
    this.pliAt = now + WAIT_KEYFRAME_US;
    this.plis += 1;
    this.reply.pli();
  }

  private assemble(now: number, sequence: number, info: FrameInfo): void {
    if (info.id < this.nextFrame) return;
    let assembly = this.assemblies.get(info.id);
    if (assembly === undefined) {
      assembly = { info, got: new Set() };
      this.assemblies.set(info.id, assembly);
    }
    assembly.got.add(sequence);
    if (assembly.got.size === info.packets) this.decode(now);
  }

  private decode(now: number): void {
    for (;;) {
      const next = this.decodable();
      if (next === null) return;
      this.assemblies.delete(next.info.id);
      for (const id of this.assemblies.keys()) if (id < next.info.id) this.assemblies.delete(id);
      this.nextFrame = next.info.id + 1;
      this.waitingSince = now;
      this.shownAt.push(now);
      this.shownLayer.push(next.info.layer);
      this.latency.push(now - next.info.at);
    }
  }

  /** The next frame if it is whole, else the first whole keyframe after it. */
  private decodable(): Assembly | null {
    const next = this.assemblies.get(this.nextFrame);
    if (next !== undefined && next.got.size === next.info.packets) return next;
    let found: Assembly | null = null;
    for (const assembly of this.assemblies.values()) {
      const { info, got } = assembly;
      if (!info.key || got.size < info.packets) continue;
      if (found === null || info.id < found.info.id) found = assembly;
    }
    return found;
  }

  private writeFeedback(now: number): void {
    for (;;) {
      const out = new Uint8Array(FEEDBACK_ROOM);
      const length = this.feedbackSource.write(now, out, 0, FEEDBACK_ROOM, 1, 2);
      if (length === 0) return;
      this.reply.feedback(out.subarray(0, length));
    }
  }
}
