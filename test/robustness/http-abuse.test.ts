/** What an attacker can do over HTTP: refused in bounded time and memory; the stream goes on. */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { CONNECT_TIMEOUT_US, SDP_BYTES_MAX } from "../../src/limits.ts";
import { Client, viewerOffer } from "../support/client.ts";
import { readMetrics } from "../support/metrics.ts";
import { seeded } from "../support/random.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { inTime, timed } from "../support/timed.ts";
import { until } from "../support/until.ts";

const SEED = 20_260_703;
const MIB = 1024 * 1024;
const FUZZED = 10_000;
const GHOSTS = 1_000;
/** A ghost costs its description, its ICE state and its egress tracks (design 9: 100 KiB). */
const GHOST_BYTES_MAX = 100 * 1024;
const CONCURRENT = 8;

let server: TestServer;
let publisher: Client;
let viewer: Client;
/** When the last of the ghosts was made. */
let ghostsAt = 0;

beforeAll(async () => {
  server = await startServer("serve");
  publisher = await Client.connect(server.base, "publisher", "live");
  viewer = await Client.connect(server.base, "viewer", "live");
});

/** Whatever came by HTTP, media went on and nobody's code threw. */
afterEach(async () => {
  const seen = viewer.received.packets;
  await until("media still flows", 2_000, () => viewer.received.packets > seen + 5);
  expect(viewer.received.lost()).toBe(0);
  expect((await readMetrics(server.base)).sum("worker_restarts_total")).toBe(0);
  expect(server.logs()).not.toContain("Request failed");
});

afterAll(async () => {
  viewer?.vanish();
  publisher?.vanish();
  await server?.stop();
});

interface Answer {
  readonly status: number;
  readonly location: string | null;
}

async function post(
  path: string,
  body: string | Uint8Array | ReadableStream,
  type = "application/sdp",
): Promise<Answer> {
  const headers = { "Content-Type": type };
  const response = await fetch(`${server.base}${path}`, { method: "POST", headers, body });
  await response.arrayBuffer();
  return { status: response.status, location: response.headers.get("Location") };
}

/** Runs `job` for 0 to `count` - 1, a few at a time. */
async function concurrently(count: number, job: (i: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) {
      next += 1;
      await job(next - 1);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT }, lane));
}

const sessions = async () => (await readMetrics(server.base)).sum("viewers");

test("Half-open sessions: 1,000 POSTs without ICE cost bounded memory", async () => {
  const before = await readMetrics(server.base);
  const offer = viewerOffer();
  await concurrently(GHOSTS, async () => {
    expect((await post("/whep/live", offer)).status).toBe(201);
  });
  ghostsAt = performance.now();
  expect(await sessions()).toBe(GHOSTS + 1);
  const after = await readMetrics(server.base);
  const grown = (family: string) => after.sum(family) - before.sum(family);
  expect(grown("process_resident_memory_bytes")).toBeLessThan(GHOSTS * GHOST_BYTES_MAX);
}, 80_000);

timed(
  "SDP bomb: 10,000 mutated offers are answered in time, never with 5xx",
  async () => {
    const folder = join(import.meta.dir, "../sdp/offers");
    const samples = readdirSync(folder).map((name) => readFileSync(join(folder, name), "latin1"));
    const random = seeded(SEED);
    const statuses = new Map<number, number>();
    const started = performance.now();
    let slowest = 0;
    await concurrently(FUZZED, async (i) => {
      const path = i % 2 === 0 ? "/whep/live" : `/whip/fuzz-${i}`;
      const body = mutated(samples[Math.floor(random() * samples.length)]!, random);
      const sent = performance.now();
      const { status, location } = await post(path, Buffer.from(body, "latin1"));
      slowest = Math.max(slowest, performance.now() - sent);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status === 201) await fetch(new URL(location!, server.base), { method: "DELETE" });
    });
    const unexpected = [...statuses.keys()].filter(
      (status) => ![201, 400, 413, 422].includes(status),
    );
    expect({ seed: SEED, unexpected }).toEqual({ seed: SEED, unexpected: [] });
    // Both kinds must have been there, or the mutations say nothing.
    expect(statuses.get(201) ?? 0).toBeGreaterThan(500);
    expect((statuses.get(400) ?? 0) + (statuses.get(422) ?? 0)).toBeGreaterThan(1_000);
    inTime(() => expect(slowest).toBeLessThan(2_000));
    inTime(() => expect(performance.now() - started).toBeLessThan(45_000));
    const rings = async () => (await readMetrics(server.base)).sum("rings");
    await until("their rings are back", 5_000, async () => (await rings()) === 2, rings);
  },
  60_000,
);

timed("SDP bomb: lines that make parsers quadratic are refused at once", async () => {
  const offer = viewerOffer();
  const bombs = [
    `${offer}${"a=x\r\n".repeat(12_000)}`,
    `${offer}${"m=video 9 UDP/TLS/RTP/SAVPF 96\r\n".repeat(1_500)}`,
    `${offer}${"a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n".repeat(1_400)}`,
    `${offer}a=extmap:${"1".repeat(60_000)} x\r\n`,
    `${offer}a=group:BUNDLE ${"0 ".repeat(29_000)}\r\n`,
    "v=0\r\n".repeat(13_000),
  ];
  for (const bomb of bombs) {
    expect(bomb.length).toBeLessThan(SDP_BYTES_MAX + 4_000);
    const started = performance.now();
    const { status, location } = await post("/whep/live", bomb);
    expect([201, 400, 413, 422]).toContain(status);
    inTime(() => expect(performance.now() - started).toBeLessThan(500));
    if (status === 201) await fetch(new URL(location!, server.base), { method: "DELETE" });
  }
});

test("SDP bomb: bodies of 65 KiB and 1 MiB, with and without a length, are 413", async () => {
  const line = "a=x\r\n";
  const sized = (bytes: number) => line.repeat(bytes / line.length);
  expect((await post("/whep/live", sized(SDP_BYTES_MAX + 1_024))).status).toBe(413);
  // Beyond what the socket takes at all the connection may be closed behind the answer.
  expect((await post("/whip/big", sized(MIB))).status).toBe(413);
  let sent = 0;
  const endless = new ReadableStream({
    pull: (controller) => {
      sent += 5_000;
      if (sent > 16 * MIB) controller.close();
      else controller.enqueue(Buffer.from(sized(5_000)));
    },
  });
  const answer = await post("/whep/live", endless).catch(() => null);
  expect([413, undefined]).toContain(answer?.status);
});

test("wrong methods, types and names are 4xx", async () => {
  for (const method of ["PUT", "TRACE", "PROPFIND", "LOCK"]) {
    const response = await fetch(`${server.base}/whep/live`, { method }).catch(() => null);
    expect([400, 405, undefined]).toContain(response?.status);
  }
  expect((await post("/whep/live", "v=0", "text/plain")).status).toBe(415);
  const names = [
    "",
    "%00",
    "%",
    "%zz",
    "a%0d%0aX-Evil:%201",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e/x",
    "a//b",
    "x".repeat(5_000),
    "%ff%fe",
    "🎥".repeat(300),
    "a?b#c",
    "<script>",
    "__proto__",
    "constructor",
  ];
  for (const name of names) {
    for (const door of ["whip", "whep"]) {
      const { status } = await post(`/${door}/${name}`, "v=0\r\n");
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
    }
  }
  for (const path of ["/session/x", `/session/${"A".repeat(22)}`, "/session/..%2f"]) {
    const response = await fetch(`${server.base}${path}`, { method: "DELETE" });
    expect(response.status).toBe(404);
  }
});

test("bytes that are no HTTP do not disturb the server", async () => {
  const random = seeded(SEED + 1);
  for (let i = 0; i < 200; i += 1) {
    const bytes = Buffer.from(Array.from({ length: 200 }, () => Math.floor(random() * 256)));
    const start = i % 2 === 0 ? "POST /whep/live HTTP/1.1\r\nHost: x\r\n" : "";
    await new Promise<void>((resolve) => {
      const socket = connect(server.port, "127.0.0.1", () => {
        socket.write(start);
        socket.end(bytes);
      });
      const timer = setTimeout(() => socket.destroy(), 100);
      socket.on("data", () => {});
      socket.on("error", () => {});
      socket.on("close", () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}, 120_000);

test("Slowloris: unfinished requests are closed, and others are served meanwhile", async () => {
  const starts = [
    ["POST /whep/live HTTP/1.1\r\nHost: x\r\n", "X: y\r\n"],
    ["POST /whep/live HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\nv=0", "\r\n"],
  ] as const;
  let open = 0;
  const sockets = Array.from({ length: 200 }, (_, i) => {
    const [start, more] = starts[i % 2]!;
    const socket = connect(server.port, "127.0.0.1", () => socket.write(start));
    open += 1;
    const timer = setInterval(() => socket.write(more), 1_000);
    socket.on("data", () => {});
    socket.on("error", () => {});
    socket.on("close", () => {
      open -= 1;
      clearInterval(timer);
    });
    return socket;
  });
  try {
    const { status, location } = await post("/whep/live", viewerOffer());
    expect(status).toBe(201);
    await fetch(new URL(location!, server.base), { method: "DELETE" });
    // Bun looks at its connections every 4 s: 10 s become 12.
    await until(
      "all are closed",
      16_000,
      () => open === 0,
      () => open,
    );
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}, 100_000);

test("Half-open sessions: all are gone 20 s after their POST", async () => {
  const left = CONNECT_TIMEOUT_US / 1_000 - (performance.now() - ghostsAt);
  await Bun.sleep(Math.max(0, left));
  await until("only the viewer is left", 3_000, async () => (await sessions()) === 1, sessions);
  const metrics = await readMetrics(server.base);
  expect(metrics.sum("sessions_ended_total", 'reason="connect-timeout"')).toBe(GHOSTS);
  // Of the worker that has the viewer, and of the other ones.
  const held = async () => (await readMetrics(server.base)).sum("worker_sessions");
  await until("the workers have forgotten them", 2_000, async () => (await held()) === 2, held);
}, 120_000);

/** Lines dropped, doubled, swapped and characters changed, a few of them. */
function mutated(sample: string, random: () => number): string {
  const pick = (limit: number) => Math.floor(random() * limit);
  const lines = sample.split(/\r?\n/);
  for (let i = 1 + pick(4); i > 0; i -= 1) {
    const at = pick(lines.length);
    const kind = pick(5);
    if (kind === 0) lines.splice(at, 1);
    else if (kind === 1) lines.splice(at, 0, lines[pick(lines.length)]!);
    else if (kind === 2) lines[at] = lines[at]!.slice(0, pick(lines[at]!.length + 1));
    else if (kind === 3)
      lines[at] = `${lines[at]}${String.fromCharCode(pick(256)).repeat(pick(50))}`;
    else {
      const line = [...(lines[at] ?? "")];
      line[pick(line.length + 1)] = String.fromCharCode(pick(256));
      lines[at] = line.join("");
    }
    if (lines.length === 0) lines.push("v=0");
  }
  return lines.join("\r\n");
}
