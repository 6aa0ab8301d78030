/** Publishers come, go, return and take over; rings come back exactly once. */
import { expect, test } from "bun:test";
import { Harness, PUBLISHER_OFFER, settle, VIEWER_OFFER } from "../../support/control-harness.ts";
import { seeded } from "../../support/random.ts";

test("a returning publisher: new rings, next epoch, viewers stay, old rings come back", async () => {
  const h = await Harness.start();
  const first = await h.publish("a");
  const viewer = await h.view("a");
  const before = h.plane.sources[0]!.source!;
  h.plane.events.closed(first.number, "peer-closed");
  await settle();
  // Readers may still be at the old rings.
  expect(h.plane.ringsOut.size).toBe(2);
  expect(h.plane.sources).toHaveLength(1);
  let switched: () => void = () => {};
  h.plane.hold = new Promise((resolve) => {
    switched = resolve;
  });
  await h.publish("a");
  const after = h.plane.sources[1]!;
  expect(after.stream).toBe(h.plane.sources[0]!.stream);
  expect(after.source!.epoch).toBeGreaterThan(before.epoch);
  expect(after.source!.audio!.index).not.toBe(before.audio!.index);
  expect(h.plane.ringsOut.size).toBe(4);
  switched();
  await settle();
  expect(h.plane.ringsOut.size).toBe(2);
  expect(h.plane.ringsOut.has(before.audio!.index)).toBe(false);
  expect((await h.request("GET", viewer.location)).status).toBe(204);
});

test("a source without a publisher is dropped after a while; viewers stay", async () => {
  const h = await Harness.start();
  const publisher = await h.publish("a");
  const viewer = await h.view("a");
  h.plane.events.closed(publisher.number, "peer-closed");
  h.pass(31);
  await settle();
  expect(h.plane.sources.at(-1)!.source).toBeNull();
  expect(h.plane.ringsOut.size).toBe(0);
  expect((await h.request("GET", viewer.location)).status).toBe(204);
  await h.publish("a");
  expect(h.plane.sources.at(-1)!.source).not.toBeNull();
});

test("a stream without publisher and viewers disappears; its name's epochs go on", async () => {
  const h = await Harness.start();
  const publisher = await h.publish("a");
  const viewer = await h.view("a");
  await h.request("DELETE", publisher.location);
  expect(h.control.registry.streams.size).toBe(1);
  await h.request("DELETE", viewer.location);
  await settle();
  expect(h.control.registry.streams.size).toBe(0);
  expect(h.plane.sources.at(-1)!.source).toBeNull();
  expect(h.plane.ringsOut.size).toBe(0);
  await h.publish("a");
  expect(h.plane.sources.at(-1)!.source!.epoch).toBe(2);
});

test("takeover: the old publisher stays until the new one is connected", async () => {
  const h = await Harness.start({ config: "takeover = true" });
  const old = await h.publish("a");
  await h.view("a");
  const fresh = await h.publish("a", false);
  expect(h.plane.closes).toHaveLength(0);
  expect((await h.request("GET", old.location)).status).toBe(204);
  h.plane.events.connected(fresh.number, "x", "GCM", "udp");
  await settle();
  expect(h.plane.closes).toEqual([{ session: old.number, reason: "taken-over" }]);
  // Its client must not take the name back.
  expect((await h.request("GET", old.location)).status).toBe(410);
  expect(h.plane.sources.map(({ source }) => source!.epoch)).toEqual([1, 2]);
  expect(h.plane.ringsOut.size).toBe(2);
});

test("takeover: one that never connects changes nothing", async () => {
  const h = await Harness.start({ config: "takeover = true" });
  const old = await h.publish("a");
  const fresh = await h.publish("a", false);
  h.plane.events.closed(fresh.number, "connect-timeout");
  await settle();
  expect((await h.request("GET", old.location)).status).toBe(204);
  expect(h.plane.sources).toHaveLength(1);
  expect(h.plane.ringsOut.size).toBe(2);
});

test("takeover by stream pattern only", async () => {
  const h = await Harness.start({ config: `[[streams]]\nmatch = "t/**"\ntakeover = true` });
  await h.publish("t/a/b");
  await h.publish("a");
  expect((await h.post("/whip/t/a/b", PUBLISHER_OFFER)).status).toBe(201);
  expect((await h.post("/whip/a", PUBLISHER_OFFER)).status).toBe(409);
});

test("a publisher that fell silent loses its name to one that returns", async () => {
  const h = await Harness.start();
  const old = await h.publish("a");
  h.nowUs += 5e6;
  h.plane.description = { lastReceiptUs: h.nowUs - 1e6 };
  expect((await h.post("/whip/a", PUBLISHER_OFFER)).status).toBe(409);
  h.nowUs += 2e6;
  await h.publish("a");
  expect(h.plane.closes).toEqual([{ session: old.number, reason: "taken-over" }]);
});

test("a worker that is replaced takes its sessions along, no others", async () => {
  const h = await Harness.start();
  const publisher = await h.publish("a");
  const viewer = await h.view("a");
  h.plane.events.closed(publisher.number, "worker-lost");
  h.plane.events.workerRestarted(0, "ingest-0", "exception");
  expect((await h.request("GET", publisher.location)).status).toBe(404);
  expect((await h.request("GET", viewer.location)).status).toBe(204);
  expect((await h.post("/whip/a", PUBLISHER_OFFER)).status).toBe(201);
});

test("events for sessions that are gone, twice or unknown are harmless", async () => {
  const h = await Harness.start();
  const { number } = await h.publish("a");
  const { events } = h.plane;
  events.connected(number, "y", "GCM", "udp");
  events.closed(number, "peer-closed");
  events.closed(number, "peer-closed");
  events.connected(number, "y", "GCM", "udp");
  events.firstMedia(number, 1);
  events.connected(999, "y", "GCM", "udp");
  events.closed(999, "deleted");
  await settle();
  expect(h.plane.ringsOut.size).toBe(0);
  expect(h.control.registry.sessions.held).toBe(0);
});

test("drain: no new sessions, not ready, done when the last viewer has left", async () => {
  const h = await Harness.start();
  await h.publish("a");
  const viewer = await h.view("a");
  let drained = false;
  const draining = h.control.drain().then(() => {
    drained = true;
  });
  expect((await h.request("GET", "/readyz")).status).toBe(503);
  expect((await h.request("GET", "/healthz")).status).toBe(200);
  expect((await h.post("/whep/a", VIEWER_OFFER)).status).toBe(503);
  await settle();
  expect(drained).toBe(false);
  await h.request("DELETE", viewer.location);
  await draining;
  await h.control.stop();
  expect(h.plane.stopped).toBe(true);
  expect(h.plane.closes.at(-1)!.reason).toBe("shutdown");
  expect(h.plane.ringsOut.size).toBe(0);
});

test("drain ends after drain-seconds with viewers still there", async () => {
  const h = await Harness.start({ config: "drain-seconds = 0" });
  await h.publish("a");
  await h.view("a");
  await h.control.drain();
  expect(h.control.registry.count("viewer")).toBe(1);
});

test("thousands of random steps leave nothing behind", async () => {
  const seed = 20261122;
  const random = seeded(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const h = await Harness.start({ config: `[[streams]]\nmatch = "b"\ntakeover = true` });
  const names = ["a", "b", "c"];
  const open: { location: string; number: number }[] = [];
  for (let i = 0; i < 3000; i += 1) {
    h.plane.confirms = random() < 0.8;
    const name = pick(names);
    const step = random();
    if (step < 0.35) {
      const publishes = random() < 0.5;
      const path = publishes ? `/whip/${name}` : `/whep/${name}`;
      const response = await h.post(path, publishes ? PUBLISHER_OFFER : VIEWER_OFFER);
      const opened = publishes ? h.plane.publishers.at(-1) : h.plane.viewers.at(-1);
      const location = response.headers.get("Location");
      if (response.status === 201) open.push({ location: location!, number: opened!.session });
    } else if (open.length > 0) {
      const { location, number } = pick(open);
      if (step < 0.6) h.plane.events.connected(number, "x", "GCM", "udp");
      else if (step < 0.75) await h.request("DELETE", location);
      else if (step < 0.85) h.plane.events.closed(number, "peer-closed");
      else if (step < 0.95) h.pass(random() * 8);
    }
  }
  for (const { location } of open) await h.request("DELETE", location);
  for (const { session, reason } of h.plane.closes) h.plane.events.closed(session, reason);
  await settle();
  const { sessions, streams } = h.control.registry;
  expect({
    seed,
    held: sessions.held,
    streams: streams.size,
    rings: h.plane.ringsOut.size,
  }).toEqual({ seed, held: 0, streams: 0, rings: 0 });
});

test("a publisher that does not connect keeps its name for five seconds only", async () => {
  const h = await Harness.start();
  expect((await h.post("/whip/a", PUBLISHER_OFFER)).status).toBe(201);
  expect((await h.post("/whip/a", PUBLISHER_OFFER)).status).toBe(409);
  h.pass(6);
  expect((await h.post("/whip/a", PUBLISHER_OFFER)).status).toBe(201);
  expect(h.control.registry.count("publisher")).toBe(1);
});
