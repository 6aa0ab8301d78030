import { expect, test } from "bun:test";
import {
  Harness,
  PUBLISHER_OFFER,
  SIMULCAST_OFFER,
  VIEWER_OFFER,
} from "../../support/control-harness.ts";

const TRACK = {
  kind: "video" as const,
  codec: "vp8" as const,
  ssrc: 7,
  rid: null,
  spatialLayerId: null,
  temporalLayerId: null,
  packets: 100,
  bytes: 100_000,
  packetsLost: 1,
  retransmissions: 0,
  nacks: 2,
  plis: 3,
  keyframes: 1,
  jitterMs: 2,
  width: 1280,
  height: 720,
  bitrate: 2_000_000,
  framesPerSecond: 30,
};

async function live() {
  const h = await Harness.start();
  const publisher = await h.publish("a/b");
  await h.view("a/b");
  h.plane.description = { codec: null, width: 1280, height: 720 };
  const { audio, video } = h.plane.sources[0]!.source!;
  h.plane.descriptions.set(audio!.index, { bytes: 16_000 });
  h.plane.descriptions.set(video[0]!.index, { bytes: 500_000 });
  h.plane.reports = [
    {
      session: publisher.number,
      connected: true,
      path: "x",
      srtpProfile: "GCM",
      roundTripMs: 12,
      estimateBps: 2_500_000,
      bitrateExcess: "within",
      tracks: [TRACK],
    },
  ];
  h.pass(2);
  return h;
}

async function get(h: Harness, path: string) {
  const response = await h.request("GET", `/api/v1${path}`);
  expect(response.status).toBe(200);
  return response.json();
}

test("streams as the pages read them", async () => {
  const h = await live();
  expect(await get(h, "/streams")).toEqual({
    nodes: [],
    streams: [
      {
        name: "a/b",
        live: true,
        origin: "session",
        viewers: 1,
        publishers: 1,
        video: { codec: "vp8", width: 1280, height: 720, bitrate: 2_000_000, framesPerSecond: 30 },
        audio: { codec: "opus", bitrate: 64_000, channels: 2 },
        hls: null,
        recording: null,
        uptimeSeconds: 2,
      },
    ],
  });
  const one = (await get(h, "/streams/a%2Fb")) as { sessions: { kind: string }[] };
  expect(one.sessions.map((session) => session.kind)).toEqual(["publisher", "viewer"]);
  expect((await h.request("GET", "/api/v1/streams/none")).status).toBe(404);
});

test("a stream of several layers has the size of the largest, wherever it stands in the offer", async () => {
  for (const largest of [0, 1]) {
    const h = await Harness.start();
    await h.publish("a", true, SIMULCAST_OFFER);
    h.plane.grants[0]!.rings[1]!.forEach((ring, i) => {
      const size = i === largest ? { width: 1280, height: 720 } : { width: 320, height: 180 };
      h.plane.descriptions.set(ring.index, size);
    });
    const { streams } = (await get(h, "/streams")) as { streams: { video: unknown }[] };
    expect(streams[0]!.video).toMatchObject({ width: 1280, height: 720 });
  }
});

test("C3: sessions tell the address that media goes to now", async () => {
  const h = await live();
  const paths = async () => {
    const { sessions } = (await get(h, "/sessions")) as { sessions: { path: string }[] };
    return sessions.map(({ path }) => path);
  };
  const before = await paths();
  h.plane.events.moved(h.plane.viewers[0]!.session, "198.51.100.9:4242", "udp");
  expect(await paths()).toEqual([before[0]!, "198.51.100.9:4242"]);
  // Of sessions that are gone or unknown it is an old tale.
  h.plane.events.moved(999, "198.51.100.9:1", "udp");
  await h.request("DELETE", "/api/v1/sessions/v2");
  h.plane.events.moved(h.plane.viewers[0]!.session, "198.51.100.9:2", "udp");
  expect(await paths()).toEqual([before[0]!]);
});

test("sessions: list, inspect, kick by public id", async () => {
  const h = await live();
  const { sessions } = (await get(h, "/sessions")) as { sessions: Record<string, unknown>[] };
  expect(sessions).toHaveLength(2);
  expect(sessions[0]).toMatchObject({
    id: "p1",
    kind: "publisher",
    stream: "a/b",
    state: "connected",
    path: "198.51.100.1:5000",
    connectedSeconds: 2,
    bitrate: 2_000_000,
    estimateBps: 2_500_000,
    roundTripMs: 12,
  });
  expect(await get(h, "/sessions/v2")).toMatchObject({ kind: "viewer" });
  expect((await h.request("DELETE", "/api/v1/sessions/v2")).status).toBe(204);
  expect(h.plane.closes).toEqual([{ session: 2, reason: "kicked" }]);
  for (const method of ["GET", "DELETE"]) {
    expect((await h.request(method, "/api/v1/sessions/v2")).status).toBe(404);
  }
});

test("stats: rates between two looks at the workers' totals", async () => {
  const h = await live();
  h.plane.counters = { busyUs: 500_000, bytesIn: 250_000, bytesOut: 500_000, nacksSent: 4 };
  h.pass(1);
  const stats = (await get(h, "/stats")) as Record<string, unknown>;
  expect(stats).toMatchObject({
    version: "1.2.3",
    uptimeSeconds: 3,
    streams: 1,
    publishers: 1,
    viewers: 1,
    bitsPerSecondIn: 2_000_000,
    bitsPerSecondOut: 4_000_000,
    process: { rssBytes: 50_000_000, cpu: 0.1 },
  });
  expect((stats.workers as unknown[])[0]).toMatchObject({ name: "ingest-0", load: 0.5, nacks: 4 });
});

test("a worker that does not answer leaves its own part empty", async () => {
  const h = await live();
  const [publisher] = h.plane.reports;
  const viewer = { ...publisher!, session: h.plane.viewers[0]!.session };
  for (const silent of [0, 1]) {
    const reports = [publisher!, viewer].filter((_, worker) => worker !== silent);
    h.plane.stats = async (worker) => (worker === silent ? [] : reports);
    const { sessions } = (await get(h, "/sessions")) as { sessions: { bitrate: number }[] };
    const bitrates = silent === 0 ? [0, 2_000_000] : [2_000_000, 0];
    expect(sessions.map(({ bitrate }) => bitrate)).toEqual(bitrates);
  }
});

test("the OpenAPI document names every path", async () => {
  const h = await Harness.start({ args: ["--drills"] });
  const document = (await get(h, "/openapi.json")) as { paths: Record<string, object> };
  expect(Object.keys(document.paths).sort()).toEqual([
    "/drills",
    "/sessions",
    "/sessions/{id}",
    "/stats",
    "/status",
    "/streams",
    "/streams/{name}",
  ]);
});

test("drills exist with --drills only, and take JSON only", async () => {
  const body = '{"worker":1,"kind":"throw"}';
  const headers = { "Content-Type": "application/json" };
  const without = await Harness.start();
  const post = (h: Harness, init: object) => h.request("POST", "/api/v1/drills", init);
  expect((await post(without, { headers, body })).status).toBe(404);
  const h = await Harness.start({ args: ["--drills"] });
  expect((await post(h, { headers, body })).status).toBe(204);
  expect((await post(h, { headers, body: '{"worker":1,"kind":"x"}' })).status).toBe(400);
  expect((await post(h, { body })).status).toBe(415);
  expect(h.plane.drills).toEqual([{ worker: 1, kind: "throw" }]);
});

test("admin needs the admin right; the stream list shows a viewer what it may watch", async () => {
  const config = `
[[auth.tokens]]
token = "admin-token-00001"
rights = ["admin", "publish"]
[[auth.tokens]]
token = "viewer-token-0001"
rights = ["view"]
streams = ["open/*"]
[[auth.tokens]]
token = "publish-token-001"
rights = ["publish"]
`;
  const h = await Harness.start({ config });
  const as = async (token: string, path: string) => {
    const headers: Record<string, string> =
      token === "" ? {} : { Authorization: `Bearer ${token}` };
    return h.request("GET", path, { headers });
  };
  for (const name of ["open/a", "secret"]) {
    const response = await h.post(`/whip/${name}?token=admin-token-00001`, PUBLISHER_OFFER);
    expect(response.status).toBe(201);
  }
  for (const path of ["/api/v1/sessions", "/api/v1/stats", "/metrics", "/api/v1/streams"]) {
    expect((await as("", path)).status).toBe(401);
    expect((await as("publish-token-001", path)).status).toBe(403);
    expect((await as("admin-token-00001", path)).status).toBe(200);
  }
  expect((await as("viewer-token-0001", "/api/v1/sessions")).status).toBe(403);
  const list = await (await as("viewer-token-0001", "/api/v1/streams")).json();
  expect(list).toMatchObject({ streams: [{ name: "open/a" }] });
  expect((list as { streams: unknown[] }).streams).toHaveLength(1);
});

test("the API has no CORS: a page elsewhere cannot use an open listener", async () => {
  const h = await live();
  const response = await h.request("GET", "/api/v1/sessions", {
    headers: { Origin: "https://evil.example" },
  });
  expect(response.headers.has("Access-Control-Allow-Origin")).toBe(false);
});

test("metrics: valid lines, each family once, the things that matter", async () => {
  const h = await live();
  h.plane.events.firstMedia(2, 60_000);
  h.plane.counters = { ringLaps: 3, packetsIn: 10 };
  await h.post("/whep/idle", VIEWER_OFFER);
  await h.request("DELETE", "/api/v1/sessions/v2");
  const response = await h.request("GET", "/metrics");
  expect(response.headers.get("Content-Type")).toStartWith("text/plain; version=0.0.4");
  const lines = (await response.text()).trimEnd().split("\n");
  const families = lines.filter((line) => line.startsWith("# TYPE"));
  expect(new Set(families).size).toBe(families.length);
  for (const line of lines.filter((text) => !text.startsWith("#"))) {
    expect(line).toMatch(/^spillway_[a-z0-9_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [\d.e+-]+$/);
  }
  for (const line of [
    "spillway_streams 1",
    "spillway_publishers 1",
    "spillway_viewers 0",
    'spillway_sessions_ended_total{kind="viewer",reason="kicked"} 1',
    'spillway_refused_total{reason="not-live"} 1',
    'spillway_http_requests_total{route="whep",method="POST",status="409"} 1',
    'spillway_join_seconds_bucket{le="0.05"} 0',
    'spillway_join_seconds_bucket{le="0.1"} 1',
    'spillway_worker_ring_laps_total{worker="egress-0"} 3',
    "spillway_process_resident_memory_bytes 50000000",
  ]) {
    expect(lines).toContain(line);
  }
});

test("metrics: bandwidth, layers and freezes in families of their own, of egress only", async () => {
  const h = await live();
  h.plane.counters = {
    layerUpgrades: 4,
    layerDowngrades: 3,
    probeClusters: 9,
    probesSucceeded: 2,
    estimateBps: 7_000_000,
    freezesSource: 5,
    freezesSwitch: 6,
    freezesPacing: 1,
  };
  const text = await (await h.request("GET", "/metrics")).text();
  const lines = text.split("\n").filter((line) => /estimate|layer|probe|freeze/.test(line));
  expect(lines.filter((line) => !line.startsWith("# HELP"))).toEqual([
    "# TYPE spillway_layer_switches_total counter",
    'spillway_layer_switches_total{worker="egress-0",direction="up"} 4',
    'spillway_layer_switches_total{worker="egress-0",direction="down"} 3',
    "# TYPE spillway_probe_clusters_total counter",
    'spillway_probe_clusters_total{worker="egress-0"} 9',
    "# TYPE spillway_probe_clusters_succeeded_total counter",
    'spillway_probe_clusters_succeeded_total{worker="egress-0"} 2',
    "# TYPE spillway_estimate_bits_per_second gauge",
    'spillway_estimate_bits_per_second{worker="egress-0"} 7000000',
    "# TYPE spillway_freezes_total counter",
    'spillway_freezes_total{worker="egress-0",reason="source"} 5',
    'spillway_freezes_total{worker="egress-0",reason="switch"} 6',
    'spillway_freezes_total{worker="egress-0",reason="pacing"} 1',
  ]);
});

test("ready when all workers are and the further condition holds", async () => {
  let keyframe = false;
  const h = await Harness.start({ readyWhen: () => keyframe });
  expect((await h.request("GET", "/readyz")).status).toBe(503);
  keyframe = true;
  expect((await h.request("GET", "/readyz")).status).toBe(200);
  h.plane.isReady = false;
  expect((await h.request("GET", "/readyz")).status).toBe(503);
});

test("pages have their policy, their tag, and 304", async () => {
  const h = await Harness.start();
  const paths = { "/": "home", "/publish/a/b": "publish", "/watch/a": "watch" };
  for (const [path, key] of Object.entries({ ...paths, "/dashboard": "dashboard" })) {
    const response = await h.request("GET", path);
    expect(await response.text()).toBe(`<title>${key}</title>`);
    expect(response.headers.get("Content-Security-Policy")).toBe("default-src 'self'");
    expect(response.headers.get("X-Content-Type-Options")).toBe("nosniff");
    const headers = { "If-None-Match": response.headers.get("ETag")! };
    expect((await h.request("GET", path, { headers })).status).toBe(304);
  }
  for (const path of ["/home", "/watch.html", "/assets/../x"]) {
    expect((await h.request("GET", path)).status).toBe(404);
  }
});

test("behind a trusted proxy the client's own address is limited", async () => {
  const config = `insecure = true\ntrusted-proxy = ["127.0.0.1", "10.0.0.0/8"]\n[limits]\nposts-per-second = 1`;
  const h = await Harness.start({ config });
  const from = async (forwarded: string) => {
    const headers = { "X-Forwarded-For": forwarded };
    return (await h.post("/whip/a", "x", { headers })).status;
  };
  expect(await from("203.0.113.1")).toBe(400);
  expect(await from("203.0.113.1, 10.1.2.3")).toBe(429);
  // Forged in front of what the proxy saw.
  expect(await from("198.51.100.99, 203.0.113.1")).toBe(429);
  expect(await from("203.0.113.2")).toBe(400);
  // Not from a trusted proxy: the header says nothing.
  const direct = { headers: { "X-Forwarded-For": "127.0.0.1" }, address: "203.0.113.3" };
  expect((await h.post("/whip/a", "x", direct)).status).toBe(400);
  expect((await h.post("/whip/a", "x", direct)).status).toBe(429);
});
