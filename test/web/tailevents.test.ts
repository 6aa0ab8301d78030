import { expect, test } from "bun:test";
import { eventsIn } from "../../src/web/tailevents.ts";

const EVENT = { id: 7, type: "caption", at: 5, from: "Ann", data: { text: "naïve <b> 👏 ÿ??>>" } };

type Ranges = Parameters<typeof eventsIn>[0]["dateRanges"];

function rangesOf(...ranges: readonly (readonly [string, string])[]): Ranges {
  const all = ranges.map(([name, data], at) => [
    `${at}`,
    { class: name, attr: { "X-DATA": data } },
  ]);
  return Object.fromEntries(all) as unknown as Ranges;
}

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

test("cues and captions stand in playlists, whatever signs they have", () => {
  const dateRanges = rangesOf(["spillway.caption", encoded(EVENT)]);
  expect(eventsIn({ dateRanges })).toEqual([EVENT]);
});

test("what is another's, or nothing, is passed over", () => {
  const dateRanges = rangesOf(
    ["com.example", encoded(EVENT)],
    ["spillway.cue", "%%%"],
    ["spillway.cue", ""],
    ["spillway.cue", encoded(null)],
    ["spillway.cue", encoded([1])],
    ["spillway.cue", encoded({ ...EVENT, at: "5" })],
    ["spillway.cue", encoded({ ...EVENT, data: 5 })],
    ["spillway.cue", Buffer.from("{").toString("base64url")],
  );
  expect(eventsIn({ dateRanges })).toEqual([]);
});
