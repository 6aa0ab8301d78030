import { expect, test } from "bun:test";
import { reportsOther, withLate } from "../../src/web/latelevels.ts";

const at = (name: string, bitrate: number) => ({ uri: `https://x/hls/a/${name}?token=t`, bitrate });
const LOW = at("e-2.m3u8", 1);
const MID = at("e-1.m3u8", 2);
const TOP = at("e-0.m3u8", 3);

test("what a playlist reports beside the levels is noticed, whatever its query", () => {
  const reports = (...names: string[]) => ({
    renditionReports: names.map((URI) => ({ URI })) as never,
  });
  expect(reportsOther({ renditionReports: undefined }, [LOW])).toBe(false);
  expect(reportsOther(reports("e-2.m3u8", "e-1.m3u8?token=u"), [LOW, MID])).toBe(false);
  expect(reportsOther(reports("e-2.m3u8", "e-0.m3u8"), [LOW, MID])).toBe(true);
});

test("better ones come behind those there are, in their order", () => {
  expect(withLate([LOW], [MID, TOP, LOW])).toEqual([LOW, MID, TOP]);
  expect(withLate([LOW, MID], [TOP, LOW])).toEqual([LOW, MID, TOP]);
});

test("places do not change: nothing new, and nothing that is worse", () => {
  expect(withLate([LOW, MID], [MID, LOW])).toBeNull();
  expect(withLate([MID, TOP], [LOW, MID, TOP])).toBeNull();
  expect(withLate([LOW, TOP], [MID, LOW, TOP])).toBeNull();
});

test("another edition is none of these", () => {
  expect(withLate([LOW], [at("f-0.m3u8", 3), at("f-2.m3u8", 1)])).toBeNull();
  expect(withLate([LOW], [])).toBeNull();
});
