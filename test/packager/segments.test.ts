import { expect, test } from "bun:test";
import type { VideoFormat } from "../../src/packager/format.ts";
import type { Init, Part, Segment } from "../../src/packager/part.ts";
import type { Sample } from "../../src/packager/sample.ts";
import { NO_NUMBERS, Segments } from "../../src/packager/segments.ts";
import { formatOf } from "../support/tail-show.ts";

const AUDIO = { codec: "opus", channels: 2 } as const;

/** What was told, in order, in one word each. */
function recorded() {
  const told: string[] = [];
  const segments = new Segments(
    {
      init: () => new Uint8Array(1),
      fragment: (sequence, runs) => {
        told.push(`write ${sequence}: ${runs.map(({ track }) => track)}`);
        return new Uint8Array(1);
      },
    },
    {
      init: ({ number, video }: Init) => void told.push(`init ${number} ${video?.width}`),
      segment: ({ msn, init, breaks, part }: Segment) =>
        void told.push(`segment ${msn} ${init} ${breaks > 0} ${part}`),
      part: ({ number, msn, independent }: Part) =>
        void told.push(`part ${number} ${msn} ${independent}`),
      segmentEnd: (msn) => void told.push(`end ${msn}`),
      end: () => void told.push("end"),
    },
    NO_NUMBERS,
  );
  const begin = (video: VideoFormat | null, era = 0) =>
    segments.begin({
      startUs: 0,
      wallUs: 0,
      independent: true,
      era,
      gap: false,
      first: null,
      video,
      audio: AUDIO,
    });
  return { told, segments, begin };
}

function sample(key: boolean): Sample {
  return { time: 0, duration: 1, offset: 0, key, timestamp: null, bytes: new Uint8Array(1) };
}

test("F10: an init comes before the first segment that needs it, and only then", () => {
  const { told, segments, begin } = recorded();
  const [large, small] = [formatOf(640), formatOf(320)];
  for (const format of [large, large, small, small, large]) {
    begin(format);
    segments.part(0, 1, [sample(true)], []);
  }
  const inits = told.filter((line) => line.startsWith("init") || line.startsWith("segment"));
  expect(inits).toEqual([
    ...["init 0 640", "segment 1 0 false 0", "segment 2 0 false 1", "init 1 320"],
    ...["segment 3 1 false 2", "segment 4 1 false 3", "init 2 640", "segment 5 2 false 4"],
  ]);
});

test("a segment is told of with its first part, and ends but once", () => {
  const { told, segments, begin } = recorded();
  begin(null);
  begin(null, 1);
  segments.part(0, 1, [], [sample(true)]);
  segments.part(1, 2, [], []);
  segments.close();
  segments.close();
  begin(null, 2);
  segments.part(2, 3, [], [sample(true)]);
  segments.end();
  expect(told).toEqual([
    ...["init 0 undefined", "segment 1 0 false 0", "write 1: 2", "part 0 1 true"],
    ...["write 2: ", "part 1 1 true", "end 1"],
    ...["segment 2 0 true 2", "write 3: 2", "part 2 2 true", "end 2", "end"],
  ]);
});

test("L04: a part with a keyframe anywhere is independent, one without is not", () => {
  const { told, segments, begin } = recorded();
  begin(formatOf(640));
  segments.part(0, 1, [sample(false), sample(true)], []);
  segments.part(1, 2, [sample(false)], [sample(true)]);
  segments.part(2, 3, [], [sample(true)]);
  const parts = told.filter((line) => line.startsWith("part"));
  expect(parts).toEqual(["part 0 1 true", "part 1 1 false", "part 2 1 false"]);
});
