/** The WHEP extensions' end points and events (X01..X07, X20); layers are in layers.test.ts. */
import { expect, test } from "bun:test";
import { Harness, readEvents, settle } from "../../support/control-harness.ts";

const JSON_TYPE = { "Content-Type": "application/json" };

async function watch(h: Harness) {
  await h.publish("a");
  const viewer = await h.view("a");
  return { ...viewer, events: `${viewer.location}/events`, layer: `${viewer.location}/layer` };
}

async function subscribe(h: Harness, url: string, names: readonly string[]) {
  const created = await h.request("POST", url, { headers: JSON_TYPE, body: JSON.stringify(names) });
  expect(created.status).toBe(201);
  const location = created.headers.get("Location")!;
  return { location, response: await h.request("GET", location) };
}

test("X01 X20 E46 both extensions are advertised in the 201, one Link each", async () => {
  const h = await Harness.start();
  const { response, location } = await watch(h);
  const links = response.headers.get("Link")!.split(", ");
  const urn = "urn:ietf:params:whep:ext:core";
  const own = "cue,caption,chat,hand,reaction,retract";
  const names = `active,inactive,layers,reconnect,viewercount,${own}`;
  expect(links).toEqual([
    `<${location}/events>; rel="${urn}:server-sent-events"; events="${names}"`,
    `<${location}/layer>; rel="${urn}:layer"`,
    // Beside them its tail.
    '<../hls/a/index.m3u8>; rel="alternate"; type="application/vnd.apple.mpegurl"',
  ]);
  expect((await h.request("OPTIONS", "/whep/a")).headers.has("Link")).toBe(false);
});

test("X02 POST makes an event stream, with and without a list of names", async () => {
  const h = await Harness.start();
  const { events } = await watch(h);
  for (const body of [undefined, '["viewercount"]', "[]"]) {
    const headers = body === undefined ? {} : JSON_TYPE;
    const response = await h.request("POST", events, { headers, body });
    expect(response.status).toBe(201);
    expect(response.headers.get("Location")).toStartWith(`${events}/`);
  }
});

test("X02 a session that ends before the list of names has come gets no event stream", async () => {
  const h = await Harness.start();
  const { events, location } = await watch(h);
  const body = new TransformStream<Uint8Array, Uint8Array>();
  const late = h.request("POST", events, { headers: JSON_TYPE, body: body.readable });
  expect((await h.request("DELETE", location)).status).toBe(200);
  await body.writable.close();
  expect((await late).status).toBe(404);
});

test("X03 an unknown or unadvertised event is 400 and makes no stream", async () => {
  const h = await Harness.start();
  const { events } = await watch(h);
  for (const body of ['["scte35"]', '["active","x"]', "{}", "nonsense", '"active"']) {
    const response = await h.request("POST", events, { headers: JSON_TYPE, body });
    expect(response.status).toBe(400);
    expect(response.headers.has("Location")).toBe(false);
  }
  const plain = { "Content-Type": "text/plain" };
  expect((await h.request("POST", events, { headers: plain, body: "[]" })).status).toBe(415);
});

test("X04 X05 the stream has the subscribed events only, name and one line of JSON", async () => {
  const h = await Harness.start();
  const { events } = await watch(h);
  const { response } = await subscribe(h, events, ["viewercount"]);
  expect(response.headers.get("Content-Type")).toBe("text/event-stream");
  h.plane.events.closed(h.plane.publishers[0]!.session, "peer-closed");
  await h.publish("a");
  await h.view("a");
  h.pass(1);
  const received = await readEvents(response, 2);
  expect(received).toEqual([
    'event: viewercount\ndata: {"viewercount":1}',
    'event: viewercount\ndata: {"viewercount":2}',
  ]);
});

test("X04 events queue until the stream is read", async () => {
  const h = await Harness.start();
  const { events } = await watch(h);
  const body = '["inactive","active"]';
  const created = await h.request("POST", events, { headers: JSON_TYPE, body });
  h.plane.events.closed(h.plane.publishers[0]!.session, "peer-closed");
  const response = await h.request("GET", created.headers.get("Location")!);
  expect(await readEvents(response, 2)).toEqual([
    "event: active\ndata: {}",
    "event: inactive\ndata: {}",
  ]);
});

test("X06 DELETE drops the stream: later GET is 404", async () => {
  const h = await Harness.start();
  const { events } = await watch(h);
  const { location, response } = await subscribe(h, events, ["active"]);
  expect((await h.request("DELETE", location)).status).toBe(200);
  expect((await h.request("GET", location)).status).toBe(404);
  expect((await h.request("DELETE", location)).status).toBe(404);
  expect(await response.text()).toContain("event: active");
});

test("X06 the end of the WHEP session ends its streams", async () => {
  const h = await Harness.start();
  const { events, location: session } = await watch(h);
  const { location, response } = await subscribe(h, events, ["inactive"]);
  await h.request("DELETE", session);
  expect((await h.request("GET", location)).status).toBe(404);
  // The response ends; otherwise this would never resolve.
  expect(await response.text()).not.toContain("event:");
});

test("X07 active at start only if live; inactive and active as the publisher goes and comes", async () => {
  const h = await Harness.start({ config: "wait-for-stream = true" });
  const viewer = await h.view("a");
  const { response } = await subscribe(h, `${viewer.location}/events`, ["active", "inactive"]);
  const { number } = await h.publish("a");
  h.plane.events.closed(number, "peer-closed");
  await h.publish("a");
  expect(await readEvents(response, 3)).toEqual([
    "event: active\ndata: {}",
    "event: inactive\ndata: {}",
    "event: active\ndata: {}",
  ]);
});

test("X07 reconnect names the endpoint when the session cannot go on", async () => {
  for (const reason of ["codec-changed", "worker-lost"] as const) {
    const h = await Harness.start();
    const { events, number } = await watch(h);
    const { response } = await subscribe(h, events, ["reconnect"]);
    h.plane.events.closed(number, reason);
    const text = await response.text();
    expect(text).toContain('event: reconnect\ndata: {"url":"http://localhost/whep/a"}');
  }
});

test("X07 a deleted session is not told to reconnect", async () => {
  const h = await Harness.start();
  const { events, number } = await watch(h);
  const { response } = await subscribe(h, events, ["reconnect"]);
  h.plane.events.closed(number, "peer-closed");
  expect(await response.text()).not.toContain("reconnect");
});

test("Q-C8 GET on the advertised URL itself is an event stream", async () => {
  const h = await Harness.start();
  const { events } = await watch(h);
  const response = await h.request("GET", events);
  expect(response.headers.get("Content-Type")).toBe("text/event-stream");
  const received = await readEvents(response, 3);
  expect(received[0]).toBe("event: active\ndata: {}");
  await response.body!.cancel();
  // Given back: any number of reloads is possible.
  for (let i = 0; i < 10; i += 1) {
    const again = await h.request("GET", events);
    expect(again.status).toBe(200);
    await again.body!.cancel();
  }
});

test("event streams are bounded, per session and in what they hold", async () => {
  const h = await Harness.start();
  const { events } = await watch(h);
  const { response } = await subscribe(h, events, ["viewercount"]);
  for (let i = 0; i < 3; i += 1) await subscribe(h, events, []);
  const full = await h.request("POST", events);
  expect(full.status).toBe(429);
  const session = h.control.registry.sessions.byNumber(h.plane.viewers[0]!.session)!;
  for (let i = 0; i < 500; i += 1) {
    const extra = await h.view("a");
    await h.request("DELETE", extra.location);
    h.pass(0);
  }
  h.plane.events.closed(session.number, "peer-closed");
  const text = await response.text();
  expect(text.length).toBeLessThan(20_000);
});

test("heartbeats keep an idle stream alive", async () => {
  const h = await Harness.start();
  const { events, number } = await watch(h);
  const { response } = await subscribe(h, events, ["reconnect"]);
  for (let i = 0; i < 12; i += 1) h.pass(1);
  h.plane.events.closed(number, "peer-closed");
  expect((await response.text()).match(/^: alive$/gm)).toHaveLength(2);
});

test("X20 a publisher has no extension URLs", async () => {
  const h = await Harness.start();
  const publisher = await h.publish("a");
  await settle();
  for (const part of ["events", "layer"]) {
    expect((await h.request("POST", `${publisher.location}/${part}`)).status).toBe(404);
  }
});
