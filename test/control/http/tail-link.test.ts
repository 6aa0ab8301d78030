import { expect, test } from "bun:test";
import { MemoryDisk } from "../../archive/memory-disk.ts";
import { Harness, settle, VIEWER_OFFER, VP9_VIEWER_OFFER } from "../../support/control-harness.ts";

const TYPE = 'rel="alternate"; type="application/vnd.apple.mpegurl"';

/** What the Link of a tail leads to, from where the POST went; null without one. */
function tailOf(response: Response, posted: string): string | null {
  const link = /<([^>]*)>; rel="alternate"; type="([^"]*)"/.exec(
    response.headers.get("Link") ?? "",
  );
  return link === null ? null : new URL(link[1]!, `http://localhost${posted}`).pathname;
}

test("a viewer's 201, 422 and 503 lead to the tail and tell the time", async () => {
  const h = await Harness.start({ args: ["--limits-viewers-per-stream=1"] });
  for (const [name, path] of [
    ["a", "a"],
    ["a/b/c", "a/b/c"],
    ["d/e", "d%2Fe"],
    ["ü", "%C3%BC"],
  ] as const) {
    await h.publish(path);
    const posted = `/whep/${path}`;
    const unusable = await h.post(posted, VP9_VIEWER_OFFER);
    const good = await h.post(posted, VIEWER_OFFER);
    const full = await h.post(posted, VIEWER_OFFER);
    const answers = [good, unusable, full];
    expect(answers.map(({ status }) => status)).toEqual([201, 422, 503]);
    for (const answer of answers) {
      expect(answer.headers.get("Link")).toContain(TYPE);
      const tail = tailOf(answer, posted);
      expect(decodeURIComponent(tail!)).toBe(`/hls/${name}/index.m3u8`);
      expect(answer.headers.get("Spillway-Time")).toBe(String(h.wallMs));
      expect(answer.headers.get("Access-Control-Expose-Headers")).toContain("Link");
    }
  }
});

test("F06 behind a prefix it leads to the tail behind that prefix", async () => {
  const h = await Harness.start();
  await h.publish("a/b");
  const answer = await h.post("/whep/a/b", VIEWER_OFFER);
  expect(tailOf(answer, "/live/whep/a/b")).toBe("/live/hls/a/b/index.m3u8");
});

test("where there is no tail none is told of: off, by rule, not live, or none that could be", async () => {
  const off = await Harness.start({ config: 'hls = "off"\n' });
  await off.publish("a");
  const without = await off.post("/whep/a", VIEWER_OFFER);
  expect([tailOf(without, "/whep/a"), without.headers.get("Spillway-Time")]).toEqual([
    null,
    String(off.wallMs),
  ]);
  const h = await Harness.start({
    config: 'wait-for-stream = true\n[[streams]]\nmatch = "b"\nhls = "off"\n',
  });
  for (const name of ["a", "b"]) await h.publish(name);
  expect(tailOf(await h.post("/whep/b", VIEWER_OFFER), "/whep/b")).toBeNull();
  expect(tailOf(await h.post("/whep/idle", VIEWER_OFFER), "/whep/idle")).toBeNull();
  expect(tailOf(await h.post("/whep/a", VIEWER_OFFER), "/whep/a")).toBe("/hls/a/index.m3u8");
  const asked = h.request("GET", "/hls/a/index.m3u8");
  await settle();
  const [opened] = h.plane.packaged;
  if (opened?.type !== "tail-open") throw new Error("no tail was opened");
  const { stream, edition } = opened;
  const why = { reason: "its video is VP8", tooHeavy: false };
  h.plane.events.tail({ type: "tail-unavailable", stream, edition, ...why });
  await asked;
  expect(tailOf(await h.post("/whep/a", VIEWER_OFFER), "/whep/a")).toBeNull();
});

test("of a stream that is kept for viewers it tells how long, and since when", async () => {
  const rules = [
    'match = "kept"\ndvr = "2h"',
    'match = "recorded"\nrecord = "/recordings"',
    'match = "both"\ndvr = "90s"\nrecord = "/recordings"',
  ];
  const config = rules.map((rule) => `[[streams]]\n${rule}\n`).join("");
  const archive = { disk: new MemoryDisk(), dvrFolder: "/state/dvr" };
  const h = await Harness.start({ config, archive });
  const told: string[] = [];
  for (const name of ["kept", "recorded", "both", "other"]) {
    await h.publish(name);
    const answer = await h.post(`/whep/${name}`, VIEWER_OFFER);
    const link = answer.headers.get("Link")!;
    told.push(link.slice(link.indexOf(TYPE) + TYPE.length).replace(/,.*/, ""));
  }
  const since = `since="${h.wallMs}"`;
  expect(told).toEqual([`; dvr="7200"; ${since}`, "", `; dvr="90"; ${since}`, ""]);
});

test("other answers tell nothing", async () => {
  const h = await Harness.start();
  await h.publish("a");
  for (const answer of [
    await h.post("/whep/a", "hello"),
    await h.post("/whep/none", VIEWER_OFFER),
  ]) {
    expect([400, 409]).toContain(answer.status);
    expect(answer.headers.get("Link")).toBeNull();
    expect(answer.headers.get("Spillway-Time")).toBeNull();
  }
});
