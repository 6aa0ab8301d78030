import type { CutMark, CutRun } from "../wire/cascade/cut-body.ts";
import { FrameStore } from "./frame-store.ts";
import type { Frame } from "./frames/frame.ts";
import { OPUS_SILENCE } from "./frames/opus.ts";
import type { Output } from "./output.ts";
import { partOf, type Run, type Writer } from "./part.ts";
import type { Sample } from "./sample.ts";
import { CHANNELS } from "./source-reading.ts";

/** Frames of a part that are not here are waited for so long after it was told of; see `ordered-reader.ts`. */
const WAIT_US = 500_000;
/** What is told of before anything can be shown is of no use later than that. */
const OLD_US = 20_000_000;

type SegmentMark = Extract<CutMark, { readonly type: "segment" }>;
type PartMark = Extract<CutMark, { readonly type: "part" }>;

/**
 * A rendition as another node has decided it: of the same frames the same files. A frame that does not
 * come here is missing in them, and nothing else.
 */
export class RenditionCopy {
  readonly #writer: Writer;
  readonly #pictures = new FrameStore();
  readonly #sound = new FrameStore();
  readonly #marks: { readonly mark: CutMark; readonly at: number }[] = [];
  #output: Output | null = null;
  /** It shows something since it was told of. */
  #began = false;
  #segment: SegmentMark | null = null;
  /** The playlist has it. */
  #listed = false;
  /** Nothing of the open segment can be shown here. */
  #gap = false;
  /** The newest keyframe. A decoder gets it again where it lacks pictures. */
  #key: Frame | null = null;
  /** Pictures are missing in front of the next keyframe. */
  #broken = false;

  constructor(writer: Writer) {
    this.#writer = writer;
  }

  /** It has no time map: times are told. */
  attach(): void {}

  picture(frame: Frame): void {
    this.#pictures.add(frame);
  }

  sound(frame: Frame): void {
    this.#sound.add(frame);
  }

  /** What is told from now on is of this playlist, from the next segment on that can be shown. */
  begin(output: Output): void {
    this.#output = output;
    this.#marks.length = 0;
    this.#began = false;
    this.#segment = null;
  }

  /** As told at `now`, us. */
  take(marks: readonly CutMark[], now: number): void {
    for (const mark of marks) this.#marks.push({ mark, at: now });
  }

  /** After the frames of each look. */
  look(now: number): void {
    this.#pictures.tidy(now);
    this.#sound.tidy(now);
    if (!this.#began) this.#find(now);
    while (this.#began && this.#marks.length > 0 && this.#isDue(now)) {
      this.#follow(this.#marks.shift()!.mark);
    }
  }

  /** Goes to the first segment whose first frame is here. */
  #find(now: number): void {
    const at = this.#marks.findIndex(({ mark }, i) => {
      const next = this.#marks[i + 1]?.mark;
      return mark.type === "segment" && next?.type === "part" && this.#has(mark, next);
    });
    this.#began = at >= 0;
    if (this.#began) this.#marks.splice(0, at);
    while (!this.#began && this.#marks.length > 0 && now - this.#marks[0]!.at > OLD_US) {
      this.#marks.shift();
    }
  }

  /** What it begins with is here, and can be shown. */
  #has({ gap, first, pictures }: SegmentMark, part: PartMark): boolean {
    if (gap) return false;
    if (pictures) return first !== null && this.#pictures.get(first)?.format != null;
    const heard = part.sound.samples[0]?.timestamp ?? null;
    return heard !== null && this.#sound.get(heard) !== undefined;
  }

  /** All that the next mark needs is here, or will not come. */
  #isDue(now: number): boolean {
    const { mark, at } = this.#marks[0]!;
    if (mark.type !== "part" || now - at >= WAIT_US) return true;
    const has = ({ samples }: CutRun, store: FrameStore): boolean => {
      // They come in order.
      const last = samples.findLast(({ timestamp }) => timestamp !== null)?.timestamp ?? null;
      return last === null || store.get(last) !== undefined || this.#key?.timestamp === last;
    };
    return has(mark.pictures, this.#pictures) && has(mark.sound, this.#sound);
  }

  #follow(mark: CutMark): void {
    if (mark.type === "part") this.#part(mark);
    else if (mark.type === "segment") {
      this.#segment = mark;
      this.#listed = false;
    } else if (mark.type === "end") this.#output!.end();
    else if (this.#listed) {
      this.#output!.segmentEnd();
      this.#segment = null;
      this.#listed = false;
    }
  }

  #part({ number, startUs, endUs, ...told }: PartMark): void {
    const segment = this.#segment;
    if (segment === null) return;
    if (!this.#listed) this.#list(segment, number);
    const pictures = this.#picturesOf(told.pictures);
    const sound = this.#soundOf(told.sound);
    const runs: Run[] = [];
    if (pictures.length > 0) runs.push({ track: 1, samples: pictures });
    if (sound.length > 0) runs.push({ track: 2, samples: sound });
    const place = { number, msn: segment.msn, startUs, endUs, gap: this.#gap };
    this.#output!.part(partOf(this.#writer, place, runs, segment.pictures), runs);
  }

  /** With its first part. */
  #list(segment: SegmentMark, part: number): void {
    const output = this.#output!;
    const { msn, era, startUs, wallUs, independent, first, pictures, sound } = segment;
    const { init: known, era: before } = output.next;
    const video = (first === null ? null : this.#pictureOf(first)?.format) ?? null;
    this.#gap = segment.gap;
    if (segment.init !== known && !segment.gap) {
      // What its pictures need nobody here knows.
      this.#gap = pictures && video === null;
      const audio = sound ? ({ codec: "opus", channels: CHANNELS } as const) : null;
      const bytes = this.#gap ? null : this.#writer.init(video, audio);
      if (bytes !== null) output.init({ number: segment.init, video, audio, bytes });
    }
    this.#listed = true;
    output.segment({
      ...{ msn, era, startUs, wallUs, independent, first, part },
      init: this.#gap ? known : segment.init,
      breaks: era - (before ?? era),
      gap: this.#gap,
    });
  }

  /** As told; where some are missing the one before them stays, or a keyframe. */
  #picturesOf({ time: start, samples }: CutRun): Sample[] {
    const out: Sample[] = [];
    let time = start;
    for (const { timestamp, duration, key } of samples) {
      const frame = this.#pictureOf(timestamp!);
      if (key && frame !== null) {
        this.#key = frame;
        this.#broken = false;
      }
      this.#broken ||= frame === null;
      const shown = this.#broken ? this.#key : frame;
      const before = out.at(-1);
      if (this.#broken && before !== undefined) {
        out[out.length - 1] = { ...before, duration: before.duration + duration };
      } else if (shown !== null) {
        const { data: bytes } = shown;
        const isKey = this.#broken || key;
        out.push({ time, duration, offset: 0, key: isKey, timestamp, bytes });
      }
      time += duration;
      if (frame !== null) this.#pictures.drop(timestamp!);
    }
    return out;
  }

  #pictureOf(timestamp: number): Frame | null {
    // A keyframe may be told of again.
    return this.#pictures.get(timestamp) ?? (this.#key?.timestamp === timestamp ? this.#key : null);
  }

  /** As told; what is missing is silence. */
  #soundOf({ time: start, samples }: CutRun): Sample[] {
    let time = start;
    return samples.map(({ timestamp, duration, key }) => {
      const frame = timestamp === null ? undefined : this.#sound.get(timestamp);
      if (frame !== undefined) this.#sound.drop(timestamp!);
      const bytes = frame?.data ?? SILENCE;
      const sample = { time, duration, offset: 0, key, timestamp, bytes };
      time += duration;
      return sample;
    });
  }
}

const SILENCE = OPUS_SILENCE(CHANNELS);
