/** Two nodes and one stream: what is published at A is watched at B as if it were there. */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { monotonicUs } from "../../src/io/clock.ts";
import { Client, viewerOffer } from "../support/client.ts";
import { type ClusterNode, linked, logged, TestCluster } from "../support/cluster.ts";
import { Frames } from "../support/frames.ts";
import { readMetrics } from "../support/metrics.ts";
import { SETUP_MS } from "../support/server.ts";
import { ServerEvents } from "../support/server-events.ts";
import { told } from "../support/server-log.ts";
import { goesOn, offerToPublish, TestClients } from "../support/test-clients.ts";
import { inTime, timed } from "../support/timed.ts";
import { until } from "../support/until.ts";

const RIDS = ["f", "h", "q"];
const WIDTHS = [640, 320, 160];
/** What the first picture may take longer at B, beside round trips, which are none here. */
const LONGER_MS = 150;
/** Nobody has read it for 2 s, and control looks about once a second. */
const PULL_ENDS_MS = 5_000;
const LIP_SYNC_US = 20_000;
/** From one end of a link, a second. */
const IDLE_BYTES = 2_000;
/** A hop takes a fraction of a millisecond; the clients look each 4 ms. */
const LATER_US = 6_000;

let cluster: TestCluster;
let a: ClusterNode;
let b: ClusterNode;
const clients = new TestClients();
let streams = 0;

beforeAll(async () => {
  cluster = new TestCluster();
  a = await cluster.start("A");
  b = await cluster.start("B", { join: ["A"] });
  await linked([a, b]);
}, SETUP_MS);
afterEach(() => {
  clients.hangUp();
});
afterAll(() => cluster?.stop());

/** A name that no test before has used; B hears of it. */
async function publish(rids: readonly string[] = RIDS): Promise<string> {
  streams += 1;
  const stream = `cascade/${streams}`;
  await clients.connect(a, "publisher", stream, { rids });
  await known(stream);
  return stream;
}

/** B would answer a viewer of the stream. */
async function known(stream: string): Promise<void> {
  await until("B has heard of the stream", 3_000, async () => {
    const { status } = await post(b, stream);
    return status === 201;
  });
}

/** One POST, no second one; a session that came of it is ended. */
async function post(node: ClusterNode, stream: string): Promise<{ status: number; sdp: string }> {
  const response = await fetch(`${node.base}/whep/${stream}`, {
    method: "POST",
    headers: { "Content-Type": "application/sdp" },
    body: viewerOffer(),
  });
  const sdp = await response.text();
  const location = response.headers.get("Location");
  if (location !== null) await fetch(new URL(location, node.base), { method: "DELETE" });
  return { status: response.status, sdp };
}

async function firstPictureMs(node: ClusterNode, stream: string): Promise<number> {
  const started = monotonicUs();
  const viewer = clients.add(await Client.open(node.base, "viewer", stream));
  const frames = new Frames(viewer);
  await until("a picture comes", 5_000, () => frames.firstPictureUs > 0);
  await viewer.leave();
  return (frames.firstPictureUs - started) / 1000;
}

async function pullEnds(stream: string): Promise<void> {
  await until("B pulls it no more", PULL_ENDS_MS, async () => (await b.stream(stream)) === null);
}

function choose(viewer: Client, choice: object): Promise<Response> {
  const body = JSON.stringify(choice);
  return fetch(`${viewer.url}/layer`, { method: "POST", body });
}

/** What of an answer does not change from session to session. */
function mediaOf(sdp: string): readonly string[] {
  return sdp.split("\r\n").filter((line) => /^(m=|a=(rtpmap|fmtp|rtcp-fb|extmap|mid))/.test(line));
}

timed(
  "B answers at once and as A does, and its first picture comes as soon",
  async () => {
    const stream = await publish();
    const [ofA, ofB] = [await post(a, stream), await post(b, stream)];
    expect(ofB.status).toBe(201);
    expect(mediaOf(ofB.sdp)).toEqual(mediaOf(ofA.sdp));
    await pullEnds(stream);
    const atA = await firstPictureMs(a, stream);
    const cold = await firstPictureMs(b, stream);
    const warm = await firstPictureMs(b, stream);
    console.log(
      `first picture: ${[atA, cold, warm].map(Math.round).join(", ")} ms at A, B cold, B`,
    );
    inTime(() => {
      expect(cold).toBeLessThan(atA + LONGER_MS);
      expect(warm).toBeLessThan(atA + LONGER_MS);
    });
  },
  40_000,
);

timed(
  "each layer can be chosen at B, also while nobody pulls it, and all are told",
  async () => {
    const stream = await publish();
    const viewer = await clients.connect(b, "viewer", stream);
    const frames = new Frames(viewer);
    const events = await ServerEvents.of(viewer.url);
    const told = () =>
      (events.named("layers").at(-1) as Record<string, { rid: string; bitrate?: number }[]>)?.["1"];
    expect((await choose(viewer, { rid: "q" })).status).toBe(200);
    await until("the smallest comes", 5_000, () => frames.width === WIDTHS[2]);
    // B lets go of what nobody wants, and tells of it all the same.
    await Bun.sleep(3_000);
    const complete = () =>
      told()?.filter(({ bitrate }) => (bitrate ?? 0) > 0).length === RIDS.length;
    await until("all layers are told", 3_000, complete, () => events.all.slice(-3));
    expect(told()!.map(({ rid }) => rid)).toEqual(RIDS);
    expect(told()).toMatchObject(WIDTHS.map((width) => ({ width })));
    for (const [i, rid] of [...RIDS.entries(), ...RIDS.entries()].toReversed()) {
      const chosenUs = monotonicUs();
      expect((await choose(viewer, { rid })).status).toBe(200);
      await until(`${rid} comes`, 3_000, () => frames.width === WIDTHS[i]);
      console.log(`${rid} after ${Math.round((monotonicUs() - chosenUs) / 1000)} ms`);
    }
    // A layer that is left in mid-frame leaves a number out (src/egress/segments.ts).
    expect(viewer.received.lost()).toBeLessThanOrEqual(2 * RIDS.length);
    events.close();
  },
  40_000,
);

timed(
  "the same frames have the same times at A and B, and come to B hardly later",
  async () => {
    const stream = await publish();
    const viewers = [
      await clients.connect(a, "viewer", stream),
      await clients.connect(b, "viewer", stream),
    ];
    for (const viewer of viewers) expect((await choose(viewer, { rid: "h" })).ok).toBe(true);
    const [atA, atB] = viewers.map((viewer) => new Frames(viewer)) as [Frames, Frames];
    // A client that gives no feedback gets what is cached of a layer slowly: then it is all live.
    await Bun.sleep(4_000);
    for (const kind of ["audio", "video"] as const) {
      const number = Math.min(atA[kind].newest, atB[kind].newest) - 5;
      const both = [atA[kind].takenUs(number), atB[kind].takenUs(number)];
      expect(both).not.toContain(null);
      const apart = Math.abs(both[0]! - both[1]!);
      console.log(`${kind}: ${Math.round(apart)} us apart`);
      inTime(() => expect(apart).toBeLessThan(LIP_SYNC_US));
      const later = [...atB[kind].cameUs].slice(-50).flatMap(([frame, cameUs]) => {
        const there = atA[kind].cameUs.get(frame);
        return there === undefined ? [] : [cameUs - there];
      });
      const median = later.toSorted((left, right) => left - right)[later.length >> 1]!;
      console.log(`${kind}: ${Math.round(median)} us later at B, of ${later.length} frames`);
      inTime(() => expect(median).toBeLessThan(LATER_US));
    }
  },
  30_000,
);

timed(
  "who comes late begins with what B has, and the pull ends with the last",
  async () => {
    const stream = await publish();
    const first = await clients.connect(b, "viewer", stream);
    await until("media comes", 5_000, () => first.received.packets > 100);
    expect(await b.stream(stream)).toMatchObject({ live: true, origin: "link", viewers: 1 });
    const late = await firstPictureMs(b, stream);
    console.log(`a late one's picture: ${Math.round(late)} ms`);
    inTime(() => expect(late).toBeLessThan(400));
    expect(first.received.lost()).toBe(0);
    await first.leave();
    const left = performance.now();
    await pullEnds(stream);
    const after = performance.now() - left;
    console.log(`the pull ended after ${Math.round(after)} ms`);
    expect(after).toBeGreaterThan(1_500);
    // Words of the link, but no media: 25 packets of sound alone would be more. A moment ago there may
    // have been some, and streams of earlier tests.
    await until("the link is idle", 5_000, async () => {
      const sent = await relayedBytes();
      await Bun.sleep(1_000);
      return (await relayedBytes()) - sent < IDLE_BYTES;
    });
  },
  30_000,
);

async function relayedBytes(): Promise<number> {
  return (await readMetrics(a.base)).sum("worker_bytes_out_total", 'worker="relay-0"');
}

timed(
  "B's viewers hear that the publisher left, stay, and go on where it comes back",
  async () => {
    const stream = await publish([]);
    const [publisher] = clients.all;
    const viewer = await clients.connect(b, "viewer", stream);
    const frames = new Frames(viewer);
    const events = await ServerEvents.of(viewer.url);
    await until("a picture comes", 5_000, () => frames.firstPictureUs > 0);
    await publisher!.leave();
    await until("they hear it", 2_000, () => events.named("inactive").length === 1);
    expect(viewer.peer.state).toBe("connected");
    // The name is free: at B as at A.
    await clients.connect(b, "publisher", stream);
    await goesOn(viewer);
    await until("they hear that, too", 2_000, () => events.named("active").length === 2);
    expect(await b.stream(stream)).toMatchObject({ live: true, origin: "session" });
    const atA = await clients.connect(a, "viewer", stream);
    await goesOn(atA);
    events.close();
  },
  40_000,
);

test("what is said at B comes to who listens at either node, and what was said before as well", async () => {
  const stream = await publish([]);
  const say = async (node: ClusterNode, text: string): Promise<number> => {
    const headers = { "Content-Type": "application/json" };
    const body = JSON.stringify({ type: "chat", data: { text } });
    const response = await fetch(`${node.base}/events/${stream}`, {
      method: "POST",
      headers,
      body,
    });
    expect(response.status).toBe(201);
    return ((await response.json()) as { readonly id: number }).id;
  };
  const ids = [await say(a, "before"), await say(b, "from afar")];
  const all = [
    await ServerEvents.at(`${b.base}/events/${stream}`),
    await ServerEvents.at(`${a.base}/events/${stream}`),
  ];
  ids.push(await say(b, "now"));
  for (const events of all) {
    await until("they hear all", 3_000, () => events.all.length >= 3);
    expect(events.all.map(({ id }) => Number(id))).toEqual(ids);
    events.close();
  }
  expect(ids).toEqual(ids.toSorted((left, right) => left - right));
}, 20_000);

test("a name that is published at A is refused at B; silence frees it", async () => {
  const stream = await publish([]);
  const [publisher] = clients.all;
  const viewers = [
    await clients.connect(a, "viewer", stream),
    await clients.connect(b, "viewer", stream),
  ];
  await Promise.all(viewers.map((viewer) => goesOn(viewer)));
  expect((await offerToPublish(b, stream)).status).toBe(409);
  publisher!.work = null;
  await clients.connect(b, "publisher", stream);
  await Promise.all(viewers.map((viewer) => goesOn(viewer)));
  await told(a, "Another node has the name");
  expect(logged(a, "Another node has the name")).toBe(1);
  expect(await a.stream(stream)).toMatchObject({ live: true, origin: "link" });
}, 60_000);
