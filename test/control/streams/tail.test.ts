import { expect, test } from "bun:test";
import type { TailNews, TailPlaylist } from "../../../src/contract/tail.ts";
import type { Source } from "../../../src/control/streams/source.ts";
import type { Stream } from "../../../src/control/streams/stream.ts";
import { Tail } from "../../../src/control/streams/tail.ts";
import { FakeShelf } from "../../support/dvr-show.ts";
import { playedSegment, variantOf } from "../../support/played-tail.ts";

const EDITION = "e";
const NOW = 5_000_000;

const VARIANT = variantOf("e-0.m3u8");

const NOTHING = { dvr: null, recording: null };
const tail = () => new Tail({} as Stream, EDITION, { now: NOW, always: false, ...NOTHING });
const part = (number: number) => `e-0-${number}.m4s`;
const file = (name: string, length: number) => ({ name, bytes: new Uint8Array(length) });

function news(changes: Partial<TailNews>, playlist: Partial<TailPlaylist> = {}): TailNews {
  return {
    ...{ type: "tail-news", stream: 1, edition: EDITION, rendition: 0 },
    ...{ files: [], segments: [], gone: [], variant: null },
    playlist: {
      ...{ name: "e-0.m3u8", list: { text: "", gzip: new Uint8Array(0) } },
      ...{ msn: 0, part: 0, whole: -1, hint: part(1), ended: false },
      ...playlist,
    },
    ...changes,
  };
}

test("its states: starting, live, ended", () => {
  const one = tail();
  expect(one.state).toBe("starting");
  one.take(news({}), NOW);
  // Without the multivariant playlist nobody can begin.
  expect(one.state).toBe("starting");
  one.take(news({ variant: VARIANT }), NOW);
  expect(one.state).toBe("live");
  one.take(news({}, { ended: true, hint: null }), NOW);
  expect([one.state, one.variants]).toEqual(["ended", [VARIANT]]);
});

test("unavailable until another source comes, which may be carried", () => {
  const one = tail();
  const event = { type: "tail-unavailable", stream: 1, edition: EDITION } as const;
  const why = { ...event, reason: "VP8", tooHeavy: false };
  one.take(why, NOW);
  expect([one.state, one.reason]).toEqual(["unavailable", "VP8"]);
  one.follow();
  expect([one.state, one.reason]).toEqual(["starting", ""]);
  one.take(news({ variant: VARIANT }), NOW);
  one.take(why, NOW);
  one.follow();
  expect(one.state).toBe("live");
  one.take(why, NOW);
  // The same source went over to what can be carried.
  one.take(news({}), NOW);
  expect([one.state, one.reason]).toEqual(["live", ""]);
});

test("failed, and since when; another source does not mend it", () => {
  const one = tail();
  one.take({ type: "tail-failed", stream: 1, edition: EDITION }, NOW + 3);
  one.follow();
  expect([one.state, one.failedAt]).toEqual(["failed", NOW + 3]);
});

test("another source ends the time without one", () => {
  const one = tail();
  one.sourceless = NOW;
  one.follow();
  expect(one.sourceless).toBeNull();
});

test("files, segments of whole parts, and what is gone", () => {
  const one = tail();
  one.take(news({ files: [file("e-0-init0.mp4", 5), file(part(0), 10), file(part(1), 20)] }), NOW);
  const of = playedSegment(EDITION, 0);
  one.take(news({ segments: [{ ...of, name: "e-0-0-1.m4s", parts: [part(0), part(1)] }] }), NOW);
  expect(one.bytes).toBe(35);
  expect(one.file("e-0-0-1.m4s")!.map(({ length }) => length)).toEqual([10, 20]);
  expect(one.file(part(1))).toHaveLength(1);
  expect(one.file(part(2))).toBeUndefined();
  one.take(news({ gone: [part(0), "no such"] }), NOW);
  expect(one.bytes).toBe(25);
  // A part of it is missing: no segment is better than half of one.
  expect(one.file("e-0-0-1.m4s")).toBeUndefined();
  one.take(news({ gone: [part(1), "e-0-0-1.m4s", "e-0-init0.mp4"] }), NOW);
  expect(one.bytes).toBe(0);
});

test("of a gap there is no file", () => {
  const one = tail();
  const of = playedSegment(EDITION, 0);
  one.take(news({ segments: [{ ...of, parts: [], gap: true }] }), NOW);
  expect(one.file(of.name)).toBeUndefined();
});

test("what playlists hint at is on its way", () => {
  const one = tail();
  expect(one.hintsAt(part(1))).toBeFalse();
  one.take(news({}), NOW);
  expect([one.hintsAt(part(1)), one.hintsAt(part(2))]).toEqual([true, false]);
  expect(one.playlist("e-0.m3u8")?.hint).toBe(part(1));
  expect(one.playlist("e-1.m3u8")).toBeUndefined();
});

test("too heavy, and another source: it begins with what is listed again", () => {
  const one = tail();
  one.take(news({ variant: VARIANT }), NOW);
  one.take(news({}, { msn: -1, part: -1 }), NOW);
  const event = { type: "tail-unavailable", stream: 1, edition: EDITION } as const;
  one.take({ ...event, reason: "too much", tooHeavy: true }, NOW);
  expect([one.state, one.reason]).toEqual(["unavailable", "too much"]);
  one.follow();
  expect(one.state).toBe("starting");
  one.take(news({}), NOW);
  expect(one.state).toBe("live");
});

test("D05 what is not in memory comes from the shelf, of its own edition only", async () => {
  const shelf = new FakeShelf();
  const dvr = { windowUs: 60_000_000, shelf };
  const one = new Tail({} as Stream, EDITION, { now: NOW, always: true, dvr, recording: null });
  for (const name of ["e-0-0-3.m4s", "e-0-init0.mp4", "f-0-0-3.m4s"]) shelf.names.add(name);
  const textOf = async (name: string) =>
    new TextDecoder().decode((await one.kept(name)) ?? undefined);
  expect(await textOf("e-0-0-3.m4s")).toBe("e-0-0-3.m4s");
  expect(await textOf("e-0-init0.mp4")).toBe("e-0-init0.mp4");
  // The shelf has it, and another stream's viewers may have it.
  expect(await one.kept("f-0-0-3.m4s")).toBeNull();
  expect(await one.kept("e-0-4-7.m4s")).toBeNull();
  expect(await tail().kept("e-0-0-3.m4s")).toBeNull();
});

test("it is one reader, and needs nobody only where it was said so", () => {
  const always = new Tail({} as Stream, EDITION, { now: NOW, always: true, ...NOTHING });
  expect([always.size, always.always, tail().always]).toEqual([1, true, false]);
  expect(always.follow satisfies (source: Source) => void).toBeDefined();
});
