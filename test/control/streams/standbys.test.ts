/** Second publishers that wait: here and at other nodes. */
import { expect, test } from "bun:test";
import type { ClusterCommand } from "../../../src/contract/cluster.ts";
import { Harness, type Opened, PUBLISHER_OFFER, settle } from "../../support/control-harness.ts";

const STANDBY = { config: 'takeover = "standby"' };

/** Something comes of these publishers; of all others nothing does. */
function send(h: Harness, ...publishers: Opened[]): void {
  for (const { number } of publishers) {
    const { rings } = h.plane.grants.find(({ session }) => session === number)!;
    for (const ring of rings.flat()) {
      h.plane.descriptions.set(ring.index, { lastReceiptUs: h.nowUs, packets: 1 });
    }
  }
}

/** So long these send, looked at often. */
async function sending(h: Harness, ms: number, ...publishers: Opened[]): Promise<void> {
  for (let passed = 0; passed < ms; passed += 50) {
    send(h, ...publishers);
    h.pass(0.05);
    await settle();
  }
}

/** The publisher whose rings viewers have, by its place among these. */
function shown(h: Harness, ...publishers: Opened[]): number {
  const { source } = h.plane.sources.at(-1)!;
  return publishers.findIndex(({ number }) => {
    const { rings } = h.plane.grants.find(({ session }) => session === number)!;
    return rings.flat().some(({ index }) => index === source?.audio?.index);
  });
}

test("standby: a second publisher waits with rings of its own, and goes on 200 ms after the first falls silent", async () => {
  const h = await Harness.start(STANDBY);
  const first = await h.publish("a");
  const viewer = await h.view("a");
  const second = await h.publish("a");
  expect(h.plane.sources).toHaveLength(1);
  expect(h.plane.ringsOut.size).toBe(4);
  await sending(h, 1_000, first, second);
  expect(shown(h, first, second)).toBe(0);
  await sending(h, 150, second);
  expect(shown(h, first, second)).toBe(0);
  await sending(h, 100, second);
  expect(shown(h, first, second)).toBe(1);
  expect(h.plane.sources.at(-1)!.source!.epoch).toBe(2);
  // The first waits in its turn, and nobody was sent away.
  expect(h.plane.closes).toEqual([]);
  for (const { location } of [first, second, viewer]) {
    expect((await h.request("GET", location)).status).toBe(204);
  }
  await sending(h, 1_000, first, second);
  expect(shown(h, first, second)).toBe(1);
  await sending(h, 300, first);
  expect(shown(h, first, second)).toBe(0);
});

test("standby: it goes on at once when the first one leaves", async () => {
  const h = await Harness.start(STANDBY);
  const first = await h.publish("a");
  const second = await h.publish("a");
  await h.request("DELETE", first.location);
  await settle();
  expect(shown(h, first, second)).toBe(1);
  await h.request("DELETE", second.location);
  h.plane.events.closed(first.number, "deleted");
  h.plane.events.closed(second.number, "deleted");
  await settle();
  expect(h.plane.ringsOut.size).toBe(0);
  expect(h.control.registry.streams.size).toBe(0);
});

test("standby: where all are silent nobody takes over, as a worker may be late", async () => {
  const h = await Harness.start(STANDBY);
  const first = await h.publish("a");
  const second = await h.publish("a");
  await sending(h, 500, first, second);
  await sending(h, 5_000);
  expect(shown(h, first, second)).toBe(0);
  expect(h.plane.sources).toHaveLength(1);
});

test("standby: a third gets 409 while the second is there, and the place of one that is gone", async () => {
  const h = await Harness.start(STANDBY);
  const first = await h.publish("a");
  const second = await h.publish("a");
  await sending(h, 500, first, second);
  expect((await h.post("/whip/a", PUBLISHER_OFFER)).status).toBe(409);
  await sending(h, 2_100, first);
  const third = await h.publish("a");
  expect(h.plane.closes).toEqual([{ session: second.number, reason: "taken-over" }]);
  await sending(h, 300, third);
  expect(shown(h, first, third)).toBe(1);
});

test("standby: one that is not connected yet holds the place, and one that leaves frees it", async () => {
  const h = await Harness.start(STANDBY);
  const first = await h.publish("a");
  const second = await h.publish("a", false);
  expect((await h.post("/whip/a", PUBLISHER_OFFER)).status).toBe(409);
  h.plane.events.closed(second.number, "connect-timeout");
  const third = await h.publish("a");
  await h.request("DELETE", third.location);
  const fourth = await h.publish("a");
  await sending(h, 300, first, fourth);
  await sending(h, 300, fourth);
  expect(shown(h, first, fourth)).toBe(1);
});

test("standby: a kick ends both", async () => {
  const h = await Harness.start(STANDBY);
  await h.publish("a");
  await h.publish("a");
  const told = await h.request("DELETE", "/api/v1/streams/a");
  expect(await told.json()).toMatchObject({ ended: { publishers: 2 } });
  expect(h.control.registry.streams.size).toBe(0);
});

test("standby: rings that are with readers still are not lent twice", async () => {
  const h = await Harness.start(STANDBY);
  const first = await h.publish("a");
  const second = await h.publish("a");
  await sending(h, 500, first, second);
  let switched: () => void = () => {};
  h.plane.hold = new Promise((resolve) => {
    switched = resolve;
  });
  await sending(h, 300, second);
  expect(shown(h, first, second)).toBe(1);
  await sending(h, 500, first);
  expect(shown(h, first, second)).toBe(1);
  switched();
  h.plane.hold = Promise.resolve();
  await settle();
  await sending(h, 100, first);
  expect(shown(h, first, second)).toBe(0);
});

test("standby by stream pattern only", async () => {
  const config = `[[streams]]\nmatch = "s/**"\ntakeover = "standby"`;
  const h = await Harness.start({ config });
  await h.publish("s/a");
  await h.publish("a");
  expect((await h.post("/whip/s/a", PUBLISHER_OFFER)).status).toBe(201);
  expect((await h.post("/whip/a", PUBLISHER_OFFER)).status).toBe(409);
});

const OTHER = "bb".repeat(16);

/** A node of a cluster in which another publishes "a". */
async function beside(): Promise<Harness> {
  const h = await Harness.start({ cluster: true, ...STANDBY });
  h.plane.events.relayStarted();
  await settle();
  hear(h, 1);
  return h;
}

function hear(h: Harness, epoch: number | null): void {
  const tracks = [
    { kind: "audio" as const, rid: null, codec: "opus" as const, fmtp: "", channels: 2 },
    { kind: "video" as const, rid: null, codec: "vp8" as const, fmtp: "", channels: 0 },
  ];
  const stream = epoch === null ? null : { name: "a", epoch, owner: OTHER, tracks };
  h.plane.events.cluster({ type: "heard", name: "a", stream });
}

function told<Type extends ClusterCommand["type"]>(
  h: Harness,
  type: Type,
): Extract<ClusterCommand, { type: Type }>[] {
  return h.plane.told.filter(
    (command): command is Extract<ClusterCommand, { type: Type }> => command.type === type,
  );
}

/** So often the other node is asked and answers so. */
async function answering(h: Harness, times: number, alive: boolean): Promise<void> {
  for (let i = 0; i < times; i += 1) {
    h.pass(0.05);
    await settle();
    const { request } = told(h, "ask-owner").at(-1)!;
    h.plane.events.cluster({ type: "owner-answer", request, alive });
    await settle();
  }
}

test("standby at another node: it asks again and again, and goes on when that hears nothing for 200 ms", async () => {
  const h = await beside();
  await h.view("a");
  const here = await h.publish("a");
  expect(told(h, "publish")).toEqual([]);
  await answering(h, 20, true);
  expect(told(h, "publish")).toEqual([]);
  expect(told(h, "ask-owner").at(-1)).toMatchObject({ name: "a", withinMs: 200 });
  await answering(h, 1, false);
  h.pass(0.05);
  await settle();
  expect(told(h, "publish")).toMatchObject([{ name: "a" }]);
  expect(told(h, "end-pull")).toHaveLength(1);
  expect(shown(h, here)).toBe(0);
});

test("standby at another node: of a node that does not answer twice it takes the place", async () => {
  const h = await beside();
  await h.publish("a");
  for (const published of [0, 0, 1]) {
    h.pass(0.05);
    await settle();
    expect(told(h, "publish")).toHaveLength(published);
    await Bun.sleep(260);
  }
});

test("standby at another node: nobody is asked once the name is free", async () => {
  const h = await beside();
  await h.publish("a");
  hear(h, null);
  h.pass(0.05);
  await settle();
  expect(told(h, "publish")).toHaveLength(1);
  h.plane.told.length = 0;
  h.pass(0.05);
  expect(told(h, "ask-owner")).toEqual([]);
});

test("standby: the publisher of a name that another node takes waits, and viewers go on with the other", async () => {
  const h = await beside();
  hear(h, null);
  const first = await h.publish("a");
  await h.view("a");
  hear(h, 7);
  h.plane.events.cluster({ type: "outranked", name: "a" });
  await settle();
  expect(h.plane.closes).toEqual([]);
  expect((await h.request("GET", first.location)).status).toBe(204);
  expect(told(h, "pull")).toHaveLength(1);
  await answering(h, 3, true);
  await answering(h, 1, false);
  h.pass(0.05);
  await settle();
  expect(told(h, "publish")).toHaveLength(2);
  expect(shown(h, first)).toBe(0);
});
