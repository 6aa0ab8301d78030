/** What players ask a tail's playlist for, one request after the other. */
import { expect, test } from "bun:test";
import { settle } from "../../support/control-harness.ts";
import { PlayedTail, variantOf } from "../../support/played-tail.ts";

const PARTS = 12;
const PARTS_OF_SEGMENT = 4;

/** Whether it has been answered by now. */
function isAnswered(request: Promise<Response>): Promise<boolean> {
  return Promise.race([request.then(() => true), Bun.sleep(1).then(() => false)]);
}

test("F03 who asks for segments without parts, as Safari does, is answered once a segment", async () => {
  const show = await PlayedTail.start();
  let msn = 1;
  let answers = 0;
  let asked = show.get(`${show.playlist}?_HLS_msn=${msn}`);
  for (let part = 1; part < PARTS; part += 1) {
    show.part();
    while (await isAnswered(asked)) {
      expect((await asked).status).toBe(200);
      answers += 1;
      msn += 1;
      asked = show.get(`${show.playlist}?_HLS_msn=${msn}`);
    }
  }
  expect(answers).toBe(PARTS / PARTS_OF_SEGMENT);
});

test("F04 after a publisher's return numbers of before are answered, and the next ones waited for", async () => {
  const show = await PlayedTail.start();
  const { h } = show;
  for (let part = 1; part < PARTS; part += 1) show.part();
  h.plane.events.closed(h.plane.publishers[0]!.session, "peer-closed");
  await settle();
  h.pass(20);
  await h.publish("a");
  for (const query of ["_HLS_msn=1", "_HLS_msn=1&_HLS_part=3", "_HLS_msn=3&_HLS_part=3"]) {
    const { status } = await show.get(`${show.playlist}?${query}`);
    expect([query, status]).toEqual([query, 200]);
  }
  const next = show.get(`${show.playlist}?_HLS_msn=4&_HLS_part=0`);
  expect(await isAnswered(next)).toBeFalse();
  show.part();
  expect((await next).status).toBe(200);
});

test("C07 who has a cache's old playlist asks for where the edge should be now, and is never wrong", async () => {
  const show = await PlayedTail.start();
  for (let part = 1; part < PARTS; part += 1) show.part();
  // The cached one had part 1 of segment 1; by its age it is ten parts older, give or take one.
  for (const parts of [9, 10, 11]) {
    const at = 1 + parts;
    const [msn, part] = [1 + Math.floor(at / PARTS_OF_SEGMENT), at % PARTS_OF_SEGMENT];
    const asked = show.get(`${show.playlist}?_HLS_msn=${msn}&_HLS_part=${part}`);
    if (at >= PARTS) {
      expect(await isAnswered(asked)).toBeFalse();
      show.part();
    }
    expect((await asked).status).toBe(200);
  }
});

test("B11 all who wait for a part get the same bytes, and so does who asks again", async () => {
  const show = await PlayedTail.start();
  const url = `${show.playlist}?_HLS_msn=1&_HLS_part=1`;
  const asked = [show.get(url), show.get(url), show.get(url)];
  expect(await isAnswered(asked[0]!)).toBeFalse();
  show.part();
  const texts = await Promise.all(asked.map(async (each) => (await each).text()));
  texts.push(await (await show.get(url)).text());
  expect(new Set(texts).size).toBe(1);
});

test("B02 a playlist that has no whole segment yet is waited for: hls.js takes that for an error", async () => {
  const show = await PlayedTail.start();
  const named = (rendition: number) => `${show.edition}-${rendition}.m3u8`;
  for (const rendition of [1, 2]) {
    const name = named(rendition);
    const text = "#EXTM3U\n";
    const playlist = {
      ...{ name, list: { text, gzip: Bun.gzipSync(text) }, msn: -1, part: -1, whole: -1 },
      ...{ hint: `${show.edition}-${rendition}-0.m4s`, ended: false },
    };
    show.part({ rendition, files: [], segments: [], playlist, variant: variantOf(name) });
  }
  const asked = show.get(named(1));
  const never = show.get(named(2));
  expect([await isAnswered(asked), await isAnswered(never)]).toEqual([false, false]);
  show.layer(1, {});
  const response = await asked;
  expect([response.status, response.headers.get("Cache-Control")]).toEqual([200, "max-age=1"]);
  expect(await response.text()).toContain("#EXT-X-PART:");
  show.h.pass(9);
  expect([(await never).status, (await never).headers.get("Cache-Control")]).toEqual([
    503,
    "no-store",
  ]);
});
