/** A rehearsal of ingest: publishers come one after the other, send, lose packets, and leave. */
import type { MediaSection } from "../contract/session.ts";
import type { RingGrant } from "../contract/source.ts";
import { DATAGRAM_BYTES_MAX } from "../limits.ts";
import { createRing } from "../ring/layout.ts";
import type { Region } from "../srtp/cipher.ts";
import { RTP_FIXED_HEADER_BYTES, writeRtpHeader } from "../wire/rtp.ts";
import type { Budget } from "./budget.ts";
import type { FarEnd } from "./far-end.ts";
import type { Script } from "./script.ts";
import { FRAME_US, type RehearsedPacket, RehearsedSource } from "./source.ts";
import type { Stage } from "./stage.ts";

const PUBLISHERS = 40;
/** Of each. */
const FRAMES = 20;
/** Of so many packets one comes a frame late: it is asked for meanwhile. */
const LATE_EVERY = 50;
const FIRST_SEQUENCE = 1000;
const BITRATE_MAX = 20_000_000;
const NAL_IDR = 0x65;
const NAL_SLICE = 0x41;
/** ue(v) 0 in front: the first slice of a picture; 1: a later one. */
const FIRST_SLICE = 0xb8;
const LATER_SLICE = 0x58;
/** Opus: 20 ms of full-band CELT, stereo, one frame. */
const OPUS_TOC = 0xfc;
/** STAP-A of the parameter sets of a 1280x720 constrained baseline stream, level 3.1. */
const PARAMETER_SETS = Uint8Array.fromHex("7800096742e01fda014016e4000468ce3880");

export class PublisherRehearsal {
  joins = 0;
  readonly #stage: Stage;
  readonly #script: Script;
  readonly #rings: readonly (readonly RingGrant[])[];
  readonly #payload: Region;

  constructor(stage: Stage, script: Script) {
    this.#stage = stage;
    this.#script = script;
    this.#rings = script.media.map(({ kind }, index) => [
      { index, buffer: createRing(kind), writer: 0 },
    ]);
    this.#payload = stage.allocate(DATAGRAM_BYTES_MAX);
  }

  run(budget: Budget): void {
    while (this.joins < PUBLISHERS && budget.left) {
      const end = this.#join();
      this.#publish(end, budget);
      this.#stage.leave(end);
    }
    this.#stage.turn();
  }

  #join(): FarEnd {
    this.joins += 1;
    const session = this.joins;
    // A copy, as all commands are that come from control: it has another form than what was copied.
    const open = structuredClone({
      type: "publisher-open" as const,
      session,
      stream: session,
      peer: this.#script.peerOf(session),
      media: this.#script.media,
      bitrateMax: BITRATE_MAX,
    });
    const end = this.#stage.join(open);
    const rings = this.#rings;
    this.#stage.command({ type: "publisher-rings", session, rings });
    return end;
  }

  #publish(end: FarEnd, budget: Budget): void {
    const stage = this.#stage;
    const source = new RehearsedSource();
    const sequences = { audio: FIRST_SEQUENCE, video: FIRST_SEQUENCE };
    let late: (() => void) | null = null;
    for (let frame = 0; frame < FRAMES && budget.left; frame += 1) {
      stage.now += FRAME_US;
      const missed = late;
      late = null;
      for (const packet of source.next()) {
        sequences[packet.kind] += 1;
        const sequence = sequences[packet.kind];
        const send = () => stage.receive(end, this.#seal(end, packet, sequence));
        if (sequence % LATE_EVERY === 0) late = send;
        else send();
      }
      stage.turn();
      missed?.();
    }
  }

  #seal(end: FarEnd, packet: RehearsedPacket, sequence: number): number {
    const { inbound } = this.#stage;
    const { kind, timestamp, last } = packet;
    const { ssrcs, formats } = this.#section(kind);
    const ssrc = ssrcs[0]!;
    const marker = kind === "video" && last;
    const type = formats[0]!.payloadType;
    writeRtpHeader(inbound.bytes, 0, type, marker, sequence, timestamp, ssrc, false, false);
    const length = this.#writePayload(packet);
    const header = RTP_FIXED_HEADER_BYTES;
    const { sender } = end;
    const stream = sender.stream(ssrc);
    return sender.sealRtp(stream, inbound, 0, header, this.#payload, 0, length, sequence);
  }

  #section(kind: RehearsedPacket["kind"]): MediaSection {
    return this.#script.media.find((section) => section.kind === kind)!;
  }

  /** What ingest looks at; behind that stands whatever stood there. Returns the length. */
  #writePayload({ kind, bytes, first, keyframe }: RehearsedPacket): number {
    const payload = this.#payload.bytes;
    if (kind === "audio") payload[0] = OPUS_TOC;
    else if (keyframe && first) {
      payload.set(PARAMETER_SETS);
      return PARAMETER_SETS.length;
    } else {
      payload[0] = keyframe ? NAL_IDR : NAL_SLICE;
      payload[1] = first ? FIRST_SLICE : LATER_SLICE;
    }
    return bytes;
  }
}
