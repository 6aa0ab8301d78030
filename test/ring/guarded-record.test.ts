/** No reader, wherever it looks, sees half of one writing and half of another. */
import { describe, expect, test } from "bun:test";
import { AssertionError } from "../../src/assert.ts";
import { DecodeTargets, storeDecodeTargets } from "../../src/ring/decode-targets.ts";
import { Loaded, records } from "../../src/ring/guarded-record.ts";
import { createRing, Guarded, HeaderFloat, LAYER_POINTS, SlotFlag } from "../../src/ring/layout.ts";
import { RingReader } from "../../src/ring/reader.ts";
import { RingWriter } from "../../src/ring/writer.ts";
import { Codec } from "../../src/wire/codecs.ts";
import { readAcross, steps } from "./header-steps.ts";

/** Something that a header says at once. `n` makes every byte of it another one. */
interface Item {
  readonly id: string;
  readonly name: string;
  write(writer: RingWriter, n: number): void;
  /** What is to be read of that. */
  told(n: number): string;
  /** Null where the reader says that there is nothing for now. */
  read(reader: RingReader): string | null;
}

const WRITINGS = [0, 1, 2];
const CODECS = ["vp8", "h264", "av1"] as const;
/** Payload of a packet. */
const BYTES = 8;

/** A keyframe and two packets behind it. */
function putFrame(writer: RingWriter, n: number): void {
  for (let packet = 0; packet < 3; packet += 1) {
    const sequence = n * 20 + packet;
    const offset = writer.reserve(sequence);
    const flags = packet === 0 ? SlotFlag.keyframeStart : 0;
    writer.setDescription(offset, n, BYTES, (n + 1) * 1e6 + packet, Codec.vp8, flags, null);
    writer.setPayload(offset, new Uint8Array(BYTES), 0, BYTES);
    writer.commit(sequence, offset);
  }
}

const ITEMS: readonly Item[] = [
  {
    id: "6.12",
    name: "the newest keyframe",
    write: putFrame,
    told: (n) => `${n * 20} came at ${(n + 1) * 1e6} behind ${n * 3 * BYTES} B`,
    read: (reader) => {
      const out = { sequence: 0, arrivalUs: 0, bytesSince: 0 };
      if (!reader.newestKeyframe(out)) return null;
      const bytes = reader.views.floats[HeaderFloat.packets]! * BYTES;
      return `${out.sequence} came at ${out.arrivalUs} behind ${bytes - out.bytesSince} B`;
    },
  },
  {
    id: "6.10",
    name: "timing",
    write: (writer, n) => writer.setTiming(n * 1e9 + 7, 3.9e15 + n * 1e6, 1e12 * (n + 1)),
    told: (n) => `${n * 1e9 + 7} is ${3.9e15 + n * 1e6} at ${1e12 * (n + 1)}`,
    read: (reader) => {
      const out = { rtpTimestamp: 0, ntpUs: 0, localUs: 0 };
      return reader.timing(out) ? `${out.rtpTimestamp} is ${out.ntpUs} at ${out.localUs}` : null;
    },
  },
  {
    id: "6.10",
    name: "description",
    write: (writer, n) =>
      writer.describe(Codec[CODECS[n]!], 90_000 + n, "abc".slice(n).repeat(3), "xyz".slice(n)),
    told: (n) => [CODECS[n], "abc".slice(n).repeat(3), "xyz".slice(n)].join(" "),
    read: (reader) => {
      const { codec, fmtp, rid } = reader.describe();
      return codec === null ? null : [codec, fmtp, rid].join(" ");
    },
  },
  {
    id: "6.10",
    name: "parameter sets",
    write: (writer, n) => writer.setParameterSets(new Uint8Array(10 - n * 3).fill(n + 1)),
    told: (n) => new Array(10 - n * 3).fill(n + 1).join(),
    read: (reader) => reader.parameterSets()?.join() ?? null,
  },
  {
    id: "6.10",
    name: "decode targets",
    write: ({ views }, n) => storeDecodeTargets(views, n, Uint8Array.of(n, n + 8, n + 16), 3 - n),
    told: (n) => `${n}: ${[n, n + 8, n + 16].slice(0, 3 - n)}`,
    read: ({ views }) => {
      const targets = new DecodeTargets();
      if (!targets.load(views)) return null;
      const points = Array.from({ length: LAYER_POINTS }, (_, point) => point);
      return `${targets.version}: ${points.filter((point) => targets.within(point >> 3, point & 7, 1 << point) !== 0)}`;
    },
  },
];

/** All states of a header in which the item is written one time after the other. */
function written(item: Item) {
  const ring = createRing("audio");
  const writer = new RingWriter(ring);
  const history = [...steps(ring, () => {})];
  /** Index in `history` of the state that each writing leaves. */
  const ends: number[] = [0];
  for (const n of WRITINGS) {
    history.push(...steps(ring, () => item.write(writer, n)).slice(1));
    ends.push(history.length - 1);
  }
  const readAt = (first: number, then: number, loads: number) =>
    readAcross(ring, [history[first]!, history[then]!], loads, () =>
      item.read(new RingReader(ring, -1)),
    );
  return { history, ends, readAt, whole: ends.map((end) => readAt(end, end, 0).result) };
}

describe.each(ITEMS)("house $id: $name", (item) => {
  test("is read as it was written", () => {
    const { whole } = written(item);
    expect(whole).toEqual([null, ...WRITINGS.map(item.told)]);
  });

  test("is old, new or not there after each store of its writer", () => {
    const { history, ends, readAt, whole } = written(item);
    for (let i = 0; i < history.length; i += 1) {
      const { result } = readAt(i, i, 0);
      const begun = ends.findIndex((end) => i <= end);
      // Whole states read as what they are.
      const right = ends.includes(i) ? [whole[begun]] : [null, whole[begun - 1], whole[begun]];
      expect(right, `after store ${i}`).toContain(result);
    }
  });

  test("is old, new or not there while its writer goes on between two loads", () => {
    const { history, ends, readAt, whole } = written(item);
    for (let first = 0; first < history.length; first += 1) {
      for (let then = first + 1; then < history.length; then += 1) {
        const oldest = ends.findLastIndex((end) => end <= first);
        const newest = ends.findIndex((end) => then <= end);
        const right = [null, ...whole.slice(oldest, newest + 1)];
        for (let loads = 1, all = 2; loads <= all; loads += 1) {
          const across = readAt(first, then, loads);
          all = across.loads;
          if (right.includes(across.result)) continue;
          throw new Error(`${across.result} of stores ${first} and ${then} after ${loads} loads`);
        }
      }
    }
  });
});

test("house 6.10: a description stays known while its writer is in the middle of another", () => {
  const ring = createRing("audio");
  const writer = new RingWriter(ring);
  writer.describe(Codec.vp8, 90_000, "old", "r");
  const reader = new RingReader(ring, -1);
  const read = (header: Int32Array) =>
    readAcross(ring, [header, header], 0, () => reader.describe()).result;
  const halves = steps(ring, () => writer.describe(Codec.h264, 90_000, "new", "r"));
  const last = halves.length - 1;
  for (const [i, header] of halves.entries()) {
    const [codec, fmtp] = i < last ? ["vp8", "old"] : ["h264", "new"];
    expect(read(header)).toMatchObject({ codec, fmtp, rid: "r" });
  }
  // The ring was cleared for another publisher.
  const empty = new Int32Array(halves[0]!.length);
  expect(read(empty)).toMatchObject({ codec: null, fmtp: "", rid: "" });
});

test("a record ends where its place does", () => {
  const { words } = new RingWriter(createRing("audio")).views;
  const record = records.targets;
  expect(record.load(words)).toBe(Loaded.none);
  expect(() => record.store(words, Guarded.targets.bytes + 1)).toThrow(AssertionError);
  expect(record.load(words)).toBe(Loaded.none);
  record.store(words, Guarded.targets.bytes);
  expect(record.load(words)).toBe(Loaded.ok);
  expect(record.length).toBe(Guarded.targets.bytes);
});
