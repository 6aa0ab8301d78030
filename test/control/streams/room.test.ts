/** How full a node of a cluster is, as others are told. */
import { expect, test } from "bun:test";
import { Harness, VIEWER_OFFER } from "../../support/control-harness.ts";

async function started(args: readonly string[] = [], config = ""): Promise<Harness> {
  const h = await Harness.start({ cluster: true, args, config });
  await h.publish("cam");
  h.pass(1);
  return h;
}

function told(h: Harness): number {
  h.pass(1);
  const last = h.plane.told.findLast((command) => command.type === "filled");
  return last?.type === "filled" ? last.share : -1;
}

test("others are told each second what is fullest: bits, sessions or work", async () => {
  const h = await started(["--capacity", "8M", "--limits-sessions", "10"]);
  expect(told(h)).toBeCloseTo(0.1);
  h.plane.counters = { bytesOut: 500_000, busyUs: 100_000 };
  expect(told(h)).toBeCloseTo(0.5);
  h.plane.counters = { bytesOut: 500_000, busyUs: 800_000 };
  expect(told(h)).toBeCloseTo(0.7);
});

test("an overloaded node says that it takes no more, a busy one does not", async () => {
  const h = await started();
  h.plane.counters = { busyUs: 1e6 };
  expect(told(h)).toBe(0.99);
  h.plane.overloaded = true;
  expect(told(h)).toBe(1);
});

test("beyond its capacity a node takes no viewers, until there is room again", async () => {
  const h = await started(["--capacity", "8M"]);
  h.plane.counters = { bytesOut: 1_000_000 };
  expect(told(h)).toBe(1);
  const response = await h.post("/whep/cam", VIEWER_OFFER);
  expect(response.status).toBe(503);
  expect(response.headers.get("Retry-After")).toBe("5");
  expect(await response.json()).toMatchObject({ title: "Node full" });
  const metrics = await (await h.request("GET", "/metrics")).text();
  expect(metrics).toMatch(/refused_total\{reason="capacity"\} 1/);
  h.plane.counters = { bytesOut: 1_100_000 };
  expect(told(h)).toBeCloseTo(0.1);
  expect((await h.post("/whep/cam", VIEWER_OFFER)).status).toBe(201);
});

test("those who come at once are reckoned with before they are measured", async () => {
  const h = await started(["--capacity", "5M"]);
  const statuses: number[] = [];
  for (let i = 0; i < 4; i += 1) {
    statuses.push((await h.post("/whep/cam", VIEWER_OFFER)).status);
  }
  expect(statuses).toEqual([201, 201, 503, 503]);
});

test("a node that stops, or has all its sessions, says that it takes no more", async () => {
  const h = await started(["--limits-sessions", "1"]);
  expect(told(h)).toBe(1);
  const stopping = await started(["--drain-seconds", "1"]);
  await stopping.view("cam");
  const drained = stopping.control.drain();
  expect(told(stopping)).toBe(1);
  for (const { session } of stopping.plane.viewers) {
    stopping.plane.events.closed(session, "peer-closed");
  }
  await drained;
});
