/** GET /hls/NAME/still.mp4, with the packager played. */
import { expect, test } from "bun:test";
import type { TailStill } from "../../../src/contract/tail.ts";
import { Harness, settle } from "../../support/control-harness.ts";

const FILE = Uint8Array.of(1, 2, 3);
const TOKEN = "0123456789abcdef";
const SMALL = "small-0123456789abcdef";
const TOKENS = `
[[auth.tokens]]
token = "${TOKEN}"
rights = ["view", "publish"]
[[auth.tokens]]
token = "${SMALL}"
rights = ["view"]
max-width = 320
[[auth.tokens]]
token = "publish-0123456789abcdef"
rights = ["publish"]
`;

const get = (h: Harness, query = "", name = "a") =>
  h.request("GET", `/hls/${name}/still.mp4${query}`);

/** The packager's answer to the picture that was sought last. */
function found(h: Harness, changes: Partial<TailStill> = {}): void {
  const sought = h.plane.packaged.at(-1);
  if (sought?.type !== "tail-still") throw new Error("no picture is sought");
  const { stream } = sought;
  const still = { file: FILE, width: 640, height: 360, reason: null };
  h.plane.events.tail({ type: "tail-still", stream, ...still, ...changes });
}

test("a picture is made for whoever asks first, and shown to all who ask within ten seconds", async () => {
  const h = await Harness.start();
  await h.publish("a");
  const asked = [get(h), get(h)];
  await settle();
  expect(h.plane.packaged.map(({ type }) => type)).toEqual(["tail-still"]);
  found(h);
  for (const response of await Promise.all(asked)) {
    expect(response.status).toBe(200);
    expect(response.headers.get("Content-Type")).toBe("video/mp4");
    expect(response.headers.get("Cache-Control")).toBe("max-age=5");
    expect(response.headers.get("Access-Control-Allow-Origin")).toBe("*");
    expect(await response.bytes()).toEqual(FILE);
  }
  h.pass(9);
  expect((await get(h)).status).toBe(200);
  expect(h.plane.packaged).toHaveLength(1);
  h.pass(2);
  const again = get(h);
  await settle();
  expect(h.plane.packaged).toHaveLength(2);
  found(h);
  expect((await again).status).toBe(200);
  // No tail was begun for it.
  expect(h.plane.packaged.map(({ type }) => type)).toEqual(["tail-still", "tail-still"]);
});

test("F07 what nobody publishes is 404, and asking for it costs no memory", async () => {
  const h = await Harness.start();
  for (let i = 0; i < 100; i += 1) expect((await get(h, "", `n${i}`)).status).toBe(404);
  expect(h.control.registry.streams.size).toBe(0);
  expect(h.plane.packaged).toEqual([]);
});

test("where there can be none it is 422 with the reason, where none has come 503", async () => {
  const h = await Harness.start();
  await h.publish("a");
  const vp8 = get(h);
  await settle();
  found(h, { file: null, reason: "its video is VP8" });
  expect((await vp8).status).toBe(422);
  expect(await (await get(h)).json()).toMatchObject({ detail: '"a" has none: its video is VP8.' });
  h.pass(11);
  const late = get(h);
  await settle();
  found(h, { file: null });
  const response = await late;
  expect([response.status, response.headers.get("Retry-After")]).toEqual([503, "5"]);
  expect(response.headers.get("Cache-Control")).toBe("no-store");
});

test("a packager that does not answer, or is another now, keeps nobody waiting", async () => {
  const h = await Harness.start();
  await h.publish("a");
  const asked = get(h);
  await settle();
  h.pass(8.5);
  expect((await asked).status).toBe(503);
  h.pass(11);
  const again = get(h);
  await settle();
  h.plane.events.packagerStarted();
  expect((await again).status).toBe(503);
});

test("ST5 a stream is kept while its picture is sought, and no longer", async () => {
  const h = await Harness.start();
  const publisher = await h.publish("a");
  const asked = get(h);
  await settle();
  h.plane.events.closed(publisher.number, "peer-closed");
  await settle();
  expect(h.control.registry.streams.size).toBe(1);
  found(h);
  expect((await asked).status).toBe(200);
  expect(h.control.registry.streams.size).toBe(0);
  expect((await get(h)).status).toBe(404);
});

test("ST4 it takes the right to view, and a layer that stream and token allow", async () => {
  const h = await Harness.start({ config: TOKENS });
  await h.publish(`a?token=${TOKEN}`);
  expect((await get(h)).status).toBe(401);
  expect((await get(h, "?token=publish-0123456789abcdef")).status).toBe(403);
  const asked = [get(h, `?token=${TOKEN}`), get(h, `?token=${SMALL}`)];
  await settle();
  found(h);
  expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 403]);
});

test("a stream without a tail has none", async () => {
  const h = await Harness.start({ config: '[[streams]]\nmatch = "a"\nhls = "off"\n' });
  await h.publish("a");
  expect((await get(h)).status).toBe(404);
  expect(h.plane.packaged).toEqual([]);
});

test("ST3 the hook that decides who may view is asked", async () => {
  const asked: unknown[] = [];
  const h = await Harness.start({
    config: '[hook]\nurl = "http://127.0.0.1:1/hook"\nsecret = "0123456789abcdef"\n',
    fetch: async (_url, init) => {
      asked.push(JSON.parse(String(init.body)));
      return new Response(null, { status: asked.length === 1 ? 200 : 403 });
    },
  });
  await h.publish("a");
  expect((await get(h)).status).toBe(403);
  expect(asked.at(-1)).toMatchObject({ event: "view", stream: "a" });
  expect(h.plane.packaged).toEqual([]);
});

test("ST3 a hook that allowed it is not asked again for ten seconds, by the same client for the same stream", async () => {
  let [asked, status] = [0, 200];
  const h = await Harness.start({
    config: '[hook]\nurl = "http://127.0.0.1:1/hook"\n',
    fetch: async () => {
      asked += 1;
      return new Response(null, { status });
    },
  });
  await h.publish("a");
  await h.publish("b");
  const asks = async (request: () => Promise<Response>, loads = 2): Promise<number> => {
    const before = asked;
    for (let i = 0; i < loads; i += 1) void request();
    for (let i = 0; i < 5; i += 1) await settle();
    return asked - before;
  };
  expect(await asks(() => get(h), 1)).toBe(1);
  found(h);
  const [headers, address] = [{ "User-Agent": "other" }, "198.51.100.7"];
  const path = "/hls/a/still.mp4";
  expect(await asks(() => get(h))).toBe(0);
  for (const other of [
    () => get(h, "", "b"),
    () => get(h, "?token=other"),
    () => h.request("GET", path, { headers }),
    () => h.request("GET", path, { address }),
  ]) {
    expect(await asks(other, 1)).toBe(1);
    expect(await asks(other)).toBe(0);
  }
  // Whoever plays the stream is another matter.
  expect(await asks(() => h.request("GET", "/hls/a/index.m3u8"))).toBe(2);
  h.pass(11);
  status = 403;
  expect(await asks(() => get(h))).toBe(2);
  expect((await get(h)).status).toBe(403);
});
