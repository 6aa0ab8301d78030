import { expect, test } from "bun:test";
import type { RingGrant } from "../../src/contract/source.ts";
import { Following } from "../../src/feed/following.ts";
import { headsOf, leftOf } from "../../src/relay/heads.ts";
import { createRing, Header } from "../../src/ring/layout.ts";
import { RingWriter } from "../../src/ring/writer.ts";
import { Codec } from "../../src/wire/codecs.ts";

test("where each ring of a stream is, and whose publisher has said BYE", () => {
  const grants = [0, 1, 2].map(
    (index): RingGrant => ({ index, buffer: createRing("video"), writer: 0 }),
  );
  const [audio, high, low] = grants as [RingGrant, RingGrant, RingGrant];
  const following = new Following({ epoch: 1, audio, video: [high, low] }, 0, () => {});
  expect([headsOf(following), leftOf(following)]).toEqual([[null, null, null], 0]);
  const writer = new RingWriter(high.buffer);
  const offset = writer.reserve(-3);
  writer.setDescription(offset, 0, 0, 1, Codec.vp8, 0, null);
  writer.commit(-3, offset);
  writer.setWord(Header.inactive, 1);
  expect([headsOf(following), leftOf(following)]).toEqual([[null, -2, null], 0b010]);
  writer.setWord(Header.inactive, 0);
  expect(leftOf(following)).toBe(0);
});
