/** No reader, wherever it looks, sees half of one writing and half of another. */
import { describe, expect, test } from "bun:test";
import { AssertionError } from "../../src/assert.ts";
import { DecodeTargets, storeDecodeTargets } from "../../src/ring/decode-targets.ts";
import { Loaded, records } from "../../src/ring/guarded-record.ts";
import { createRing, Guarded } from "../../src/ring/layout.ts";
import { RingReader } from "../../src/ring/reader.ts";
import { RingWriter } from "../../src/ring/writer.ts";
import { Codec } from "../../src/wire/codecs.ts";
import { readAcross, steps } from "./header-steps.ts";

/** Something that a header says at once. `n` makes every byte of it another one. */
interface Item {
  readonly name: string;
  write(writer: RingWriter, n: number): void;
  /** Null where the reader says that there is nothing for now. */
  read(reader: RingReader): string | null;
}

const WRITINGS = 3;
const CODECS = [Codec.vp8, Codec.h264, Codec.av1] as const;

const ITEMS: readonly Item[] = [
  {
    name: "timing",
    write: (writer, n) => writer.setTiming(n * 1e9 + 7, 3.9e15 + n * 1e6, 1e12 * (n + 1)),
    read: (reader) => {
      const out = { rtpTimestamp: 0, ntpUs: 0, localUs: 0 };
      return reader.timing(out) ? JSON.stringify(out) : null;
    },
  },
  {
    name: "description",
    write: (writer, n) =>
      writer.describe(CODECS[n]!, 90_000 + n, n, "abc".slice(n).repeat(3), `r${n}`.repeat(3 - n)),
    read: (reader) => {
      const { codec, clockRate, channels, fmtp, rid } = reader.describe();
      return codec === null ? null : [codec, clockRate, channels, fmtp, rid].join(" ");
    },
  },
  {
    name: "parameter sets",
    write: (writer, n) => writer.setParameterSets(new Uint8Array(10 - n * 3).fill(n + 1)),
    read: (reader) => reader.parameterSets()?.toString() ?? null,
  },
  {
    name: "decode targets",
    write: ({ views }, n) => storeDecodeTargets(views, n, Uint8Array.of(n, n + 8, n + 16), 3 - n),
    read: ({ views }) => {
      const targets = new DecodeTargets();
      if (!targets.load(views)) return null;
      const points = Array.from({ length: 32 }, (_, point) =>
        targets.within(point >> 3, point & 7, 1 << point),
      );
      return `${targets.version} ${targets.count}: ${points}`;
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
  for (let n = 0; n < WRITINGS; n += 1) {
    history.push(...steps(ring, () => item.write(writer, n)).slice(1));
    ends.push(history.length - 1);
  }
  const readAt = (first: number, then: number, loads: number) =>
    readAcross(ring, [history[first]!, history[then]!], loads, () =>
      item.read(new RingReader(ring, -1)),
    );
  return { history, ends, readAt, whole: ends.map((end) => readAt(end, end, 0).result) };
}

describe.each(ITEMS)("house 6.10: $name", (item) => {
  test("is read as it was written", () => {
    const { whole } = written(item);
    expect(whole[0]).toBeNull();
    expect(new Set(whole).size).toBe(WRITINGS + 1);
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
  writer.describe(Codec.vp8, 90_000, 1, "old", "r");
  const reader = new RingReader(ring, -1);
  const read = (header: Int32Array) =>
    readAcross(ring, [header, header], 0, () => reader.describe()).result;
  const halves = steps(ring, () => writer.describe(Codec.h264, 90_000, 1, "new", "r"));
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
