import { expect, test } from "bun:test";
import { TAIL_DATES_MAX } from "../../src/limits.ts";
import { Dates } from "../../src/packager/dates.ts";
import { attribute } from "../support/playlist-text.ts";

const AT = Date.UTC(2026, 10, 30, 12);

function dates(count: number): Dates {
  const all = new Dates();
  for (let id = 1; id <= count; id += 1) {
    all.add({ id, type: "cue", atMs: AT + id * 1000, json: `{"id":${id}}` });
  }
  return all;
}

const idsOf = (text: string) => [...text.matchAll(/ID="(\d+)"/g)].map((match) => Number(match[1]));

test("one line each, and nothing that somebody wrote stands in it as it is", () => {
  const json = JSON.stringify({ text: 'x"\n#EXT-X-ENDLIST\nURI="é👏' });
  const all = new Dates();
  all.add({ id: 7, type: "caption", atMs: AT + 5, json });
  const text = all.since(0);
  expect(text).toMatch(/^#EXT-X-DATERANGE:[^\n]*\n$/);
  const value = text.slice("#EXT-X-DATERANGE:".length);
  expect(attribute(value, "ID")).toBe("7");
  expect(attribute(value, "CLASS")).toBe("spillway.caption");
  expect(attribute(value, "START-DATE")).toBe("2026-11-30T12:00:00.005Z");
  const data = attribute(value, "X-DATA");
  expect(data).toMatch(/^[\w-]+$/);
  expect(Buffer.from(data, "base64url").toString()).toBe(json);
});

test("those before a time are left out, and those that were taken back", () => {
  const all = dates(5);
  expect(idsOf(all.since((AT + 3000) * 1000))).toEqual([3, 4, 5]);
  all.remove(4);
  all.remove(9);
  expect(idsOf(all.since(0))).toEqual([1, 2, 3, 5]);
});

test("there are so many at most: the oldest goes", () => {
  expect(idsOf(dates(TAIL_DATES_MAX + 2).since(0))).toEqual(
    Array.from({ length: TAIL_DATES_MAX }, (_, i) => i + 3),
  );
});
