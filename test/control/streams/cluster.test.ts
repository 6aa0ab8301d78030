/** Streams of other nodes as control has them: heard, pulled, replaced, let go of. */
import { expect, test } from "bun:test";
import type { ClusterCommand, HeardStream } from "../../../src/contract/cluster.ts";
import {
  Harness,
  PUBLISHER_OFFER,
  readEvents,
  settle,
  VIEWER_OFFER,
} from "../../support/control-harness.ts";

const OTHER = "bb".repeat(16);

function heard(epoch = 1, owner = OTHER): HeardStream {
  return {
    name: "cam",
    epoch,
    owner,
    tracks: [
      { kind: "audio", rid: null, codec: "opus", fmtp: "minptime=10", channels: 2 },
      { kind: "video", rid: "h", codec: "vp8", fmtp: "", channels: 0 },
      { kind: "video", rid: "l", codec: "vp8", fmtp: "", channels: 0 },
    ],
  };
}

async function started(args: readonly string[] = []): Promise<Harness> {
  const h = await Harness.start({ cluster: true, args });
  h.plane.events.relayStarted();
  await settle();
  return h;
}

function hear(h: Harness, stream: HeardStream | null): void {
  h.plane.events.cluster({ type: "heard", name: "cam", stream });
}

function told<Type extends ClusterCommand["type"]>(
  h: Harness,
  type: Type,
): Extract<ClusterCommand, { type: Type }>[] {
  return h.plane.told.filter(
    (command): command is Extract<ClusterCommand, { type: Type }> => command.type === type,
  );
}

test("the relay worker is told who this node is, and where its seeds are", async () => {
  const h = await started(["--join", "seed.example", "--region", "eu"]);
  const { setup } = told(h, "cluster")[0]!;
  expect(setup).toMatchObject({ node: "aa".repeat(16), region: "eu", role: "auto" });
  expect(setup.addresses).toEqual(["192.0.2.10:8300"]);
  expect(told(h, "seeds").at(-1)!.addresses).toEqual(["192.0.2.20:8300"]);
});

test("a viewer of another node's stream is answered at once, and the stream is pulled", async () => {
  const h = await started();
  expect((await h.post("/whep/cam", VIEWER_OFFER)).status).toBe(409);
  hear(h, heard());
  const { answer } = await h.view("cam");
  expect(answer).toContain("VP8/90000");
  expect(answer).toContain("opus/48000/2");
  const pull = told(h, "pull")[0]!;
  expect(pull.name).toBe("cam");
  expect(pull.rings.map(({ writer }) => writer)).toEqual(Array(3).fill(h.plane.relay!.worker));
  const { source } = h.plane.viewers[0]!;
  expect(source!.audio).toEqual(pull.rings[0]!);
  expect(source!.video).toEqual(pull.rings.slice(1));
  // Readers know the rings before the relay is told to fill them.
  expect(h.plane.sources.at(-1)!.source).toEqual(source);
  await h.view("cam");
  expect(told(h, "pull")).toHaveLength(1);
});

test("a name that nobody told of is asked for: its viewer is answered from what comes", async () => {
  const h = await started();
  const response = h.post("/whep/cam", VIEWER_OFFER);
  while (told(h, "look-up").length === 0) await Bun.sleep(1);
  expect(told(h, "look-up")).toEqual([{ type: "look-up", name: "cam" }]);
  hear(h, heard());
  h.plane.events.cluster({ type: "looked-up", name: "cam" });
  expect((await response).status).toBe(201);
  expect(told(h, "pull")).toHaveLength(1);
});

test("what viewers wait for is looked for again and again, and nothing else", async () => {
  const h = await started(["--wait-for-stream"]);
  const waiting = h.view("cam");
  while (told(h, "look-up").length === 0) await Bun.sleep(1);
  h.plane.events.cluster({ type: "looked-up", name: "cam" });
  await waiting;
  h.plane.told.length = 0;
  for (let i = 1; i <= 2; i += 1) {
    h.pass(0.5);
    expect(told(h, "look-up")).toHaveLength(i);
    h.plane.events.cluster({ type: "looked-up", name: "cam" });
  }
  hear(h, heard());
  expect(told(h, "pull")).toHaveLength(1);
  h.pass(0.5);
  expect(told(h, "look-up")).toHaveLength(2);
});

test("a publisher's name is asked for before it is free: another node may have it", async () => {
  const h = await started();
  const response = h.post("/whip/cam", PUBLISHER_OFFER);
  while (told(h, "look-up").length === 0) await Bun.sleep(1);
  hear(h, heard());
  h.plane.events.cluster({ type: "looked-up", name: "cam" });
  while (told(h, "ask-owner").length === 0) await Bun.sleep(1);
  const { request } = told(h, "ask-owner")[0]!;
  h.plane.events.cluster({ type: "owner-answer", request, alive: true });
  expect((await response).status).toBe(409);
});

test("what nobody reads any more is not pulled two seconds later, and its rings come back", async () => {
  const h = await started();
  hear(h, heard());
  const { location } = await h.view("cam");
  await h.request("DELETE", location);
  await settle();
  h.pass(1);
  expect(told(h, "end-pull")).toHaveLength(0);
  h.pass(1);
  h.pass(1);
  const { stream } = told(h, "pull")[0]!;
  expect(told(h, "end-pull")).toEqual([{ type: "end-pull", stream }]);
  expect(h.plane.ringsOut.size).toBe(3);
  h.plane.events.cluster({ type: "pull-ended", stream });
  await settle();
  expect(h.plane.ringsOut.size).toBe(0);
  expect(h.control.registry.streams.size).toBe(0);
});

test("a node that has it from here keeps it, as viewers do", async () => {
  const h = await started();
  hear(h, heard());
  h.plane.events.cluster({ type: "wanted", name: "cam" });
  const { stream } = told(h, "pull")[0]!;
  h.plane.events.cluster({ type: "children", stream, count: 1 });
  for (let i = 0; i < 5; i += 1) h.pass(1);
  expect(told(h, "end-pull")).toHaveLength(0);
  h.plane.events.cluster({ type: "children", stream, count: 0 });
  for (let i = 0; i < 4; i += 1) h.pass(1);
  expect(told(h, "end-pull")).toHaveLength(1);
});

test("a stream that has ended is forgotten when the last node has let go of it", async () => {
  const h = await started();
  const { location } = await h.publish("cam");
  const { stream } = told(h, "publish")[0]!;
  h.plane.events.cluster({ type: "children", stream, count: 1 });
  await h.request("DELETE", location);
  expect(h.control.registry.streams.size).toBe(1);
  h.plane.events.cluster({ type: "children", stream, count: 0 });
  expect(h.control.registry.streams.size).toBe(0);
  await settle();
  expect(h.plane.ringsOut.size).toBe(0);
});

test("another publisher of the name: viewers go on to its rings, the old ones are ended", async () => {
  const h = await started();
  hear(h, heard(1));
  await h.view("cam");
  const first = h.plane.sources.at(-1)!.source!;
  hear(h, heard(2, "cc".repeat(16)));
  await settle();
  const second = h.plane.sources.at(-1)!.source!;
  expect(second.epoch).toBeGreaterThan(first.epoch);
  expect(second.video[0]).not.toEqual(first.video[0]);
  expect(told(h, "pull")).toHaveLength(2);
  h.plane.events.cluster({ type: "pull-ended", stream: told(h, "pull")[0]!.stream });
  await settle();
  expect(h.plane.ringsOut.size).toBe(3);
});

test("the publisher is gone: its viewers stay, hear of it, and go on when it is back", async () => {
  const h = await started();
  hear(h, heard(1));
  const { location } = await h.view("cam");
  const events = await h.request("POST", `${location}/events`, {
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(["active", "inactive"]),
  });
  const stream = await h.request("GET", events.headers.get("Location") ?? "");
  hear(h, null);
  expect(h.control.registry.count("viewer")).toBe(1);
  hear(h, heard(2));
  const seen = await readEvents(stream, 3);
  expect(seen.map((event) => event.split("\n")[0])).toEqual([
    "event: active",
    "event: inactive",
    "event: active",
  ]);
  expect(told(h, "pull")).toHaveLength(2);
});

test("what is published here is told, and told no more when it ends", async () => {
  const h = await started();
  const { location } = await h.publish("cam");
  const publish = told(h, "publish")[0]!;
  expect(publish.tracks.map(({ kind, codec }) => `${kind} ${codec}`)).toEqual([
    "audio opus",
    "video vp8",
  ]);
  await h.request("DELETE", location);
  expect(told(h, "unpublish")).toEqual([{ type: "unpublish", name: "cam" }]);
});

test("a name that another node has is taken while that node hears of its publisher", async () => {
  const h = await started();
  hear(h, heard());
  const answered = async (alive: boolean): Promise<number> => {
    const response = h.post("/whip/cam", PUBLISHER_OFFER);
    while (told(h, "ask-owner").length === 0) await Bun.sleep(1);
    const { request } = told(h, "ask-owner").at(-1)!;
    h.plane.events.cluster({ type: "owner-answer", request, alive });
    h.plane.told.length = 0;
    return (await response).status;
  };
  expect(await answered(true)).toBe(409);
  expect(await answered(false)).toBe(201);
});

test("a node that does not answer does not have its publisher any more", async () => {
  const h = await started();
  hear(h, heard());
  expect((await h.post("/whip/cam", PUBLISHER_OFFER)).status).toBe(201);
});

test("a publisher here takes viewers from the rings of another node", async () => {
  const h = await started(["--takeover"]);
  hear(h, heard());
  await h.view("cam");
  await h.publish("cam");
  expect(told(h, "end-pull")).toHaveLength(1);
  const { stream } = told(h, "pull")[0]!;
  expect(told(h, "publish")[0]).toMatchObject({ name: "cam", stream });
  h.plane.events.cluster({ type: "pull-ended", stream });
  await settle();
  expect(h.plane.ringsOut.size).toBe(2);
});

test("of two owners the lower one's publisher ends, and its viewers go on", async () => {
  const h = await started();
  await h.publish("cam");
  await h.view("cam");
  hear(h, heard(5));
  h.plane.events.cluster({ type: "outranked", name: "cam" });
  await settle();
  expect(h.plane.closes).toContainEqual({ session: 1, reason: "taken-over" });
  expect(told(h, "pull")).toHaveLength(1);
  expect(h.control.registry.count("viewer")).toBe(1);
});

test("a relay worker that begins anew is told everything, and viewers go on by what it hears", async () => {
  const h = await started();
  await h.publish("own");
  hear(h, heard());
  await h.view("cam");
  h.plane.told.length = 0;
  h.plane.events.relayStarted();
  await settle();
  expect(h.plane.told.map(({ type }) => type).slice(0, 3)).toEqual(["cluster", "seeds", "publish"]);
  // The old thread is gone, and with it the writer of those rings.
  expect(h.plane.ringsOut.size).toBe(2 + 3);
  hear(h, heard());
  expect(told(h, "pull")).toHaveLength(1);
  await settle();
  expect(h.plane.ringsOut.size).toBe(2 + 3);
});

test("without memory for its rings a stream is not live here, and nothing is left of it", async () => {
  const h = await started();
  hear(h, heard());
  h.plane.ringsMax = 2;
  expect((await h.post("/whep/cam", VIEWER_OFFER)).status).toBe(409);
  expect(h.plane.ringsOut.size).toBe(0);
  expect(h.control.registry.streams.size).toBe(0);
});

test("secrets that a reload brings are told", async () => {
  const h = await started();
  h.files["cluster.secret"] = "cd".repeat(32);
  await h.control.reload({
    ...h.config,
    cluster: { ...h.config.cluster!, secrets: [new Uint8Array(32).fill(0xcd)] },
  });
  expect(told(h, "cluster-secrets")[0]!.secrets[0]).toEqual(new Uint8Array(32).fill(0xcd));
  expect(h.lines.join()).not.toContain("restart");
  await h.control.reload({ ...h.config, cluster: null });
  expect(h.lines.join()).toContain('"what":"cluster-secret-file"');
});

test("draining waits for nodes that have another's stream from here, stopping until all are told", async () => {
  const h = await started();
  hear(h, heard());
  h.plane.events.cluster({ type: "wanted", name: "cam" });
  const { stream } = told(h, "pull")[0]!;
  h.plane.events.cluster({ type: "children", stream, count: 2 });
  let drained = false;
  const drain = h.control.drain().then(() => (drained = true));
  expect(told(h, "drain")).toHaveLength(1);
  h.plane.events.cluster({ type: "children", stream, count: 1 });
  await settle();
  expect(drained).toBe(false);
  h.plane.events.cluster({ type: "children", stream, count: 0 });
  await drain;
  const stop = h.control.stop();
  while (told(h, "leave").length === 0) await Bun.sleep(1);
  expect(h.plane.stopped).toBe(false);
  h.plane.events.cluster({ type: "left" });
  await stop;
  expect(h.plane.stopped).toBe(true);
});
