/** What tails cost where requests are many: those that wait and go, and those for what is not there. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { readMetrics } from "../support/metrics.ts";
import { SETUP_MS, startServer, type TestServer } from "../support/server.ts";
import { until } from "../support/until.ts";

const ABORTED = 1_000;
const MISSING = 3_000;
const CONCURRENT = 16;

let server: TestServer;
let playlist = "";

beforeAll(async () => {
  server = await startServer("demo");
  const index = await until("the tail begins", 20_000, async () => {
    const response = await fetch(`${server.base}/hls/demo/index.m3u8`);
    const text = await response.text();
    return response.ok ? text : null;
  });
  playlist = /^[0-9a-f]{32}-0\.m3u8$/m.exec(index)![0];
}, SETUP_MS);

afterAll(() => server?.stop());

const waiting = async () => (await readMetrics(server.base)).sum("hls_waiting");

/** The newest segment's number and what is hinted at. */
async function newest(): Promise<{ readonly msn: number; readonly hint: string }> {
  const text = await (await fetch(`${server.base}/hls/demo/${playlist}`)).text();
  const first = Number(/MEDIA-SEQUENCE:(\d+)/.exec(text)![1]);
  return {
    msn: first + text.split("#EXTINF").length - 1,
    hint: /PRELOAD-HINT:TYPE=PART,URI="([^"]+)"/.exec(text)![1]!,
  };
}

function open(): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connect(server.port, "127.0.0.1", () => resolve(socket));
  socket.once("error", reject);
  return promise;
}

test("1,000 requests that wait and are broken off leave nobody who waits", async () => {
  const sockets = await Promise.all(Array.from({ length: ABORTED }, open));
  const { msn: before } = await newest();
  const msn = await until("a segment begins", 10_000, async () => {
    const { msn: now } = await newest();
    return now > before ? now : null;
  });
  // The one behind it is two seconds away.
  const path = `/hls/demo/${playlist}?_HLS_msn=${msn + 1}&_HLS_part=0`;
  const request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n\r\n`;
  for (const socket of sockets) socket.write(request);
  await until("they wait", 5_000, async () => (await waiting()) > ABORTED / 2);
  for (const socket of sockets) socket.destroy();
  await until("nobody waits", 1_000, async () => (await waiting()) === 0);
  expect(server.logs()).not.toContain("Request failed");
  expect((await fetch(`${server.base}/hls/demo/${(await newest()).hint}`)).status).toBe(200);
}, 60_000);

test("F07 whoever asks for what is not there leaves nothing behind", async () => {
  let next = 0;
  const lane = async (end: number) => {
    while (next < end) {
      next += 1;
      const name = [`x${next}/index.m3u8`, `x${next}/y-0.m3u8`, `demo/z-0-${next}.m4s`][next % 3];
      const response = await fetch(`${server.base}/hls/${name}`);
      await response.arrayBuffer();
      expect(response.status).toBe(404);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT }, () => lane(MISSING)));
  const metrics = await readMetrics(server.base);
  expect([metrics.sum("hls_tails"), metrics.sum("hls_waiting")]).toEqual([1, 0]);
  const { streams } = (await server.api("/streams")) as { readonly streams: readonly unknown[] };
  expect(streams).toHaveLength(1);
}, 120_000);
