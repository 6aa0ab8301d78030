/** The bus of stream events: whoever subscribes hears of everything, and harms nobody. */
import { expect, test } from "bun:test";
import { Bus } from "../../../src/control/bus/bus.ts";
import type { StreamEvent } from "../../../src/control/streams/stream-event.ts";
import { Harness, settle } from "../../support/control-harness.ts";

const SENDS = { packets: 100, inactive: false };
const LEFT = { packets: 100, inactive: true };

/** In one line: what, and whose. */
function told(event: StreamEvent): string {
  if (event.type === "gone") return event.type;
  const who = "session" in event ? ` ${event.session.publicId}` : "";
  const why = event.type === "left" ? ` ${event.reason}` : "";
  return `${event.type} ${event.stream.name}${who}${why}`;
}

test("sinks hear each event in their order, whatever one of them throws", () => {
  const heard: string[] = [];
  const faults: unknown[] = [];
  const bus = new Bus((error) => faults.push(error));
  bus.subscribe((event) => heard.push(`first ${event.type}`));
  bus.subscribe(() => {
    throw new Error("this sink is broken");
  });
  bus.subscribe((event) => heard.push(`last ${event.type}`));
  bus.publish({ type: "gone" });
  bus.publish({ type: "gone" });
  expect(heard).toEqual(["first gone", "last gone", "first gone", "last gone"]);
  expect(faults.map(String)).toEqual([1, 2].map(() => "Error: this sink is broken"));
});

test("a sink of one's own hears all that happens to streams and sessions", async () => {
  const h = await Harness.start();
  const heard: string[] = [];
  const since = () => heard.splice(0);
  h.control.bus.subscribe((event) => heard.push(told(event)));
  const publisher = await h.publish("a");
  expect(since()).toEqual(["active a", "published a", "joined a p1"]);
  const viewer = await h.view("a");
  h.plane.events.firstMedia(viewer.number, 90_000);
  h.plane.events.layer(viewer.number, 8);
  expect(since()).toEqual(["joined a v2", "first-media a v2", "layer a v2"]);
  // All its sources say BYE, then one sends again.
  for (const description of [SENDS, LEFT, SENDS]) {
    h.plane.description = description;
    h.tick();
  }
  expect(since()).toEqual(["inactive a", "active a"]);
  await h.request("DELETE", viewer.location);
  await settle();
  expect(since()).toEqual(["left a v2 deleted", "gone", "gone"]);
  h.plane.events.closed(publisher.number, "peer-closed");
  expect(since()).toEqual(["inactive a", "unpublished a", "left a p1 peer-closed", "gone", "gone"]);
  const never = await h.publish("b", false);
  h.plane.events.closed(never.number, "connect-timeout");
  expect(since()).toEqual(["left b p3 connect-timeout", "gone", "gone"]);
});

test("a sink that throws at everything changes nothing for clients, and is counted", async () => {
  const h = await Harness.start();
  h.control.bus.subscribe(() => {
    throw new Error("this sink is broken");
  });
  const heard: string[] = [];
  h.control.bus.subscribe((event) => heard.push(event.type));
  const publisher = await h.publish("a");
  const viewer = await h.view("a");
  expect(publisher.response.status).toBe(201);
  expect((await h.request("DELETE", viewer.location)).status).toBe(200);
  expect((await h.request("DELETE", publisher.location)).status).toBe(200);
  await settle();
  expect(heard.filter((type) => type === "left")).toHaveLength(2);
  expect(h.plane.ringsOut.size).toBe(0);
  expect(h.control.registry.streams.size).toBe(0);
  const page = await (await h.request("GET", "/metrics")).text();
  expect(page).toContain(`spillway_control_faults_total{place="event sink"} ${heard.length}`);
  expect(page).not.toContain('place="worker event"');
  await h.control.stop();
  expect(h.plane.stopped).toBeTrue();
});
