import { expect, test } from "bun:test";
import { Vp8Rewrite } from "../../src/media/vp8-rewrite.ts";
import { Vp9Rewrite } from "../../src/media/vp9-rewrite.ts";
import { Codec } from "../../src/wire/codecs.ts";
import { describePayload } from "../../src/wire/describe.ts";
import { PayloadDescription } from "../../src/wire/payload-description.ts";

const description = new PayloadDescription();

/** X, then I, L, T and K with a picture id of 15 or 7 bits (RFC 7741 4.2). */
function vp8(pictureId: number, tl0: number, keyIdx: number, wide = true): Uint8Array {
  const id = wide ? [0x80 | (pictureId >> 8), pictureId & 0xff] : [pictureId];
  return Uint8Array.of(0x90, 0xf0, ...id, tl0, 0x40 | keyIdx, 1, 2, 3);
}

function read(payload: Uint8Array) {
  expect(describePayload(Codec.vp8, payload, 0, payload.length, true, description)).toBe(true);
  const { pictureId, tl0PicIdx, tl0PicIdxOffset, temporalId } = description;
  return { pictureId, tl0PicIdx, keyIdx: payload[tl0PicIdxOffset + 1]! & 0x1f, temporalId };
}

test("VP8: the first encoding leaves as it came, closed up where pictures are dropped", () => {
  for (const start of [0, 100, 0x7ffd, 0x7fff]) {
    const rewrite = new Vp8Rewrite();
    const id = (i: number) => (start + i) & 0x7fff;
    rewrite.begin(vp8(id(0), 250, 3), 0, null);
    const out: number[] = [];
    for (let i = 0; i < 12; i += 1) {
      const drop = i % 4 === 1 || i % 4 === 3;
      rewrite.note(id(i), 15, !drop);
      const payload = vp8(id(i), (250 + (i >> 2)) & 0xff, 3);
      expect(rewrite.patch(payload, 0)).toBe(!drop);
      if (drop) continue;
      const told = read(payload);
      out.push(told.pictureId);
      expect(told.tl0PicIdx).toBe((250 + (i >> 2)) & 0xff);
      expect(told.keyIdx).toBe(3);
      expect(told.temporalId).toBe(1);
    }
    expect(out).toEqual([0, 1, 2, 3, 4, 5].map(id));
    // Sent again, the same bytes.
    const again = vp8(id(4), 251, 3);
    expect(rewrite.patch(again, 0)).toBe(true);
    expect(read(again).pictureId).toBe(id(2));
  }
});

test("VP8: a late picture finds the id that waits for it", () => {
  const rewrite = new Vp8Rewrite();
  rewrite.begin(vp8(10, 1, 0), 0, null);
  rewrite.note(10, 15, true);
  rewrite.note(11, 15, false);
  rewrite.note(14, 15, true);
  const late = vp8(12, 1, 0);
  rewrite.note(12, 15, true);
  expect(rewrite.patch(late, 0)).toBe(true);
  expect(read(late).pictureId).toBe(11);
});

test("VP8: another encoding goes on where the one before it ended", () => {
  const before = new Vp8Rewrite();
  before.begin(vp8(500, 9, 30), 0, null);
  before.note(500, 15, true);
  before.patch(vp8(500, 9, 30), 0);
  before.note(501, 15, true);
  before.patch(vp8(501, 10, 30), 0);
  const rewrite = new Vp8Rewrite();
  rewrite.begin(vp8(20_000, 200, 7), 0, before);
  rewrite.note(20_000, 15, true);
  const key = vp8(20_000, 200, 7);
  rewrite.patch(key, 0);
  expect(read(key)).toMatchObject({ pictureId: 502, tl0PicIdx: 11, keyIdx: 31 });
  rewrite.note(20_001, 15, true);
  const next = vp8(20_001, 201, 8);
  rewrite.patch(next, 0);
  expect(read(next)).toMatchObject({ pictureId: 503, tl0PicIdx: 12, keyIdx: 0 });
  // A repair of the stretch before leaves as it left then.
  const again = vp8(501, 10, 30);
  before.patch(again, 0);
  expect(read(again)).toMatchObject({ pictureId: 501, tl0PicIdx: 10, keyIdx: 30 });
});

test("VP8: seven bits, and no picture id at all", () => {
  const rewrite = new Vp8Rewrite();
  rewrite.begin(vp8(126, 0, 0, false), 0, null);
  rewrite.note(126, 7, true);
  rewrite.note(127, 7, false);
  rewrite.note(0, 7, true);
  const payload = vp8(0, 0, 0, false);
  expect(rewrite.patch(payload, 0)).toBe(true);
  expect(read(payload).pictureId).toBe(127);
  // With a dependency descriptor Chromium writes nothing but the first byte (recorded).
  const plain = Uint8Array.of(0x10, 0, 1, 2);
  const bare = new Vp8Rewrite();
  bare.begin(plain, 0, null);
  expect(bare.patch(plain, 0)).toBe(true);
  expect([...plain]).toEqual([0x10, 0, 1, 2]);
});

test("VP9: one encoding leaves untouched, the next goes on from it", () => {
  const vp9 = (pictureId: number, tl0: number) =>
    Uint8Array.of(0xac, 0x80 | (pictureId >> 8), pictureId & 0xff, 0x00, tl0, 0xa0);
  const before = new Vp9Rewrite();
  before.begin(0x7ffe, 255, null);
  const send = (pictureId: number, tl0: number, rewrite = before) => {
    const payload = vp9(pictureId, tl0);
    rewrite.patch(payload, 0, 2, 5);
    describePayload(Codec.vp9, payload, 0, payload.length, true, description);
    return [description.pictureId, description.tl0PicIdx];
  };
  expect(send(0x7ffe, 255)).toEqual([0x7ffe, 255]);
  // A gap stays: P_DIFF and the picture group count in picture ids.
  expect(send(2, 1)).toEqual([2, 1]);
  expect(send(0x7fff, 255)).toEqual([0x7fff, 255]);
  const next = new Vp9Rewrite();
  next.begin(77, 40, before);
  expect(send(77, 40, next)).toEqual([3, 2]);
  expect(send(79, 41, next)).toEqual([5, 3]);
});
