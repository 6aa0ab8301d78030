/** What a CUT says: which frames make which part of which segment, by their RTP timestamps. */
import { decodeElements, type Elements, encodeElements } from "./elements.ts";
import { readVarint, unzigzag, Varints, zigzag } from "./varint.ts";

/** Layers of a stream. */
const RENDITION_MAX = 7;
/** Of each track in one part; a part with more is told of without them. */
const RUN_BYTES_MAX = 5_000;
/** A second of the shortest packets of sound, and more pictures than any. */
const RUN_SAMPLES_MAX = 1_024;
/** A body ends with the mark that passes either. */
const BODY_BYTES = 4_000;
const BODY_MARKS = 64;

/** Of one sample: whose frame it is, and how long it is shown. */
export interface CutSample {
  /** RTP timestamp of its frame; null for silence where no packet came. */
  readonly timestamp: number | null;
  /** In ticks of its track. */
  readonly duration: number;
  readonly key: boolean;
}

/** The samples of one track in a part, one behind the other. */
export interface CutRun {
  /** Where the first begins, in ticks of its track. */
  readonly time: number;
  readonly samples: readonly CutSample[];
}

/** What a rendition consists of, in its order. Times are us since the zero of the edition. */
export type CutMark =
  | {
      readonly type: "segment";
      readonly msn: number;
      readonly init: number;
      /** Discontinuities before it. */
      readonly era: number;
      readonly startUs: number;
      /** Wall clock at capture of what is shown at its start, us. */
      readonly wallUs: number;
      readonly independent: boolean;
      readonly gap: boolean;
      /** RTP timestamp of the picture that it begins with; null without. */
      readonly first: number | null;
      /** What its init is of. */
      readonly pictures: boolean;
      readonly sound: boolean;
    }
  | {
      readonly type: "part";
      readonly number: number;
      readonly startUs: number;
      readonly endUs: number;
      readonly pictures: CutRun;
      readonly sound: CutRun;
    }
  /** The segment is complete. */
  | { readonly type: "segment-end" }
  /** Nothing follows. */
  | { readonly type: "end" };

/** What is the same in all CUTs of an edition. */
export interface CutHead {
  /** PART-TARGET and TARGETDURATION, us. */
  readonly partUs: number;
  readonly targetUs: number;
  /** Wall clock of its zero, us. */
  readonly zeroUs: number;
}

export interface CutBody extends CutHead {
  readonly rendition: number;
  readonly marks: readonly CutMark[];
}

const Kind = { segment: 0, part: 1, segmentEnd: 2, end: 3 } as const;
const Flag = { independent: 1, gap: 2, pictures: 4, sound: 8 } as const;
/** Of a group of samples that are alike. */
const KEY = 1;
const SILENT = 2;

/** As many bodies as it takes. */
export function encodeCuts({ partUs, targetUs, zeroUs, rendition, marks }: CutBody): Uint8Array[] {
  const bodies: Uint8Array[] = [];
  let open: unknown[] = [];
  let bytes = 0;
  const close = (): void => {
    if (open.length > 0) {
      bodies.push(encodeElements([partUs, targetUs, zeroUs, rendition, open]).slice());
    }
    open = [];
    bytes = 0;
  };
  for (const mark of marks) {
    const values = valuesOf(mark);
    open.push(values);
    for (const value of values) bytes += value instanceof Uint8Array ? value.length : 9;
    if (bytes >= BODY_BYTES || open.length >= BODY_MARKS) close();
  }
  close();
  return bodies;
}

/** Null for what is none. */
export function decodeCut(body: Uint8Array): CutBody | null {
  const elements = decodeElements(body);
  if (elements === null) return null;
  const cut: CutBody = {
    partUs: elements.uint(),
    targetUs: elements.uint(),
    zeroUs: elements.integer(),
    rendition: elements.uint(RENDITION_MAX),
    marks: elements
      .list(BODY_MARKS, (each) => each.nested(readMark))
      .filter((mark) => mark !== null),
  };
  const fits = cut.partUs > 0 && cut.targetUs >= cut.partUs;
  return elements.ok && fits ? cut : null;
}

function valuesOf(mark: CutMark): unknown[] {
  if (mark.type === "segment-end") return [Kind.segmentEnd];
  if (mark.type === "end") return [Kind.end];
  if (mark.type === "part") {
    const { number, startUs, endUs, pictures, sound } = mark;
    return [Kind.part, number, startUs, endUs - startUs, encodeRun(pictures), encodeRun(sound)];
  }
  const { msn, init, era, startUs, wallUs, first } = mark;
  const flags =
    (mark.independent ? Flag.independent : 0) |
    (mark.gap ? Flag.gap : 0) |
    (mark.pictures ? Flag.pictures : 0) |
    (mark.sound ? Flag.sound : 0);
  return [Kind.segment, msn, init, era, startUs, wallUs, flags, first];
}

/** Null for one of a later version. */
function readMark(elements: Elements): CutMark | null {
  const kind = elements.uint();
  if (kind > Kind.end) return null;
  if (kind === Kind.segmentEnd) return { type: "segment-end" };
  if (kind === Kind.end) return { type: "end" };
  if (kind === Kind.part) return readPart(elements);
  const [msn, init, era] = [elements.uint(), elements.uint(), elements.uint()];
  const [startUs, wallUs] = [elements.integer(), elements.integer()];
  const flags = elements.uint();
  const first = elements.optionalUint();
  const has = (flag: number): boolean => (flags & flag) !== 0;
  return {
    ...{ type: "segment", msn, init, era, startUs, wallUs, first },
    independent: has(Flag.independent),
    gap: has(Flag.gap),
    pictures: has(Flag.pictures),
    sound: has(Flag.sound),
  };
}

function readPart(elements: Elements): CutMark {
  const number = elements.uint();
  const startUs = elements.integer();
  const durationUs = elements.uint();
  const runs = [0, 1].map(() => decodeRun(elements.bytes(0, RUN_BYTES_MAX)));
  const [pictures = null, sound = null] = runs;
  if (pictures === null || sound === null || durationUs === 0) elements.ok = false;
  return {
    ...{ type: "part", number, startUs, endUs: startUs + durationUs },
    pictures: pictures ?? NO_RUN,
    sound: sound ?? NO_RUN,
  };
}

/** Samples that follow each other alike, of a steady publisher or of sound, are told of once. */
function encodeRun({ time, samples }: CutRun): Uint8Array {
  if (samples.length === 0 || samples.length > RUN_SAMPLES_MAX) return NOTHING;
  const out = new Varints();
  let before = samples.find(({ timestamp }) => timestamp !== null)?.timestamp ?? 0;
  out.put(zigzag(time));
  out.put(before);
  for (let at = 0; at < samples.length; ) {
    const group = groupAt(samples, at, before);
    const { key, timestamp, duration } = samples[at]!;
    out.put(group.count * 4 + (key ? KEY : 0) + (timestamp === null ? SILENT : 0));
    out.put(zigzag(group.step));
    out.put(duration);
    at += group.count;
    if (timestamp !== null) before = (before + group.step * group.count) >>> 0;
  }
  const bytes = out.take();
  return bytes.length <= RUN_BYTES_MAX ? bytes : NOTHING;
}

/** How many from there on are so far from the one before as the first is, and last as long. */
function groupAt(samples: readonly CutSample[], at: number, before: number) {
  const first = samples[at]!;
  const step = first.timestamp === null ? 0 : (first.timestamp - before) | 0;
  let count = 1;
  for (; at + count < samples.length; count += 1) {
    const next = samples[at + count]!;
    if (next.duration !== first.duration || next.key !== first.key) break;
    const due = first.timestamp === null ? null : (first.timestamp + step * count) >>> 0;
    if (next.timestamp !== due) break;
  }
  return { count, step };
}

/** Null for what is none. */
function decodeRun(bytes: Uint8Array): CutRun | null {
  if (bytes.length === 0) return NO_RUN;
  const cursor = { at: 0 };
  const take = (): number => readVarint(bytes, cursor);
  const time = unzigzag(take());
  let before = take();
  const samples: CutSample[] = [];
  while (cursor.at < bytes.length) {
    const head = take();
    const count = Math.floor(head / 4);
    const step = unzigzag(take());
    const duration = take();
    if (Number.isNaN(duration) || count === 0 || samples.length + count > RUN_SAMPLES_MAX) {
      return null;
    }
    const silent = (head & SILENT) !== 0;
    for (let i = 0; i < count; i += 1) {
      if (!silent) before = (before + step) >>> 0;
      samples.push({ timestamp: silent ? null : before, duration, key: (head & KEY) !== 0 });
    }
  }
  return Number.isNaN(time) || samples.length === 0 ? null : { time, samples };
}

const NOTHING = new Uint8Array(0);
export const NO_RUN: CutRun = { time: 0, samples: [] };
