/** The rings of a rehearsed stream, filled as ingest fills them. */
import type { RingGrant, StreamSource } from "../contract/source.ts";
import { createRing, SlotFlag } from "../ring/layout.ts";
import { NO_SLOT, RingWriter } from "../ring/writer.ts";
import { Codec } from "../wire/codecs.ts";
import { type RehearsedPacket, RehearsedSource } from "./source.ts";

const FIRST_SEQUENCE = 1000;
const PAYLOAD = new Uint8Array(2048).fill(0x55);
const FMTP = "packetization-mode=1;profile-level-id=42e01f";

export class FilledRings {
  readonly source: StreamSource;
  readonly #audio = new FilledRing("audio", 0);
  readonly #video = new FilledRing("video", 1);
  readonly #packets = new RehearsedSource();

  constructor() {
    this.source = { epoch: 1, audio: this.#audio.grant, video: [this.#video.grant] };
  }

  /** Their indices, the picture's first. */
  get indices(): readonly number[] {
    return [this.#video.grant.index, this.#audio.grant.index];
  }

  /** Writes a frame and the sound beside it; returns how many packets they are. */
  put(now: number): number {
    const packets = this.#packets.next();
    for (const packet of packets) {
      (packet.kind === "video" ? this.#video : this.#audio).put(packet, now);
    }
    return packets.length;
  }
}

class FilledRing {
  readonly grant: RingGrant;
  readonly #kind: "audio" | "video";
  readonly #writer: RingWriter;
  #sequence = FIRST_SEQUENCE;

  constructor(kind: "audio" | "video", index: number) {
    this.#kind = kind;
    this.grant = { index, buffer: createRing(kind), writer: 0 };
    this.#writer = new RingWriter(this.grant.buffer);
    if (kind === "video") this.#writer.describe(Codec.h264, 90_000, FMTP, "");
    else this.#writer.describe(Codec.opus, 48_000, "", "");
  }

  put(packet: RehearsedPacket, arrival: number): void {
    const { timestamp, bytes, first, last, keyframe } = packet;
    const writer = this.#writer;
    const offset = writer.reserve(this.#sequence);
    if (offset === NO_SLOT) return;
    const video = this.#kind === "video";
    let flags = 0;
    if (first) flags |= SlotFlag.frameStart;
    if (last) flags |= SlotFlag.frameEnd;
    if (last && video) flags |= SlotFlag.marker;
    if (first && keyframe) flags |= SlotFlag.keyframeStart;
    const codec = video ? Codec.h264 : Codec.opus;
    writer.setDescription(offset, timestamp, bytes, arrival, codec, flags, null);
    writer.setPayload(offset, PAYLOAD, 0, bytes);
    writer.commit(this.#sequence, offset);
    this.#sequence += 1;
  }
}
