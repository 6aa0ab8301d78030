import { expect, test } from "bun:test";
import type { RingGrant } from "../../src/contract/source.ts";
import { Following } from "../../src/feed/following.ts";
import { absentOf, headsOf } from "../../src/relay/heads.ts";
import { createRing, Header, Inactive } from "../../src/ring/layout.ts";
import { RingWriter } from "../../src/ring/writer.ts";
import { Codec } from "../../src/wire/codecs.ts";

test("where each ring of a stream is, whose publisher has said BYE, and what is not pulled", () => {
  const grants = [0, 1, 2].map(
    (index): RingGrant => ({ index, buffer: createRing("video"), writer: 0 }),
  );
  const [audio, high, low] = grants as [RingGrant, RingGrant, RingGrant];
  const following = new Following({ epoch: 1, audio, video: [high, low] }, 0, () => {});
  expect([headsOf(following), absentOf(following)]).toEqual([
    [null, null, null],
    { left: 0, withheld: 0 },
  ]);
  const writer = new RingWriter(high.buffer);
  const offset = writer.reserve(-3);
  writer.setDescription(offset, 0, 0, 1, Codec.vp8, 0, null);
  writer.commit(-3, offset);
  writer.setWord(Header.inactive, Inactive.left);
  expect([headsOf(following), absentOf(following)]).toEqual([
    [null, -2, null],
    { left: 0b010, withheld: 0 },
  ]);
  writer.setWord(Header.inactive, Inactive.withheld);
  expect(absentOf(following)).toEqual({ left: 0, withheld: 0b010 });
  writer.setWord(Header.inactive, Inactive.no);
  expect(absentOf(following)).toEqual({ left: 0, withheld: 0 });
});
