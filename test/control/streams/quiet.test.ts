/** Streams whose publisher stays while all that it sent has said BYE. */
import { expect, test } from "bun:test";
import {
  Harness,
  PUBLISHER_OFFER,
  readEvents,
  VIEWER_OFFER,
} from "../../support/control-harness.ts";

const LEFT = { packets: 100, inactive: true };
const SENDS = { packets: 100, inactive: false };

async function live(h: Harness): Promise<boolean> {
  const response = await h.request("GET", "/api/v1/streams");
  const { streams } = (await response.json()) as { streams: { name: string; live: boolean }[] };
  return streams.find(({ name }) => name === "a")!.live;
}

test("C4: a stream all of whose sources said BYE is not live, and is when one sends again", async () => {
  const h = await Harness.start();
  await h.publish("a");
  const viewer = await h.view("a");
  const events = `${viewer.location}/events`;
  const headers = { "Content-Type": "application/json" };
  const body = '["active","inactive"]';
  const created = await h.request("POST", events, { headers, body });
  const response = await h.request("GET", created.headers.get("Location")!);
  h.plane.description = SENDS;
  h.tick();
  expect(await live(h)).toBeTrue();
  h.plane.description = LEFT;
  h.tick();
  h.tick();
  expect(await live(h)).toBeFalse();
  // A newcomer is told that nobody publishes now, and when to ask again.
  const refused = await h.post("/whep/a", VIEWER_OFFER);
  expect([refused.status, refused.headers.has("Retry-After")]).toEqual([409, true]);
  h.plane.description = SENDS;
  h.tick();
  expect(await live(h)).toBeTrue();
  expect(await readEvents(response, 3)).toEqual([
    "event: active\ndata: {}",
    "event: inactive\ndata: {}",
    "event: active\ndata: {}",
  ]);
});

test("C4: one that still sends keeps the stream live, one that never sent anything does not matter", async () => {
  const h = await Harness.start();
  await h.publish("a");
  const [first, second] = h.plane.sources[0]!.source!.video.concat(
    h.plane.sources[0]!.source!.audio!,
  );
  h.plane.descriptions.set(first!.index, LEFT);
  h.plane.descriptions.set(second!.index, SENDS);
  h.tick();
  expect(await live(h)).toBeTrue();
  h.plane.descriptions.set(second!.index, { packets: 0, inactive: false });
  h.tick();
  expect(await live(h)).toBeFalse();
});

test("C4: its name is free for the next publisher at once, as after a DELETE", async () => {
  const h = await Harness.start();
  await h.publish("a");
  h.plane.description = { ...SENDS, lastReceiptUs: h.nowUs };
  h.tick();
  expect((await h.post("/whip/a", PUBLISHER_OFFER)).status).toBe(409);
  h.plane.description = { ...LEFT, lastReceiptUs: h.nowUs };
  h.tick();
  expect((await h.post("/whip/a", PUBLISHER_OFFER)).status).toBe(201);
});
