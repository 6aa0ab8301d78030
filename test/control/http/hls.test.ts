/** What is served of tails: ids B, C, F and H of references/hls.md. */
import { describe, expect, test } from "bun:test";
import { HELD_REQUESTS_OF_ADDRESS_MAX } from "../../../src/limits.ts";
import { Harness, SIMULCAST_OFFER, settle } from "../../support/control-harness.ts";
import { playedBytes as bytes, PlayedTail as Show } from "../../support/played-tail.ts";

const P = "application/vnd.apple.mpegurl";
const TOKEN = "0123456789abcdef";
const TOKEN_CONFIG = `[[auth.tokens]]\ntoken = "${TOKEN}"\nrights = ["view", "publish"]\n`;

/** What has come of a request by now: its status, or that it waits. */
async function stateOf(request: Promise<Response>): Promise<number | "waits"> {
  await settle();
  return Promise.race([
    request.then(({ status }) => status),
    settle().then(() => "waits" as const),
  ]);
}

test("the first request makes the tail begin, and is answered when it has", async () => {
  const h = await Harness.start();
  await h.publish("a/b");
  const asked = h.request("GET", "/hls/a/b/index.m3u8");
  expect(await stateOf(asked)).toBe("waits");
  expect(h.plane.packaged).toMatchObject([{ type: "tail-open", partUs: 500_000 }]);
  h.pass(9);
  const late = await asked;
  expect([late.status, late.headers.get("Retry-After")]).toEqual([503, "1"]);
  // Another one opens no second tail.
  const again = h.request("GET", "/hls/a/b/index.m3u8");
  expect(await stateOf(again)).toBe("waits");
  expect(h.plane.packaged).toHaveLength(1);
  h.pass(9);
  expect((await again).status).toBe(503);
});

describe("V07 who asks first is told of all layers that send", () => {
  const listed = async (response: Response) =>
    (await response.text()).match(/-(\d)\.m3u8$/gm)?.map((end) => end.slice(1, 2));

  /** The first request for a stream of two layers, after `sinceS` of its source. */
  async function first(sinceS: number, sends: readonly number[]) {
    const h = await Harness.start();
    await h.publish("a", true, SIMULCAST_OFFER);
    h.pass(sinceS);
    const video = h.plane.sources.at(-1)!.source!.video;
    for (const layer of sends) {
      h.plane.descriptions.set(video[layer]!.index, { lastReceiptUs: h.nowUs });
    }
    const asked = h.request("GET", "/hls/a/index.m3u8");
    await settle();
    const show = Show.of(h);
    return { h, show, asked };
  }

  test("the answer waits for the second", async () => {
    const { h, show, asked } = await first(60, [0, 1]);
    show.layer(1, {});
    h.pass(0.5);
    expect(await stateOf(asked)).toBe("waits");
    show.part();
    expect(await listed(await asked)).toEqual(["1", "0"]);
  });

  test("one second at most, and nobody waits after that", async () => {
    const { h, show, asked } = await first(60, [0, 1]);
    show.layer(1, {});
    h.pass(0.75);
    expect(await stateOf(asked)).toBe("waits");
    h.pass(0.25);
    expect(await listed(await asked)).toEqual(["1"]);
    expect((await show.get("index.m3u8")).status).toBe(200);
  });

  test("not for one that is dead", async () => {
    const { show, asked } = await first(3, [1]);
    show.layer(1, {});
    expect(await stateOf(asked)).toBe(200);
  });

  test("those of a publisher that comes back are waited for anew", async () => {
    const show = await Show.start();
    const { h } = show;
    h.plane.events.closed(h.plane.publishers[0]!.session, "peer-closed");
    await settle();
    h.pass(5);
    await h.publish("a", true, SIMULCAST_OFFER);
    const asked = show.get("index.m3u8");
    expect(await stateOf(asked)).toBe("waits");
    show.layer(1, {});
    expect(await stateOf(asked)).toBe(200);
  });
});

test("what nobody publishes is 404, and F07 asking for it costs no memory", async () => {
  const h = await Harness.start();
  for (let i = 0; i < 1000; i += 1) {
    expect((await h.request("GET", `/hls/n${i}/index.m3u8`)).status).toBe(404);
    expect((await h.request("GET", `/hls/n${i}/x-0.m3u8`)).status).toBe(404);
  }
  expect(h.control.registry.streams.size).toBe(0);
});

test("a source that cannot be carried is 422 with the reason", async () => {
  const h = await Harness.start();
  await h.publish("a");
  const asked = h.request("GET", "/hls/a/index.m3u8");
  await settle();
  const [opened] = h.plane.packaged;
  if (opened?.type !== "tail-open") throw new Error("no tail was opened");
  const { stream, edition } = opened;
  const why = { reason: "its video is VP8", tooHeavy: false };
  h.plane.events.tail({ type: "tail-unavailable", stream, edition, ...why });
  const response = await asked;
  expect(response.status).toBe(422);
  expect(await response.json()).toMatchObject({ detail: '"a" has none: its video is VP8.' });
});

test("C01 C03 C04 C09 playlists and files have their types, ages, codings and priorities", async () => {
  const show = await Show.start();
  const plain = await show.get(show.playlist);
  expect(plain.headers.get("Content-Type")).toBe(P);
  expect(plain.headers.get("Cache-Control")).toBe("max-age=1");
  expect(plain.headers.get("Spillway-Time")).toBe(String(show.h.wallMs));
  expect(plain.headers.get("Content-Encoding")).toBeNull();
  const zipped = await show.get(show.playlist, { "Accept-Encoding": "gzip, br" });
  expect(zipped.headers.get("Content-Encoding")).toBe("gzip");
  const text = Buffer.from(Bun.gunzipSync(new Uint8Array(await zipped.arrayBuffer()))).toString();
  expect(text).toBe(await plain.text());
  const part = await show.get(show.name(0));
  expect(part.headers.get("Content-Type")).toBe("video/mp4");
  expect(part.headers.get("Cache-Control")).toBe("max-age=18");
  expect(part.headers.get("Content-Encoding")).toBeNull();
  expect([plain, part].map(({ headers }) => headers.get("Priority"))).toEqual(["u=1", "u=3"]);
  expect(await part.bytes()).toEqual(bytes(0));
  const init = await show.get(`${show.edition}-0-init0.mp4`);
  expect(init.headers.get("Cache-Control")).toBe("max-age=3600");
  const blocked = await show.get(`${show.playlist}?_HLS_msn=1&_HLS_part=0`);
  expect(blocked.headers.get("Cache-Control")).toBe("max-age=18");
  const missing = await show.get("other.m4s");
  expect([missing.status, missing.headers.get("Cache-Control")]).toEqual([404, "no-store"]);
});

test("L06 H03 a segment is its parts, one after the other, and goes whole", async () => {
  const show = await Show.start();
  for (let i = 0; i < 3; i += 1) show.part();
  const segment = await show.get(`${show.edition}-0-0-3.m4s`);
  expect([...(await segment.bytes())]).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
  const piece = await show.get(`${show.edition}-0-0-3.m4s`, { Range: "bytes=2-3" });
  expect([piece.status, (await piece.bytes()).length]).toEqual([200, 8]);
  expect((await show.get(`${show.edition}-0-0-2.m4s`)).status).toBe(404);
});

test("C06 pages of any origin may read them", async () => {
  const show = await Show.start();
  const { headers } = await show.get(show.playlist);
  expect(headers.get("Access-Control-Allow-Origin")).toBe("*");
  expect(headers.get("Access-Control-Expose-Headers")).toContain("Spillway-Time");
  expect(headers.get("Timing-Allow-Origin")).toBe("*");
});

test("B02 B07 a playlist waits for the part that is asked for, for nine seconds", async () => {
  const show = await Show.start();
  const asked = show.get(`${show.playlist}?_HLS_msn=1&_HLS_part=1`);
  expect(await stateOf(asked)).toBe("waits");
  show.part();
  const response = await asked;
  expect(response.status).toBe(200);
  expect(await response.text()).toContain(show.name(1));
  const never = show.get(`${show.playlist}?_HLS_msn=1&_HLS_part=2`);
  expect(await stateOf(never)).toBe("waits");
  show.h.pass(9);
  const late = await never;
  expect([late.status, late.headers.get("Cache-Control")]).toEqual([503, "no-store"]);
});

test("H01 H02 the part that is hinted at is held until it is whole, another one is 404", async () => {
  const show = await Show.start();
  const hinted = show.get(show.name(1));
  expect(await stateOf(hinted)).toBe("waits");
  expect((await show.get(show.name(2))).status).toBe(404);
  show.part();
  expect(await (await hinted).bytes()).toEqual(bytes(1));
});

test("B08 the end lets everybody go who waits", async () => {
  const show = await Show.start();
  const blocked = show.get(`${show.playlist}?_HLS_msn=3`);
  const hinted = show.get(show.name(2));
  show.part({ ended: true });
  expect((await blocked).status).toBe(200);
  expect((await hinted).status).toBe(404);
});

test("bad directives are 400", async () => {
  const show = await Show.start();
  for (const query of ["_HLS_part=0", "_HLS_msn=x", "_HLS_msn=50", "_HLS_what=1"]) {
    const response = await show.get(`${show.playlist}?${query}`);
    expect([query, response.status]).toEqual([query, 400]);
    expect(response.headers.get("Content-Type")).toBe("application/problem+json");
  }
});

test("an address may wait so often, and is told when that is too much", async () => {
  const show = await Show.start(TOKEN_CONFIG, "a", `?token=${TOKEN}`);
  const query = `${show.playlist}?_HLS_msn=1&_HLS_part=1`;
  const ask = (address: string) => show.get(query, { Authorization: `Bearer ${TOKEN}` }, address);
  const all = Array.from({ length: HELD_REQUESTS_OF_ADDRESS_MAX }, () => ask("198.51.100.7"));
  expect(await stateOf(all.at(-1)!)).toBe("waits");
  const beyond = await ask("198.51.100.7");
  expect([beyond.status, beyond.headers.get("Retry-After")]).toEqual([503, "5"]);
  const others = [ask("198.51.100.8"), ask("127.0.0.1")];
  show.part();
  const statuses = (await Promise.all([...all, ...others])).map(({ status }) => status);
  expect(new Set(statuses)).toEqual(new Set([200]));
});

test("B10 F05 who comes with ?token= finds it in all URIs, whoever has a header does not", async () => {
  const show = await Show.start(TOKEN_CONFIG, "a", `?token=${TOKEN}`);
  const headers = { Authorization: `Bearer ${TOKEN}` };
  const byQuery = await (await show.get(`${show.playlist}?token=${TOKEN}`)).text();
  expect((await show.get(`${show.name(9)}?token=${TOKEN}x`)).status).toBe(401);
  expect(byQuery).toContain(`${show.name(0)}?token=${TOKEN}"`);
  // Of what else stands in a query nothing goes on.
  const blocked = await show.get(`${show.playlist}?_HLS_msn=1&_HLS_part=0&token=${TOKEN}&x=1`);
  expect(await blocked.text()).toBe(byQuery);
  expect(await (await show.get(show.playlist, headers)).text()).not.toContain("token");
  for (const file of [show.playlist, show.name(0)]) {
    expect((await show.get(file, {}, "198.51.100.7")).status).toBe(401);
  }
  // Whoever reads the log learns no token.
  expect(show.h.lines.length).toBeGreaterThan(0);
  expect(show.h.lines.join("\n")).not.toContain(TOKEN);
});

test("F05 hls-children = url: the names of files are proof enough, and show no token", async () => {
  const show = await Show.start(`hls-children = "url"\n${TOKEN_CONFIG}`, "a", `?token=${TOKEN}`);
  const stranger = (file: string) => show.get(file, {}, "198.51.100.7");
  const index = await show.get(`index.m3u8?token=${TOKEN}`, {}, "198.51.100.7");
  expect(index.status).toBe(200);
  expect(await index.text()).toEndWith(`\n${show.playlist}\n`);
  const init = `${show.edition}-0-init0.mp4`;
  for (const file of [show.playlist, show.name(0), init]) {
    expect([file, (await stranger(file)).status]).toEqual([file, 200]);
  }
  // One who shows a token all the same gets what all get.
  expect(await (await stranger(`${show.playlist}?token=${TOKEN}`)).text()).not.toContain("token");
  const held = stranger(show.name(1));
  show.part();
  expect((await held).status).toBe(200);
  // What its own edition does not name proves nothing, and nobody learns what there is.
  for (const file of ["index.m3u8", show.edition, "still.mp4", `x${show.playlist}`]) {
    expect([file, (await stranger(file)).status]).toEqual([file, 401]);
  }
  const address = "198.51.100.7";
  const other = `${"0".repeat(32)}-0.m3u8`;
  const refusals = [
    await stranger(other),
    await stranger(`${show.edition}-9.m3u8`),
    await show.h.request("GET", `/hls/b/${show.playlist}`, { address }),
    await show.h.request("GET", `/hls/b/${other}`, { address }),
  ];
  expect(refusals.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
  expect(new Set(await Promise.all(refusals.map((each) => each.text()))).size).toBe(1);
  for (let i = 0; i < 61; i += 1) {
    show.h.pass(1);
    await stranger(other);
  }
  expect(show.h.plane.packaged.at(-1)?.type).toBe("tail-close");
});

test("a tail that nobody asks for ends, and its stream is not kept by it", async () => {
  const show = await Show.start();
  const { h } = show;
  for (let i = 0; i < 59; i += 1) h.pass(1);
  expect((await show.get(show.playlist)).status).toBe(200);
  for (let i = 0; i < 61; i += 1) h.pass(1);
  expect(h.plane.packaged.at(-1)).toEqual({ type: "tail-close", stream: show.stream });
  expect((await show.get(show.playlist)).status).toBe(404);
});

test("a publisher that goes leaves the tail for half a minute, then it ends", async () => {
  const show = await Show.start();
  const { h } = show;
  const [publisher] = h.plane.publishers;
  h.plane.events.closed(publisher!.session, "peer-closed");
  await settle();
  const types = () => h.plane.packaged.map(({ type }) => type);
  h.pass(29);
  expect((await show.get(show.playlist)).status).toBe(200);
  expect(types()).not.toContain("tail-end");
  h.pass(2);
  expect(types()).toContain("tail-end");
  show.part({ ended: true });
  expect((await show.get(show.playlist)).status).toBe(200);
  h.pass(31);
  expect(types().at(-1)).toBe("tail-close");
  expect((await show.get(show.playlist)).status).toBe(404);
  expect(h.control.registry.streams.size).toBe(0);
});

test("a publisher that comes back in time finds the same edition", async () => {
  const show = await Show.start();
  const { h } = show;
  h.plane.events.closed(h.plane.publishers[0]!.session, "peer-closed");
  await settle();
  h.pass(25);
  await h.publish("a");
  for (let i = 0; i < 20; i += 1) {
    h.pass(1);
    expect((await show.get(show.playlist)).status).toBe(200);
  }
  expect(h.plane.packaged.filter(({ type }) => type !== "tail-open")).toEqual([]);
});

test("a packager that begins anew cuts other editions; what waits for the old one is let go", async () => {
  const show = await Show.start();
  const waits = show.get(`${show.playlist}?_HLS_msn=1&_HLS_part=1`);
  expect(await stateOf(waits)).toBe("waits");
  const before = show.edition;
  show.h.plane.events.packagerStarted();
  // Nobody is to ask for it again.
  expect((await waits).status).toBe(404);
  show.adopt();
  expect(show.edition).not.toBe(before);
  expect((await show.get(`${before}-0.m3u8`)).status).toBe(404);
});

test("hls = off: no tail, by the option or by a rule", async () => {
  const off = await Harness.start({ config: 'hls = "off"\n' });
  await off.publish("a");
  expect((await off.request("GET", "/hls/a/index.m3u8")).status).toBe(404);
  const rule = await Harness.start({ config: '[[streams]]\nmatch = "a"\nhls = "off"\n' });
  await rule.publish("a");
  expect((await rule.request("GET", "/hls/a/index.m3u8")).status).toBe(404);
  expect(rule.plane.packaged).toEqual([]);
});

test("hls = always: the tail begins with its publisher, and does not need anybody who asks", async () => {
  const h = await Harness.start({ config: 'hls = "always"\n' });
  await h.publish("a");
  expect(h.plane.packaged.map(({ type }) => type)).toEqual(["tail-open"]);
  for (let i = 0; i < 120; i += 1) h.pass(1);
  expect(h.plane.packaged).toHaveLength(1);
});

describe("variants beyond what stream and token allow are neither listed nor served", () => {
  const small = { size: { width: 640, height: 360 }, bitrate: 600_000, averageBandwidth: 700_000 };
  const sizes = async (response: Response) =>
    [...(await response.text()).matchAll(/RESOLUTION=\d+x(\d+)/g)].map(([, lines]) =>
      Number(lines),
    );

  for (const rule of ["max-height = 400", "max-width = 700", 'max-bitrate = "1m"']) {
    test(`a rule of the stream: ${rule}`, async () => {
      const show = await Show.start(`[[streams]]\nmatch = "b"\n${rule}\n`);
      const { h } = show;
      show.layer(1, small);
      // Of another stream they are all there.
      expect(await sizes(await show.get("index.m3u8"))).toEqual([720, 360]);
      await h.publish("b");
      const asked = h.request("GET", "/hls/b/index.m3u8");
      await settle();
      show.adopt();
      show.layer(1, small);
      show.part();
      expect(await sizes(await asked)).toEqual([360]);
      const get = (file: string) => h.request("GET", `/hls/b/${file}`);
      for (const file of [
        show.playlist,
        show.name(0),
        show.name(1),
        `${show.edition}-0-init0.mp4`,
      ]) {
        expect([file, (await get(file)).status]).toEqual([file, 403]);
      }
      expect((await get(`${show.edition}-1.m3u8`)).status).toBe(200);
      expect((await get(`${show.edition}-1-0.m4s`)).status).toBe(200);
    });
  }

  test("a rule that none of them keeps to is 403", async () => {
    const h = await Harness.start({ config: '[[streams]]\nmatch = "a"\nmax-height = 100\n' });
    await h.publish("a");
    const asked = h.request("GET", "/hls/a/index.m3u8");
    await settle();
    const show = Show.of(h);
    show.part();
    expect((await asked).status).toBe(403);
  });

  test("where bits are limited, the answer waits until it is known what there is", async () => {
    const h = await Harness.start({ config: '[[streams]]\nmatch = "a"\nmax-bitrate = "1m"\n' });
    await h.publish("a");
    const asked = h.request("GET", "/hls/a/index.m3u8");
    await settle();
    const show = Show.of(h);
    show.layer(0, { ...small, bitrate: null });
    expect(await stateOf(asked)).toBe("waits");
    show.layer(0, small);
    expect(await sizes(await asked)).toEqual([360]);
  });

  test("a token's limits: its playlists do not report what it may not have", async () => {
    const limited = `[[auth.tokens]]\ntoken = "small${TOKEN}"\nrights = ["view"]\nmax-height = 400\n`;
    const show = await Show.start(TOKEN_CONFIG + limited, "a", `?token=${TOKEN}`);
    show.layer(1, small);
    const report = (number: number) =>
      `#EXT-X-RENDITION-REPORT:URI="${show.edition}-${number}.m3u8",LAST-MSN=0,LAST-PART=0\n`;
    const text = `#EXTM3U\n${report(0)}${report(2)}`;
    const name = `${show.edition}-1.m3u8`;
    const playlist = {
      ...{ name, list: { text, gzip: Bun.gzipSync(text) }, msn: 1, part: 1, whole: 0 },
      ...{ hint: null, ended: false },
    };
    show.part({ rendition: 1, files: [], segments: [], playlist });
    const of = async (token: string, file: string) =>
      show.get(file, { Authorization: `Bearer ${token}` });
    expect(await (await of(TOKEN, name)).text()).toBe(text);
    expect(await (await of(`small${TOKEN}`, name)).text()).toBe(`#EXTM3U\n${report(2)}`);
    expect(await sizes(await of(`small${TOKEN}`, "index.m3u8"))).toEqual([360]);
    expect((await of(`small${TOKEN}`, show.name(0))).status).toBe(403);
    expect((await of(TOKEN, show.name(0))).status).toBe(200);
  });
});
