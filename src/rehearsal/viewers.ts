/** A rehearsal of egress: viewers join one after the other, watch, answer with feedback, and leave. */
import { NO_LIMITS } from "../media/layer-choice.ts";
import { readU16, readU32 } from "../wire/bytes.ts";
import { writeNack } from "../wire/rtcp/nack.ts";
import { writePli } from "../wire/rtcp/pli.ts";
import { writeReceiverReport } from "../wire/rtcp/receiver-report.ts";
import { ReportBlock } from "../wire/rtcp/report-block.ts";
import { TransportFeedbackWriter } from "../wire/rtcp/transport-cc-writer.ts";
import type { Budget } from "./budget.ts";
import type { FarEnd } from "./far-end.ts";
import { FilledRings } from "./filled-rings.ts";
import type { Script } from "./script.ts";
import { FRAME_US } from "./source.ts";
import type { Stage } from "./stage.ts";

const JOINS = 120;
/** At once. */
const WATCHING = 8;
/** Between two joins. */
const FRAMES = 2;
/** Before the first join: there is something to catch up with. */
const FRAMES_BEFORE = 4;
/** Every so many joins a viewer asks for a keyframe. */
const PLI_EVERY = 8;
const STREAM = 1;
/** Of the viewers' reports. */
const SENDER_SSRC = 1;
const FEEDBACK_BYTES = 1000;
const STATUSES_MAX = 256;
const PACKET_US = 200;

interface Member {
  readonly end: FarEnd;
  readonly videoSsrc: number;
  /** By their transport-wide numbers: those that came, and those that were reported. */
  came: number;
  reported: number;
}

// One report at a time.
const writer = new TransportFeedbackWriter(STATUSES_MAX);
const arrivals = { us: new Float64Array(STATUSES_MAX) };
const block = new ReportBlock();
const asked = new Uint16Array(1);

export class ViewerRehearsal {
  joins = 0;
  readonly #stage: Stage;
  readonly #script: Script;
  readonly #rings = new FilledRings();
  readonly #members: Member[] = [];

  constructor(stage: Stage, script: Script) {
    this.#stage = stage;
    this.#script = script;
  }

  run(budget: Budget): void {
    for (let frame = 0; frame < FRAMES_BEFORE; frame += 1) this.#forward();
    while (this.joins < JOINS && budget.left) {
      this.#join();
      for (let frame = 0; frame < FRAMES && budget.left; frame += 1) this.#forward();
      for (const member of this.#members) this.#report(member);
      if (this.#members.length === WATCHING) this.#stage.leave(this.#members.shift()!.end);
    }
    for (const { end } of this.#members) this.#stage.leave(end);
    this.#stage.turn();
  }

  #join(): void {
    this.joins += 1;
    const session = this.joins;
    const media = this.#script.mediaOf(session);
    // A copy, as all commands are that come from control: it has another form than what was copied.
    const open = structuredClone({
      type: "viewer-open" as const,
      session,
      stream: STREAM,
      peer: this.#script.peerOf(session),
      media,
      cname: "rehearsal",
      source: null,
      playoutDelay: null,
      limits: NO_LIMITS,
    });
    const end = this.#stage.join({ ...open, source: this.#rings.source });
    const videoSsrc = media.find(({ kind }) => kind === "video")!.ssrcs[0]!;
    this.#members.push({ end, videoSsrc, came: 0, reported: 0 });
  }

  #forward(): void {
    const stage = this.#stage;
    stage.now += FRAME_US;
    const count = this.#rings.put(stage.now);
    for (const index of this.#rings.indices) stage.logic.mark(index);
    stage.turn();
    for (const member of this.#members) member.came += count;
  }

  /** Everything that a viewer reports, in one compound packet. */
  #report(member: Member): void {
    const { end, videoSsrc } = member;
    const stage = this.#stage;
    const out = stage.inbound.bytes;
    block.ssrc = videoSsrc;
    block.highestSequence = member.came;
    let length = writeReceiverReport(out, 0, SENDER_SSRC, [block], 1);
    length += this.#writeFeedback(member, out, length);
    length += this.#writeNack(member, out, length);
    if (this.joins % PLI_EVERY === 0) length += writePli(out, length, SENDER_SSRC, videoSsrc);
    stage.receive(end, end.sender.sealRtcp(stage.inbound, 0, length));
  }

  #writeFeedback(member: Member, out: Uint8Array, at: number): number {
    const { came, reported, videoSsrc } = member;
    const { us } = arrivals;
    const start = this.#stage.now - (came - reported) * PACKET_US;
    for (let i = reported; i < came; i += 1) {
      us[i % STATUSES_MAX] = start + (i - reported) * PACKET_US;
    }
    const number = this.joins & 255;
    const room = FEEDBACK_BYTES;
    const count = came - reported;
    member.reported = came;
    return writer.write(out, at, room, SENDER_SSRC, videoSsrc, number, reported, count, arrivals);
  }

  /** Asks again for the packet that stands first in the sender's memory, if it is this viewer's. */
  #writeNack({ videoSsrc }: Member, out: Uint8Array, at: number): number {
    const { bytes } = this.#stage.sender.region;
    if (readU32(bytes, 8) !== videoSsrc) return 0;
    asked[0] = readU16(bytes, 2);
    return writeNack(out, at, SENDER_SSRC, videoSsrc, asked, 1);
  }
}
