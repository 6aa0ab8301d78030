/** When tails begin and end, and what they may take: by the requests of a server without threads. */
import { expect, test } from "bun:test";
import { Harness, settle, VIEWER_OFFER } from "../../support/control-harness.ts";
import { PlayedTail } from "../../support/played-tail.ts";

const opened = (h: Harness) => h.plane.packaged.filter(({ type }) => type === "tail-open");

async function gauge(h: Harness, name: string): Promise<number> {
  const text = await (await h.request("GET", "/metrics")).text();
  const line = text.split("\n").find((each) => each.startsWith(`spillway_${name} `));
  return Number(line?.split(" ")[1]);
}

async function leave(show: PlayedTail): Promise<void> {
  show.h.plane.events.closed(show.h.plane.publishers.at(-1)!.session, "peer-closed");
  await settle();
}

/** What the API says of the stream's tail. */
async function told(h: Harness): Promise<unknown> {
  const response = await h.request("GET", "/api/v1/streams/a");
  return ((await response.json()) as { readonly hls: unknown }).hls;
}

test("memory: a tail that would begin beyond it is refused, and those there are grow on", async () => {
  const show = await PlayedTail.start('hls-memory = "32m"\n');
  const { h } = show;
  await h.publish("b");
  show.part({ files: [{ name: show.name(1), bytes: new Uint8Array(2 ** 25) }] });
  expect(await gauge(h, "hls_bytes")).toBeGreaterThan(2 ** 25);
  const refused = await h.request("GET", "/hls/b/index.m3u8");
  expect([refused.status, refused.headers.get("Retry-After")]).toEqual([503, "5"]);
  expect(await refused.json()).toMatchObject({ detail: expect.stringContaining("hls-memory") });
  expect(await gauge(h, 'refused_total{reason="hls-memory"}')).toBe(1);
  expect((await show.get("index.m3u8")).status).toBe(200);
  show.part({ gone: [show.name(1)] });
  void h.request("GET", "/hls/b/index.m3u8");
  await settle();
  expect(opened(h)).toHaveLength(2);
});

test("metrics tell of tails by state, of their bytes and of who waits", async () => {
  const show = await PlayedTail.start();
  const { h } = show;
  const blocked = show.get(`${show.playlist}?_HLS_msn=1&_HLS_part=1`);
  await settle();
  expect(await gauge(h, 'hls_tails{state="live"}')).toBe(1);
  expect(await gauge(h, 'hls_tails{state="starting"}')).toBe(0);
  expect(await gauge(h, "hls_waiting")).toBe(1);
  expect(await gauge(h, "hls_bytes")).toBe(4);
  show.part();
  await blocked;
  expect(await gauge(h, "hls_waiting")).toBe(0);
  expect(await gauge(h, "hls_bytes")).toBe(6);
});

test("the API tells of each stream's tail, and why there is none", async () => {
  const h = await Harness.start();
  await h.publish("a");
  expect(await told(h)).toBeNull();
  void h.request("GET", "/hls/a/index.m3u8");
  await settle();
  expect(await told(h)).toEqual({ state: "starting", reason: null, viewers: 0 });
  const [tail] = h.plane.packaged;
  if (tail?.type !== "tail-open") throw new Error("no tail was opened");
  const { stream, edition } = tail;
  const why = { reason: "its video is VP8", tooHeavy: false };
  h.plane.events.tail({ type: "tail-unavailable", stream, edition, ...why });
  expect(await told(h)).toEqual({ state: "unavailable", reason: "its video is VP8", viewers: 0 });
  const list = (await (await h.request("GET", "/api/v1/streams")).json()) as {
    readonly streams: readonly { readonly hls: unknown }[];
  };
  expect(list.streams[0]!.hls).toEqual({
    state: "unavailable",
    reason: "its video is VP8",
    viewers: 0,
  });
});

test("one that is too heavy is told in the log, and players that have its playlists learn of it", async () => {
  const show = await PlayedTail.start();
  const { h, stream, edition } = show;
  const blocked = show.get(`${show.playlist}?_HLS_msn=1&_HLS_part=1`);
  await settle();
  show.part({
    ...{ files: [], segments: [], gone: [show.name(0), `${edition}-0-init0.mp4`] },
    playlist: {
      ...{ name: show.playlist, list: { text: "#EXTM3U\n", gzip: Bun.gzipSync("#EXTM3U\n") } },
      ...{ msn: -1, part: -1, whole: -1, hint: show.name(2), ended: false },
    },
  });
  const reason = "its playlists take too much";
  h.plane.events.tail({ type: "tail-unavailable", stream, edition, reason, tooHeavy: true });
  for (const response of [await blocked, await show.get(show.playlist)]) {
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ detail: `"a" has none: ${reason}.` });
  }
  expect(await gauge(h, "hls_bytes")).toBe(0);
  const lines = h.lines.filter((line) => line.includes("A stream has no tail"));
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ stream: "a", cause: reason }]);
});

test("a codec that no file has is told without anybody who asks, and nothing is cut for one who does", async () => {
  const h = await Harness.start();
  await h.publish("a");
  const [, [video]] = h.plane.grants[0]!.rings as [unknown, [{ readonly index: number }]];
  h.plane.descriptions.set(video.index, { codec: "vp8" });
  const reason = "its video is VP8";
  expect(await told(h)).toEqual({ state: "unavailable", reason, viewers: 0 });
  const refused = await h.request("GET", "/hls/a/index.m3u8");
  expect(refused.status).toBe(422);
  expect(await refused.json()).toMatchObject({ detail: `"a" has none: ${reason}.` });
  expect((await h.post("/whep/a", VIEWER_OFFER)).headers.get("Link")).not.toContain("/hls/");
  expect(h.plane.packaged).toEqual([]);
  h.plane.descriptions.set(video.index, { codec: "vp9" });
  expect(await told(h)).toBeNull();
  void h.request("GET", "/hls/a/index.m3u8");
  await settle();
  expect(opened(h)).toHaveLength(1);
});

test("hls = off is no reason that is told", async () => {
  const h = await Harness.start({ config: 'hls = "off"\n' });
  await h.publish("a");
  h.plane.description = { codec: "vp8" };
  expect(await told(h)).toBeNull();
});

test("the API tells how many players ask for a tail, and so do the metrics", async () => {
  const show = await PlayedTail.start();
  const { h } = show;
  for (let i = 0; i < 24; i += 1) {
    h.pass(0.5);
    show.part();
    const newest = `?_HLS_msn=${1 + Math.floor((i + 1) / 4)}&_HLS_part=${(i + 1) % 4}`;
    const asked = Array.from({ length: 5 }, () => show.get(show.playlist + newest));
    for (const { status } of await Promise.all(asked)) expect(status).toBe(200);
  }
  h.pass(0.5);
  expect(await told(h)).toEqual({ state: "live", reason: null, viewers: 5 });
  expect(await gauge(h, "hls_viewers")).toBe(5);
  const stats = await (await h.request("GET", "/api/v1/stats")).json();
  expect(stats).toMatchObject({ viewers: 0, hls: { tails: 1, viewers: 5 } });
});

test("C08 editions have names that nobody can guess, and what is told of another one is not taken", async () => {
  const show = await PlayedTail.start();
  expect(show.edition).toMatch(/^[0-9a-f]{32}$/);
  const before = show.edition;
  show.edition = "00".repeat(16);
  show.part();
  show.edition = before;
  expect((await show.get(`${"00".repeat(16)}-0.m3u8`)).status).toBe(404);
  expect(await gauge(show.h, "hls_bytes")).toBe(4);
});

test("a tail that failed is begun anew by itself, under another name", async () => {
  const show = await PlayedTail.start();
  const { h, edition, stream } = show;
  h.plane.events.tail({ type: "tail-failed", stream, edition });
  expect(await told(h)).toEqual({
    state: "failed",
    reason: "the server made a mistake",
    viewers: 0,
  });
  const refused = await show.get("index.m3u8");
  expect([refused.status, refused.headers.get("Retry-After")]).toEqual([503, "5"]);
  h.pass(4);
  expect(opened(h)).toHaveLength(1);
  h.pass(2);
  expect(opened(h)).toHaveLength(2);
  show.adopt();
  expect(show.edition).not.toBe(edition);
  show.part();
  expect((await show.get("index.m3u8")).status).toBe(200);
});

test("R05 a publisher that comes back behind the end finds another edition", async () => {
  const show = await PlayedTail.start();
  const { h, edition } = show;
  await leave(show);
  h.pass(31);
  show.part({ ended: true });
  expect(await told(h)).toMatchObject({ state: "ended" });
  await h.publish("a");
  h.pass(1);
  show.adopt();
  expect(show.edition).not.toBe(edition);
  expect(opened(h)).toHaveLength(2);
  const asked = show.get("index.m3u8");
  await settle();
  show.part();
  expect((await asked).status).toBe(200);
});

test("always: a tail that ended begins again with its publisher", async () => {
  const show = await PlayedTail.start('hls = "always"\n');
  const { h } = show;
  await leave(show);
  h.pass(31);
  show.part({ ended: true });
  h.pass(31);
  expect(h.plane.packaged.at(-1)).toEqual({ type: "tail-close", stream: show.stream });
  await h.publish("a");
  expect(opened(h)).toHaveLength(2);
});

test("a packager that begins anew, while the publisher is away: nothing is left of the stream", async () => {
  const show = await PlayedTail.start();
  const { h } = show;
  await leave(show);
  h.plane.events.packagerStarted();
  expect(opened(h)).toHaveLength(1);
  expect(h.control.registry.streams.size).toBe(0);
});

test("EV10 a tail is told of cues and captions, of those before it as well, and of what is taken back", async () => {
  const show = await PlayedTail.start();
  const { h } = show;
  const told = (): unknown[] =>
    h.plane.packaged.flatMap((command) => {
      if (command.type === "tail-date") return [command.date.id - show.h.wallMs];
      return command.type === "tail-undate" ? [-command.id] : [];
    });
  const say = async (name: string, type: string): Promise<number> => {
    const headers = { "Content-Type": "application/json" };
    const body = JSON.stringify({ type, data: { text: type } });
    const response = await h.request("POST", `/events/${name}`, { headers, body });
    return ((await response.json()) as { readonly id: number }).id;
  };
  await say("a", "chat");
  const id = await say("a", "caption");
  expect(h.plane.packaged.at(-1)).toEqual({
    type: "tail-date",
    stream: show.stream,
    date: {
      ...{ id, type: "caption", atMs: h.wallMs },
      json: JSON.stringify({
        id,
        type: "caption",
        at: h.wallMs,
        from: null,
        data: { text: "caption" },
      }),
    },
  });
  const cue = await say("a", "cue");
  await h.request("DELETE", `/events/a/${id}`);
  expect(told()).toEqual([1, 2, -id]);
  // The packager has ended, and begins anew.
  h.plane.packaged.length = 0;
  h.plane.events.packagerStarted();
  expect(h.plane.packaged[0]).toMatchObject({ type: "tail-open" });
  expect(told()).toEqual([cue - h.wallMs, -id]);
  // Nobody cuts this one.
  h.pass(10);
  await h.publish("b");
  await say("b", "cue");
  expect(told()).toHaveLength(2);
});
