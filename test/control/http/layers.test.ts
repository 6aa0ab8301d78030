/** The `layers` event (X08) and the layer extension (X21, X22). */
import { expect, test } from "bun:test";
import type { ListedLayer } from "../../../src/control/streams/stream-layers.ts";
import { layerId } from "../../../src/feed/layer-table.ts";
import { NO_LIMITS, type UsableLayer } from "../../../src/media/layer-choice.ts";
import {
  Harness,
  PUBLISHER_OFFER,
  readEvents,
  SIMULCAST_OFFER,
  VIEWER_OFFER,
} from "../../support/control-harness.ts";

const JSON_TYPE = { "Content-Type": "application/json" };

/** A layer as a ring's header tells it; `point` is spatialId * 8 + temporalId. */
function seen(ring: number, point: number, changes: Partial<UsableLayer> = {}): UsableLayer {
  return {
    id: layerId(ring, point),
    rid: "",
    spatialId: point >> 3,
    temporalId: point & 7,
    bitrate: 100_000,
    width: 0,
    height: 0,
    active: true,
    ...changes,
  };
}

const HIGH = seen(0, 0, { rid: "h", bitrate: 1_500_000.4, width: 1280, height: 720 });
const LOW = seen(1, 0, { rid: "l", bitrate: 200_000, width: 320, height: 180 });
/** VP9 with two spatial layers of two temporal layers each. */
const SVC = [seen(0, 0), seen(0, 1), seen(0, 8), seen(0, 9, { bitrate: 900_000 })];

/** A viewer of a publisher whose rings show `layers`. */
async function watch(layers: readonly UsableLayer[], offer = SIMULCAST_OFFER, config = "") {
  const h = await Harness.start({ config });
  h.plane.layers = layers;
  await h.publish("a", true, offer);
  h.pass(1);
  const viewer = await h.view("a");
  const url = `${viewer.location}/layer`;
  const choose = (body: string | undefined, headers: Record<string, string> = JSON_TYPE) =>
    h.request("POST", url, { headers, body });
  const chosen = () => h.plane.limits.at(-1)?.limits;
  return { h, viewer, url, choose, chosen };
}

type Watching = Awaited<ReturnType<typeof watch>>;

/** The next `count` events `layers`, parsed. */
async function listen({ h, viewer }: Watching) {
  const created = await h.request("POST", `${viewer.location}/events`, {
    headers: JSON_TYPE,
    body: '["layers"]',
  });
  const response = await h.request("GET", created.headers.get("Location")!);
  return async (count: number): Promise<Record<string, ListedLayer[]>[]> =>
    (await readEvents(response, count)).map((event) => JSON.parse(event.split("data: ")[1]!));
}

test("X08 layers are keyed by m-line index, the best first, with rid, size and bit rate", async () => {
  const w = await watch([LOW, HIGH]);
  const next = await listen(w);
  expect(await next(1)).toEqual([
    {
      "1": [
        { rid: "h", bitrate: 1_500_000, width: 1280, height: 720 },
        { rid: "l", bitrate: 200_000, width: 320, height: 180 },
      ],
    },
  ]);
});

test("X08 points of an SVC stream have their ids and no rid", async () => {
  const next = await listen(await watch(SVC, PUBLISHER_OFFER));
  const layer = (spatialLayerId: number, temporalLayerId: number, bitrate = 100_000) => ({
    spatialLayerId,
    temporalLayerId,
    bitrate,
  });
  expect(await next(1)).toEqual([
    { "1": [layer(1, 1, 900_000), layer(1, 0), layer(0, 1), layer(0, 0)] },
  ]);
});

test("X08 temporal layers of simulcast encodings have rid and temporal id", async () => {
  const next = await listen(await watch([seen(1, 0, { rid: "l" }), seen(1, 1, { rid: "l" })]));
  expect(await next(1)).toEqual([
    {
      "1": [
        { rid: "h" },
        { rid: "l", temporalLayerId: 1, bitrate: 100_000 },
        { rid: "l", temporalLayerId: 0, bitrate: 100_000 },
      ],
    },
  ]);
});

test("X08 a layer that is announced or has died has no bit rate", async () => {
  const w = await watch([]);
  const next = await listen(w);
  w.h.plane.layers = [HIGH, LOW];
  w.h.pass(0.25);
  w.h.plane.layers = [{ ...HIGH, active: false, bitrate: 0 }, LOW];
  w.h.pass(0.25);
  const told = (await next(3)).map((data) => data["1"]!.map(({ rid, bitrate }) => [rid, bitrate]));
  expect(told).toEqual([
    [
      ["h", undefined],
      ["l", undefined],
    ],
    [
      ["h", 1_500_000],
      ["l", 200_000],
    ],
    [
      ["h", undefined],
      ["l", 200_000],
    ],
  ]);
});

test("X08 changes are told at once, fresh bit rates once a second", async () => {
  const w = await watch([HIGH]);
  const next = await listen(w);
  // The first look after the subscription is told, whatever was told before to others.
  w.h.pass(0.25);
  for (let i = 1; i <= 7; i += 1) {
    w.h.plane.layers = [{ ...HIGH, bitrate: i }];
    w.h.pass(0.25);
  }
  w.h.plane.layers = [{ ...HIGH, bitrate: 100, width: 640 }];
  w.h.pass(0.25);
  const told = (await next(4)).map((data) => data["1"]![0]!.bitrate);
  expect(told).toEqual([1_500_000, 1_500_000, 4, 100]);
});

test("X08 what a viewer is sent is known when it subscribes", async () => {
  const w = await watch([HIGH]);
  w.h.plane.events.layer(w.viewer.number, HIGH.id);
  const next = await listen(w);
  expect(await next(1)).toEqual([
    { "1": [expect.objectContaining({ rid: "h", current: true }), { rid: "l" }] },
  ]);
});

test("X08 the layer that the viewer is sent is marked, for that viewer alone", async () => {
  const w = await watch([HIGH, LOW]);
  const other = { ...w, viewer: await w.h.view("a") };
  const next = await listen(w);
  const otherNext = await listen(other);
  w.h.plane.events.layer(w.viewer.number, LOW.id);
  w.h.plane.events.layer(w.viewer.number, HIGH.id);
  const current = (data: Record<string, ListedLayer[]>) => data["1"]!.map((layer) => layer.current);
  expect((await next(3)).map(current)).toEqual([
    [undefined, undefined],
    [undefined, true],
    [true, undefined],
  ]);
  w.h.pass(0.25);
  expect((await otherNext(2)).map(current)).toEqual([
    [undefined, undefined],
    [undefined, undefined],
  ]);
});

test("X08 a point above what the stream has means its highest", async () => {
  const w = await watch(SVC.slice(0, 3), PUBLISHER_OFFER);
  w.h.plane.events.layer(w.viewer.number, layerId(0, 3 * 8 + 7));
  const next = await listen(w);
  const current = (await next(1))[0]!["1"]!.filter((layer) => layer.current);
  expect(current).toEqual([
    { spatialLayerId: 1, temporalLayerId: 0, bitrate: 100_000, current: true },
  ]);
});

test("X08 a new publisher's layers take the place of the old ones", async () => {
  const w = await watch([HIGH, LOW]);
  const next = await listen(w);
  w.h.plane.events.layer(w.viewer.number, HIGH.id);
  w.h.plane.events.closed(w.h.plane.publishers[0]!.session, "peer-closed");
  w.h.plane.layers = [];
  await w.h.publish("a");
  w.h.pass(0.25);
  expect((await next(3))[2]).toEqual({ "1": [{ spatialLayerId: 0 }] });
});

test("X21 what is selected goes to the worker, the rest is automatic", async () => {
  const { choose, chosen, h, viewer } = await watch([HIGH, LOW]);
  const cases: readonly [object, object][] = [
    [{ rid: "h" }, { rid: "h" }],
    [{ mediaId: "1", rid: "l" }, { rid: "l" }],
    [{ mediaId: 1, temporalLayerId: 0 }, { temporalMax: 0 }],
    [{ spatialLayerId: 0, maxSpatialLayerId: 2 }, { spatialMax: 0 }],
    [
      { maxSpatialLayerId: 1, maxTemporalLayerId: 2 },
      { spatialMax: 1, temporalMax: 2 },
    ],
    [
      { maxWidth: 640, maxHeight: 360 },
      { widthMax: 640, heightMax: 360 },
    ],
    [
      { rid: "h", maxHeight: 720, unknown: true },
      { rid: "h", heightMax: 720 },
    ],
  ];
  for (const [body, limits] of cases) {
    const response = await choose(JSON.stringify(body));
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("");
    // Each selection takes the place of the one before.
    expect(chosen()).toEqual({ ...NO_LIMITS, ...limits });
  }
  expect(h.plane.limits.every(({ session }) => session === viewer.number)).toBe(true);
});

test("Q-C8 older players name the encoding encodingId, and leave the body's type out", async () => {
  const { choose, chosen } = await watch([HIGH, LOW]);
  expect((await choose('{"mediaId":"1","encodingId":"l"}', {})).status).toBe(200);
  expect(chosen()).toEqual({ ...NO_LIMITS, rid: "l" });
});

test("X22 every spelling of automatic takes the selection back", async () => {
  const { h, url, choose, chosen } = await watch([HIGH, LOW]);
  for (const body of [undefined, "", "{}", '{"mediaId":"0"}', '{"mediaId":"1"}', null]) {
    await choose('{"rid":"l"}');
    expect(chosen()).toEqual({ ...NO_LIMITS, rid: "l" });
    const response = body === null ? await h.request("DELETE", url) : await choose(body);
    expect(response.status).toBe(200);
    expect(chosen()).toEqual(NO_LIMITS);
  }
});

test("X21 what is not there, and nonsense, is a problem and changes nothing", async () => {
  const { h, choose } = await watch([HIGH, LOW]);
  const cases: readonly [string, number, string][] = [
    ['{"rid":"nope"}', 404, "nope"],
    ['{"encodingId":"nope"}', 404, "nope"],
    ['{"rid":""}', 404, "rid"],
    ['{"spatialLayerId":1}', 404, "spatial layer 1"],
    ['{"rid":"l","temporalLayerId":1}', 404, "temporal layer 1"],
    ['{"mediaId":"7"}', 404, "7"],
    ['{"mediaId":"x","rid":"l"}', 404, "x"],
    ['{"mediaId":"0","rid":"l"}', 422, "audio"],
    ['{"spatialLayerId":-1}', 400, "spatialLayerId"],
    ['{"temporalLayerId":1.5}', 400, "temporalLayerId"],
    ['{"maxWidth":0}', 400, "maxWidth"],
    ['{"maxHeight":"720"}', 400, "maxHeight"],
    ['{"rid":5}', 400, "rid"],
    ["[]", 400, "JSON object"],
    ["nonsense", 400, "JSON object"],
    ["x".repeat(5000), 413, "small"],
  ];
  for (const [body, status, detail] of cases) {
    const response = await choose(body);
    expect(response.status, body).toBe(status);
    expect(response.headers.get("Content-Type")).toBe("application/problem+json");
    const { detail: told } = (await response.json()) as { detail: string };
    expect(told).toContain(detail);
  }
  expect(h.plane.limits).toEqual([]);
});

test("X21 before the first packets any layer may be asked for", async () => {
  const { choose, chosen } = await watch([]);
  expect((await choose('{"spatialLayerId":2,"temporalLayerId":1}')).status).toBe(200);
  expect(chosen()).toEqual({ ...NO_LIMITS, spatialMax: 2, temporalMax: 1 });
});

test("X21 a rid that the next publisher does not send is automatic again", async () => {
  const w = await watch([HIGH, LOW]);
  await w.choose('{"rid":"l","maxHeight":360}');
  const publisher = () => w.h.plane.publishers.at(-1)!.session;
  w.h.plane.events.closed(publisher(), "peer-closed");
  const count = w.h.plane.limits.length;
  await w.h.publish("a", true, SIMULCAST_OFFER);
  expect(w.h.plane.limits.length).toBe(count);
  w.h.plane.events.closed(publisher(), "peer-closed");
  await w.h.publish("a");
  expect(w.h.plane.limits.length).toBe(count + 1);
  expect(w.chosen()).toEqual({ ...NO_LIMITS, heightMax: 360 });
});

test("the strictest of stream, token and choice holds", async () => {
  const token = "a-token-of-viewers";
  const config = `
[[auth.tokens]]
token = "${token}"
rights = ["publish", "view"]
max-width = 1280
max-bitrate = "2M"
[[streams]]
match = "a"
max-width = 1920
max-height = 720
max-bitrate = "900k"
`;
  const h = await Harness.start({ config });
  const headers = { Authorization: `Bearer ${token}` };
  await h.post("/whip/a", SIMULCAST_OFFER, { headers });
  expect(h.plane.publishers[0]!.bitrateMax).toBe(2_000_000);
  h.plane.events.connected(h.plane.publishers[0]!.session, "198.51.100.1:5000", "GCM", "udp");
  await Promise.resolve();
  const viewer = await h.post("/whep/a", VIEWER_OFFER, { headers });
  const limits = { ...NO_LIMITS, widthMax: 1280, heightMax: 720, bitrateMax: 900_000 };
  expect(h.plane.viewers[0]!.limits).toEqual(limits);
  const url = `${viewer.headers.get("Location")}/layer`;
  const choose = (choice: object) =>
    h.request("POST", url, {
      headers: { ...headers, ...JSON_TYPE },
      body: JSON.stringify(choice),
    });
  h.plane.layers = [HIGH, LOW];
  h.pass(1);
  const refused = await choose({ rid: "h" });
  expect(refused.status).toBe(403);
  expect(h.plane.limits).toEqual([]);
  expect((await choose({ maxWidth: 4000, maxHeight: 360, rid: "l" })).status).toBe(200);
  expect(h.plane.limits.at(-1)!.limits).toEqual({ ...limits, heightMax: 360, rid: "l" });
  expect((await choose({})).status).toBe(200);
  expect(h.plane.limits.at(-1)!.limits).toEqual(limits);
});
