/** Streams that live by what is no session, and are kept for those who are no WHEP viewers. */
import { expect, test } from "bun:test";
import type { Audience } from "../../../src/control/streams/audience.ts";
import type { Source } from "../../../src/control/streams/source.ts";
import type { Stream } from "../../../src/control/streams/stream.ts";
import type { StreamEvent } from "../../../src/control/streams/stream-event.ts";
import {
  Harness,
  PUBLISHER_OFFER,
  readEvents,
  settle,
  VIEWER_OFFER,
  VP9_VIEWER_OFFER,
} from "../../support/control-harness.ts";
import { Link } from "../../support/link.ts";

/** Reads a stream into files, and remembers what it was told to read. */
class Packager implements Audience {
  size = 0;
  readonly followed: Source[] = [];

  follow(source: Source): void {
    this.followed.push(source);
  }

  begin(stream: Stream): void {
    this.size = 1;
    stream.audiences.add(this);
  }

  end(h: Harness, stream: Stream): void {
    this.size = 0;
    h.control.registry.streams.letGo(stream);
  }
}

interface Shown {
  readonly name: string;
  readonly live: boolean;
  readonly origin: string | null;
  readonly publishers: number;
  readonly viewers: number;
  readonly video: {
    readonly codec: string;
    readonly bitrate: number;
    readonly framesPerSecond: number | null;
  } | null;
  readonly audio: object | null;
}

async function shown(h: Harness): Promise<Shown | undefined> {
  const response = await h.request("GET", "/api/v1/streams");
  return ((await response.json()) as { streams: Shown[] }).streams[0];
}

async function metric(h: Harness, name: string): Promise<string | undefined> {
  const page = await (await h.request("GET", "/metrics")).text();
  return page.split("\n").find((line) => line.startsWith(`${name} `));
}

test("what is no session makes a stream live: in the API, the metrics, and for viewers", async () => {
  const h = await Harness.start();
  expect((await h.post("/whep/a", VIEWER_OFFER)).status).toBe(409);
  const link = new Link(h, "a");
  expect(h.plane.sources).toEqual([{ stream: link.stream.number, source: link.source.granted }]);
  const viewer = await h.view("a");
  expect(h.plane.viewers[0]!.source).toEqual(link.source.granted);
  expect(await shown(h)).toMatchObject({
    name: "a",
    live: true,
    origin: "link",
    publishers: 0,
    viewers: 1,
    video: { codec: "vp8", framesPerSecond: null },
    audio: null,
  });
  expect(await metric(h, "spillway_streams")).toBe("spillway_streams 1");
  const one = await h.request("GET", "/api/v1/streams/a");
  const { sessions } = (await one.json()) as { sessions: { kind: string }[] };
  expect(sessions.map(({ kind }) => kind)).toEqual(["viewer"]);
  // It cannot be decoded by everybody.
  const refused = await h.post("/whep/a", VP9_VIEWER_OFFER);
  expect([refused.status, await refused.text()]).toEqual([422, expect.stringContaining("VP8")]);
  expect((await h.request("GET", viewer.location)).status).toBe(204);
  h.plane.description = { bytes: 125_000 };
  h.pass(1);
  expect((await shown(h))!.video!.bitrate).toBe(1_000_000);
});

test("players hear of it, and its end tells why; viewers stay for the next", async () => {
  const h = await Harness.start({ config: `[[streams]]\nmatch = "a"\nwait-for-stream = true` });
  const heard: StreamEvent[] = [];
  h.control.bus.subscribe((event) => heard.push(event));
  const viewer = await h.view("a");
  const headers = { "Content-Type": "application/json" };
  const body = '["active","inactive"]';
  const events = await h.request("POST", `${viewer.location}/events`, { headers, body });
  const response = await h.request("GET", events.headers.get("Location")!);
  const link = new Link(h, "a");
  link.lose("peer-closed");
  expect(await readEvents(response, 2)).toEqual([
    "event: active\ndata: {}",
    "event: inactive\ndata: {}",
  ]);
  const [ended] = heard.filter((event) => event.type === "inactive");
  expect(ended).toMatchObject({ source: link.source, reason: "peer-closed" });
  expect(link.ends).toEqual([]);
  expect(h.lines.some((line) => /"Link gone".*"peer-closed"/.test(line))).toBeTrue();
  expect((await shown(h))!.live).toBeFalse();
  expect(h.plane.sources).toHaveLength(1);
  new Link(h, "a");
  await settle();
  expect(h.plane.sources[1]!.source!.epoch).toBeGreaterThan(link.source.epoch);
  expect(h.plane.ringsOut.size).toBe(1);
});

test("without viewers it leaves nothing behind, also when it tells of its end twice", async () => {
  const h = await Harness.start();
  const link = new Link(h, "a");
  link.lose("peer-closed");
  const { streams } = h.control.registry;
  streams.ended(link.stream, link.source, "peer-closed");
  await settle();
  expect(streams.size).toBe(0);
  expect(h.plane.sources.map(({ source }) => source)).toEqual([link.source.granted, null]);
  expect(h.plane.ringsOut.size).toBe(0);
});

test("a publisher that comes for its name meets what it meets when another publishes", async () => {
  const h = await Harness.start();
  const link = new Link(h, "a");
  expect((await h.post("/whip/a", PUBLISHER_OFFER)).status).toBe(409);
  // All that it sends has said BYE, or nothing comes for a while: the name is free.
  h.plane.description = { packets: 9, inactive: true, lastReceiptUs: h.nowUs };
  h.tick();
  expect((await shown(h))!.live).toBeFalse();
  expect(h.control.registry.mayPublish("a", false)).toBeTrue();
  h.plane.description = { packets: 9, lastReceiptUs: h.nowUs };
  h.tick();
  expect((await shown(h))!.live).toBeTrue();
  expect((await h.post("/whip/a", PUBLISHER_OFFER)).status).toBe(409);
  h.nowUs += 60e6;
  await h.publish("a");
  expect(link.ends).toEqual(["taken-over"]);
  expect(h.plane.closes).toEqual([]);
});

test("takeover: it stays until the publisher is connected, and gives up its rings after", async () => {
  const h = await Harness.start({ config: "takeover = true" });
  const heard: string[] = [];
  h.control.bus.subscribe((event) => heard.push(event.type));
  const link = new Link(h, "a");
  await h.view("a");
  const publisher = await h.publish("a", false);
  expect(link.ends).toEqual([]);
  h.plane.events.connected(publisher.number, "x", "GCM", "udp");
  await settle();
  expect(link.ends).toEqual(["taken-over"]);
  expect(link.stream.publisher!.number).toBe(publisher.number);
  // The stream was live all along.
  expect(heard).toEqual([
    ...["active", "published", "joined"],
    ...["unpublished", "active", "published", "joined"],
  ]);
  expect(h.plane.ringsOut.size).toBe(2);
  // And the other way round: who brings the stream in a session's place ends that session.
  const next = new Link(h, "a");
  await settle();
  expect(h.plane.closes).toEqual([{ session: publisher.number, reason: "taken-over" }]);
  expect(link.stream.source).toBe(next.source);
  expect(h.plane.ringsOut.size).toBe(1);
});

test("a stream that a packager reads is kept, and its sources are told to it and to readers", async () => {
  const h = await Harness.start();
  const { streams } = h.control.registry;
  const publisher = await h.publish("a");
  const packager = new Packager();
  const stream = streams.get("a")!;
  packager.begin(stream);
  h.plane.events.closed(publisher.number, "peer-closed");
  await settle();
  expect(streams.get("a")).toBe(stream);
  // What it reads stays for a while.
  expect(h.plane.ringsOut.size).toBe(2);
  const link = new Link(h, "a");
  expect(link.stream).toBe(stream);
  expect(packager.followed).toEqual([link.source]);
  expect(h.plane.sources.at(-1)).toEqual({ stream: stream.number, source: link.source.granted });
  await settle();
  expect(h.plane.ringsOut.size).toBe(1);
  link.lose("peer-closed");
  h.pass(31);
  await settle();
  expect(h.plane.sources.at(-1)!.source).toBeNull();
  expect(h.plane.ringsOut.size).toBe(0);
  expect(streams.get("a")).toBe(stream);
  packager.end(h, stream);
  expect(streams.size).toBe(0);
});

test("a packager may come first, and viewers that leave do not take its stream away", async () => {
  const h = await Harness.start();
  const { streams } = h.control.registry;
  const packager = new Packager();
  const stream = streams.of("a");
  packager.begin(stream);
  const publisher = await h.publish("a");
  expect(packager.followed).toEqual([stream.source!]);
  const viewer = await h.view("a");
  await h.request("DELETE", publisher.location);
  await h.request("DELETE", viewer.location);
  await settle();
  expect(streams.get("a")).toBe(stream);
  expect((await shown(h))!).toMatchObject({ live: false, viewers: 0 });
  packager.end(h, stream);
  await settle();
  expect(streams.size).toBe(0);
  expect(h.plane.ringsOut.size).toBe(0);
});
