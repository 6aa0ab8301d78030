/** Sessions that a server makes and that are of no use: nothing of them stays. */
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { chooseOpenSsl } from "../../src/io/embedded-openssl.ts";
import { LOAD_BLOCK_BYTES, LoadCounters, sumCounters } from "../../src/load/counters.ts";
import type { ViewerLoad } from "../../src/load/options.ts";
import { PublisherShard } from "../../src/load/publisher-shard.ts";
import { rehearse } from "../../src/load/rehearsal.ts";
import { ViewerShard } from "../../src/load/viewer-shard.ts";
import { until } from "../support/until.ts";

/** What the server answers to a POST: `media` is its m-sections. */
let media = "";
let delayMs = 0;
let posts = 0;
let made = 0;
let deleted = 0;

const ANSWER = [
  ...["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0", "a=ice-lite"],
  ...["a=ice-ufrag:abcd", "a=ice-pwd:abcdefghijklmnopqrstuvwx", "a=setup:passive"],
  `a=fingerprint:sha-256 ${Array(32).fill("AB").join(":")}`,
];
const TRACK = ["c=IN IP4 0.0.0.0", "a=rtcp-mux", "a=candidate:1 1 udp 1 127.0.0.1 9 typ host"];
const AUDIO = ["m=audio 9 UDP/TLS/RTP/SAVPF 111", ...TRACK, "a=mid:0", "a=rtpmap:111 opus/48000/2"];
const REFUSED = ["m=audio 0 UDP/TLS/RTP/SAVPF 111", "c=IN IP4 0.0.0.0", "a=mid:0"];

const server = Bun.serve({
  port: 0,
  async fetch(request) {
    if (request.method === "DELETE") {
      deleted += 1;
      return new Response(null, { status: 200 });
    }
    posts += 1;
    await Bun.sleep(delayMs);
    made += 1;
    const headers = { Location: `/session/${made}`, "Content-Type": "application/sdp" };
    return new Response(media, { status: 201, headers });
  },
});
afterAll(() => server.stop(true));

let openssl = "";
beforeAll(async () => {
  openssl = (await chooseOpenSsl()).where;
});
beforeEach(() => {
  posts = 0;
  made = 0;
  deleted = 0;
  delayMs = 0;
});

const answer = (...sections: string[][]) => `${[...ANSWER, ...sections.flat()].join("\r\n")}\r\n`;
const common = () => ({
  block: new SharedArrayBuffer(LOAD_BLOCK_BYTES),
  openssl,
  srtpProfiles: null,
  token: null,
  anyCertificate: false,
});

function viewerOrder(rehearsed = 0): ViewerLoad {
  media = answer([...AUDIO, "a=sendonly"]);
  return {
    kind: "viewers",
    urls: [new URL("/whep/x", server.url).href],
    ...{ viewers: 8, rate: 1000, rehearse: rehearsed, holdUs: 0, sample: 1, loss: 0 },
    ...{ gro: true, captureTime: false, audio: true, video: true },
    record: null,
    feedback: { nack: true, transportIntervalUs: 100_000 },
    ...common(),
  };
}

function viewers() {
  const order = viewerOrder();
  return { shard: new ViewerShard(order), counters: new LoadCounters(order.block) };
}

function publishers(urls: number) {
  const source = { audio: false, video: true, bitrate: 1e5, fps: 30, spreadUs: 0 };
  const order = {
    kind: "publishers" as const,
    urls: Array.from({ length: urls }, (_, n) => new URL(`/whip/${n}`, server.url).href),
    source: { ...source, packetBytes: 1100, gopSeconds: 2, keyframeRatio: 4, layers: 1 },
    ...common(),
  };
  return { shard: new PublisherShard(order), counters: new LoadCounters(order.block) };
}

/** UDP sockets of this process. */
function udpSockets(): number {
  const inodes = new Set(
    readFileSync("/proc/self/net/udp", "utf8")
      .split("\n")
      .map((line) => line.trim().split(/\s+/)[9]),
  );
  return readdirSync("/proc/self/fd").filter((fd) => {
    try {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1];
      return inode !== undefined && inodes.has(inode);
    } catch {
      return false;
    }
  }).length;
}

test("viewers whose answer takes no track", async () => {
  const before = udpSockets();
  const { shard, counters } = viewers();
  media = answer(REFUSED);
  const run = shard.run();
  await until("all have failed", 5_000, () => counters.get("joinsFailed") === 8);
  shard.stop();
  const { failures } = await run;
  expect(Object.values(failures)).toEqual([8]);
  expect({ made, deleted, sockets: udpSockets() - before }).toEqual({
    ...{ made: 8, deleted: 8, sockets: 0 },
  });
});

test("viewers whose answer comes after the end", async () => {
  const before = udpSockets();
  delayMs = 300;
  const { shard, counters } = viewers();
  const run = shard.run();
  await until("all have asked", 5_000, () => posts === 8);
  shard.stop();
  await run;
  expect({ made, deleted, sockets: udpSockets() - before }).toEqual({
    ...{ made: 8, deleted: 8, sockets: 0 },
  });
  expect(counters.get("joinsFailed")).toBe(0);
});

test("a publisher whose only track is not taken", async () => {
  const before = udpSockets();
  const { shard, counters } = publishers(4);
  // Sound, which it does not offer.
  media = answer([...AUDIO, "a=recvonly"]);
  const run = shard.run();
  await until("all have failed", 5_000, () => counters.get("publishersFailed") === 4);
  // Before the end: a load may go on for hours without them.
  expect({ made, deleted, sockets: udpSockets() - before }).toEqual({
    ...{ made: 4, deleted: 4, sockets: 0 },
  });
  shard.stop();
  const { failures } = await run;
  expect(failures).toEqual({ "the server takes none of the tracks": 4 });
});

test("publishers that are cut off while they begin", async () => {
  const before = udpSockets();
  delayMs = 200;
  const { shard } = publishers(50);
  media = answer([...AUDIO, "a=recvonly"]);
  const run = shard.run();
  await until("the first has asked", 5_000, () => posts === 1);
  shard.stop();
  await run;
  expect({ made, deleted, sockets: udpSockets() - before }).toEqual({
    ...{ made: 1, deleted: 1, sockets: 0 },
  });
});

test("viewers of a rehearsal come and leave before, and none is counted", async () => {
  const before = udpSockets();
  const order = viewerOrder(5);
  await rehearse(order);
  expect({ posts, deleted, sockets: udpSockets() - before }).toEqual({
    ...{ posts: 5, deleted: 5, sockets: 0 },
  });
  const totals = Object.entries(sumCounters([new LoadCounters(order.block)]));
  expect(totals.filter(([, total]) => total > 0).map(([name]) => name)).toEqual(["rehearsed"]);
});
