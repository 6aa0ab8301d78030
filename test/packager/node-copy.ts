/** Another node that has a broadcast's stream and its CUTs over a link, and cuts them, in virtual time. */
import { COUNTER_NAMES } from "../../src/contract/counters.ts";
import type { WorkerCommand } from "../../src/contract/messages.ts";
import type { StreamSource } from "../../src/contract/source.ts";
import type { TailEvent, TailNews } from "../../src/contract/tail.ts";
import { Packager } from "../../src/packager/packager.ts";
import { Codec } from "../../src/wire/codecs.ts";
import { sourceOf, Track, WALL_OFFSET_US } from "../egress/harness.ts";
import { RenditionRules } from "../support/rendition-rules.ts";
import {
  type Broadcast,
  READER,
  type RelayedPacket,
  type RingPublisher,
  STREAM,
  type TailCut,
} from "./broadcast.ts";

const OWN_EDITION = "ef".repeat(16);

export interface LinkOptions {
  /** What the link takes, us; of CUTs, which are repeated where they are lost. */
  readonly wayUs?: number;
  readonly cutWayUs?: number;
  /** Packets that do not come. */
  readonly loses?: (packet: RelayedPacket) => boolean;
  /** This node's clock, beside the root's, us. */
  readonly clockUs?: number;
  /** Its number in rings. */
  readonly reader?: number;
}

export class NodeCopy {
  readonly events: TailEvent[] = [];
  readonly cuts: TailCut[] = [];
  readonly files = new Map<string, Uint8Array>();
  readonly rules = new RenditionRules();
  readonly failures: unknown[] = [];
  readonly counters = new Float64Array(COUNTER_NAMES.length);
  readonly packager: Packager;
  /** It hears what the root decides. */
  hears = true;
  video: readonly Track[] = [];
  audio: Track | null = null;
  readonly #show: Broadcast;
  readonly #options: Required<LinkOptions>;
  readonly #waiting: { readonly at: number; readonly act: () => void }[] = [];
  /** CUTs of the root that are on their way or have come. */
  #told = 0;
  #teller: readonly TailCut[];

  constructor(show: Broadcast, options: LinkOptions = {}) {
    this.#show = show;
    const link = {
      wayUs: 20_000,
      cutWayUs: 20_000,
      loses: () => false,
      clockUs: 0,
      reader: READER,
    };
    this.#options = { ...link, ...options };
    this.#teller = show.cuts;
    this.packager = new Packager({
      reader: this.#options.reader,
      wish: () => {},
      tell: (event) => this.#take(event),
      failed: (error) => this.failures.push(error),
      gzip: () => new Uint8Array(0),
      wallOffsetUs: WALL_OFFSET_US + this.#options.clockUs + 0.625,
      counters: this.counters,
    });
  }

  command(command: WorkerCommand): void {
    this.packager.command(command, this.#show.now);
  }

  /** Rings like the publisher's; what lies in those goes first. */
  pull(publisher: RingPublisher = this.#show.publisher): this {
    this.video = publisher.video.map(() => new Track("video", Codec.h264));
    this.audio = publisher.audio === null ? null : new Track("audio");
    const { video, audio } = this;
    publisher.relayed = this.relay();
    const source: StreamSource = { ...sourceOf({ audio, video }), pulled: true };
    this.command({ type: "source", stream: STREAM, source });
    return this;
  }

  /** Reads the very rings that the root reads. */
  share(): this {
    const { source } = this.#show.publisher;
    this.command({ type: "source", stream: STREAM, source: { ...source, pulled: true } });
    return this;
  }

  /** What is sent goes into the rings of now. */
  relay(): RingPublisher["relayed"] {
    const { video, audio } = this;
    const { wayUs, loses } = this.#options;
    return (packet) => {
      if (loses(packet)) return;
      this.#waiting.push({ at: this.#show.now + wayUs, act: () => put(video, audio, packet) });
    };
  }

  /** Another node decides from now on. */
  follow(cuts: readonly TailCut[]): void {
    this.#teller = cuts;
    this.#told = 0;
  }

  open(): this {
    const open = { stream: STREAM, edition: OWN_EDITION, partUs: 1_000_000, dvr: false };
    this.command({ type: "tail-open", ...open });
    // What was told before is kept.
    this.#told = 0;
    return this;
  }

  /** Both go on. */
  run(seconds: number): this {
    const end = this.#show.now + seconds * 1e6;
    while (this.#show.now < end) {
      this.#show.run(0.01);
      this.pass();
    }
    return this;
  }

  /** What is due comes. */
  pass(): void {
    const { now } = this.#show;
    const cuts = this.#teller;
    for (; this.#told < cuts.length; this.#told += 1) {
      const cut = cuts[this.#told]!;
      if (!this.hears) continue;
      const act = (): void => this.command({ ...cut });
      this.#waiting.push({ at: now + this.#options.cutWayUs, act });
    }
    const due = this.#waiting.filter(({ at }) => at <= now);
    for (const each of due) this.#waiting.splice(this.#waiting.indexOf(each), 1);
    for (const { act } of due) act();
    this.packager.look(now);
  }

  newsOf(rendition = 0): TailNews[] {
    return this.events.filter(
      (event): event is TailNews => event.type === "tail-news" && event.rendition === rendition,
    );
  }

  textOf(rendition = 0): string {
    return this.newsOf(rendition).at(-1)?.playlist.list.text ?? "";
  }

  #take(event: TailEvent): void {
    if (event.type === "tail-cut") {
      this.cuts.push(event);
      return;
    }
    this.events.push(event);
    if (event.type !== "tail-news") return;
    for (const { name, bytes } of event.files) this.files.set(name, bytes);
    const wallUs = this.#show.wallUs;
    this.rules.check(event.rendition, event.playlist.list.text, wallUs);
  }
}

function put(video: readonly Track[], audio: Track | null, packet: RelayedPacket): void {
  const { place, sequence, timestamp, arrivalUs, payload, flags } = packet;
  const track = place === null ? audio! : video[place]!;
  track.put(sequence, timestamp, arrivalUs, { payload, flags });
}
