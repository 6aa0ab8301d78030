/** Tails of a cluster, as control joins packager and relay: of a server without threads. */
import { expect, test } from "bun:test";
import { TAIL_UNASKED_US } from "../../../src/limits.ts";
import { Harness, settle } from "../../support/control-harness.ts";
import { PlayedTail, playedBytes } from "../../support/played-tail.ts";

const OWNER = "bb".repeat(16);
const [ONE, OTHER] = ["1a".repeat(16), "2b".repeat(16)];
const TRACKS = [{ kind: "video", rid: null, codec: "h264", fmtp: "", channels: 0 }] as const;
/** A root that has told nothing for so long will not. */
const UNTOLD_S = 30;
const CUT = { edition: ONE, number: 3, body: playedBytes(1) };

const node = (config = "") => Harness.start({ cluster: true, config });
const numberOf = (h: Harness) => h.control.registry.streams.get("a")!.number;
const opened = (h: Harness) => h.plane.packaged.filter(({ type }) => type === "tail-open");
const relayed = (h: Harness) =>
  h.plane.told.filter(({ type }) => type === "cut" || type === "cuts");

/** A node that has the stream from another, whose tail is asked for. */
async function follower(tracks: readonly (typeof TRACKS)[number][] = TRACKS) {
  const h = await node();
  const stream = { name: "a", epoch: 1, owner: OWNER, tracks };
  h.plane.events.cluster({ type: "heard", name: "a", stream });
  const asked = h.request("GET", "/hls/a/index.m3u8");
  await settle();
  const show = PlayedTail.of(h);
  return { h, show, asked };
}

test("CUT: a root cuts for other nodes alone, as long as they want it", async () => {
  const h = await node();
  await h.publish("a");
  const stream = numberOf(h);
  expect(opened(h)).toHaveLength(0);
  h.plane.events.cluster({ type: "cuts-wished", stream, wished: true });
  expect(opened(h)).toHaveLength(1);
  expect(relayed(h)).toEqual([{ type: "cuts", stream, open: true }]);
  h.plane.events.tail({ type: "tail-cut", stream, ...CUT });
  expect(relayed(h).at(-1)).toEqual({ type: "cut", stream, ...CUT });
  h.pass(TAIL_UNASKED_US / 1e6 + 1);
  expect(h.plane.packaged.filter(({ type }) => type === "tail-close")).toHaveLength(0);
  h.plane.events.cluster({ type: "cuts-wished", stream, wished: false });
  h.pass(1);
  expect(h.plane.packaged.filter(({ type }) => type === "tail-close")).toHaveLength(1);
  expect(relayed(h).at(-1)).toEqual({ type: "cuts", stream, open: false });
});

test("CUT: a stream that has no tail at its root has none anywhere", async () => {
  const h = await node('[[streams]]\nmatch = "a"\nhls = "off"\n');
  await h.publish("a");
  h.plane.events.cluster({ type: "cuts-wished", stream: numberOf(h), wished: true });
  h.pass(1);
  expect(opened(h)).toHaveLength(0);
});

test("CUT: other nodes want it before its publisher is here", async () => {
  const { h } = await follower();
  const stream = numberOf(h);
  h.plane.events.cluster({ type: "cuts-wished", stream, wished: true });
  expect(opened(h)).toHaveLength(1);
});

test("CUT: V07 layers that nobody has wanted here yet are waited for", async () => {
  const { h, show, asked } = await follower([...TRACKS, ...TRACKS]);
  show.edition = ONE;
  const isAnswered = () => Promise.race([asked.then(() => true), settle().then(() => false)]);
  show.part();
  h.pass(0.75);
  expect(await isAnswered()).toBe(false);
  show.layer(1, {});
  expect((await (await asked).text()).match(/m3u8$/gm)).toHaveLength(2);
});

test("CUT: another node waits for what the root says, and takes its edition", async () => {
  const { h, show, asked } = await follower();
  const stream = numberOf(h);
  expect(relayed(h)).toEqual([{ type: "cuts", stream, open: true }]);
  h.plane.events.cluster({ type: "cut", stream, ...CUT });
  expect(h.plane.packaged.at(-1)).toEqual({ type: "tail-cut", stream, ...CUT });
  expect((await h.request("GET", `/hls/a/${show.playlist}`)).status).toBe(404);
  show.edition = ONE;
  show.part();
  const index = await asked;
  expect([index.status, await index.text()]).toEqual([200, expect.stringContaining(ONE)]);
  expect((await h.request("GET", `/hls/a/${show.playlist}`)).status).toBe(200);
  // What one that came before tells late is of no use to anybody, and a root may begin anew.
  const anew = PlayedTail.of(h);
  anew.edition = OTHER;
  anew.part();
  const again = await h.request("GET", "/hls/a/index.m3u8");
  expect(await again.text()).toContain(OTHER);
  expect((await h.request("GET", `/hls/a/${ONE}-0.m3u8`)).status).toBe(404);
});

test("CUT: a root that tells nothing though its media comes is too old for it, until it tells something", async () => {
  const { h, show } = await follower();
  const told = async () => {
    const { hls } = (await (await h.request("GET", "/api/v1/streams/a")).json()) as {
      readonly hls: unknown;
    };
    return hls;
  };
  const ring = h.plane.sources.at(-1)!.source!.video[0]!.index;
  const pass = (seconds: number, comes: boolean): void => {
    for (let i = 0; i < seconds; i += 1) {
      if (comes) h.plane.descriptions.set(ring, { lastReceiptUs: h.nowUs });
      h.pass(1);
    }
  };
  // Nothing could be told of what does not come.
  pass(UNTOLD_S + 5, false);
  expect(await told()).toEqual({ state: "starting", reason: null, viewers: 0 });
  pass(1, true);
  const reason = expect.stringContaining("does not tell how it is cut");
  expect(await told()).toEqual({ state: "unavailable", reason, viewers: 0 });
  const refused = await h.request("GET", "/hls/a/index.m3u8");
  expect([refused.status, await refused.json()]).toMatchObject([422, { detail: reason }]);
  show.edition = ONE;
  show.part();
  expect(await told()).toEqual({ state: "live", reason: null, viewers: 0 });
  expect((await h.request("GET", "/hls/a/index.m3u8")).status).toBe(200);
});

test("CUT: nobody gives up on a root that may still wait for a whole group of pictures", async () => {
  const { h } = await follower();
  const ring = h.plane.sources.at(-1)!.source!.video[0]!.index;
  for (let i = 0; i < UNTOLD_S - 1; i += 1) {
    h.pass(1);
    h.plane.descriptions.set(ring, { lastReceiptUs: h.nowUs });
  }
  const index = h.request("GET", "/hls/a/index.m3u8");
  expect(await Promise.race([index.then(() => true), settle().then(() => false)])).toBe(false);
});

test("CUT: a root's own edition is the one that it was given, whatever comes late of another", async () => {
  const show = await PlayedTail.start();
  const own = show.edition;
  show.edition = OTHER;
  show.part();
  const index = await show.get("index.m3u8");
  expect(await index.text()).toContain(own);
});

test("CUT: a relay that begins anew is told of all tails", async () => {
  const { h } = await follower();
  const stream = numberOf(h);
  h.plane.events.relayStarted();
  expect(relayed(h).at(-1)).toEqual({ type: "cuts", stream, open: true });
});
