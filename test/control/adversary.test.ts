/** Requests that try to get where they should not, or to cost more than they may. */
import { expect, test } from "bun:test";
import { readBody } from "../../src/control/http/body.ts";
import { streamName } from "../../src/control/http/names.ts";
import { Harness, PUBLISHER_OFFER, VIEWER_OFFER } from "../support/control-harness.ts";

const OPEN_WITH_LIMIT = "insecure = true\n[limits]\nposts-per-second = 2";

test("stream names cannot leave their family, hide or collide", () => {
  const name = (path: string) => streamName(new URL(`http://h/whip/${path}`).pathname, "/whip/");
  const bad = [
    "%2e%2e%2fadmin",
    "a/%2e%2e%2fb",
    "a%2F%2Fb",
    "%2Fa",
    "a%2F",
    "%252e%252e",
    "%00",
    "a%0d%0aX-Evil:1",
    "a%5cb",
    "a%3fb",
    "a%23b",
    "%3Cscript%3E",
    // Right-to-left override, zero-width joiner and space: names that look like others.
    "%E2%80%AEa",
    "a%E2%80%8Db",
    "a%E2%80%8Bb",
    "%F0%9F%98%80",
    "%ED%A0%80",
    "x".repeat(201),
    "%C3%BC".repeat(201),
  ];
  for (const path of bad) expect(`${path}: ${name(path).ok}`).toBe(`${path}: false`);
  // One letter, written in one and in two code points, is one name.
  expect(name("u%CC%88")).toEqual({ ok: true, name: "ü" });
  expect(name("%C3%BC")).toEqual({ ok: true, name: "ü" });
  expect(name(`${"a/".repeat(99)}b`).ok).toBe(true);
});

test("dots in a path are resolved before it is matched, and reach nothing", async () => {
  const h = await Harness.start();
  for (const path of ["/whip/../api/v1/streams", "/whip/%2e%2e/elsewhere"]) {
    expect((await h.post(path, PUBLISHER_OFFER)).status).toBe(404);
  }
  expect(h.control.registry.streams.size).toBe(0);
});

test("a token's pattern counts however its letters are composed", async () => {
  const config = `[[auth.tokens]]\ntoken = "publisher-token-1"\nrights = ["publish"]\nstreams = ["u\u0308/*"]`;
  const h = await Harness.start({ config });
  const headers = { Authorization: "Bearer publisher-token-1" };
  expect((await h.post("/whip/%C3%BC/a", PUBLISHER_OFFER, { headers })).status).toBe(201);
  expect((await h.post("/whip/u/a", PUBLISHER_OFFER, { headers })).status).toBe(403);
});

test("a proxy that nobody declared opens nothing and is not exempt from limits", async () => {
  const marks = {
    Via: "1.1 proxy",
    Forwarded: "for=203.0.113.9",
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Host": "live.example",
    "X-Forwarded-Proto": "https",
    "X-Real-IP": "203.0.113.9",
  };
  for (const [name, value] of Object.entries(marks)) {
    const headers = { [name]: value };
    const closed = await Harness.start();
    expect((await closed.post("/whip/a", PUBLISHER_OFFER, { headers })).status).toBe(401);
    expect((await closed.request("GET", "/api/v1/sessions", { headers })).status).toBe(401);
    const limited = await Harness.start({ config: OPEN_WITH_LIMIT });
    const statuses: number[] = [];
    for (let i = 0; i < 3; i += 1) {
      statuses.push((await limited.post("/whip/a", "x", { headers })).status);
    }
    expect(statuses).toEqual([400, 400, 429]);
  }
});

test("behind a trusted proxy each client has its own limit, whatever it writes itself", async () => {
  const config = `trusted-proxy = "127.0.0.1"\n${OPEN_WITH_LIMIT}`;
  const h = await Harness.start({ config });
  const from = async (forwarded: string) => {
    const headers = { "X-Forwarded-For": forwarded };
    return (await h.post("/whip/a", "x", { headers })).status;
  };
  // The last hop is the proxy's own word.
  expect(await from("127.0.0.1, 203.0.113.9")).toBe(400);
  expect(await from("198.51.100.1, 203.0.113.9")).toBe(400);
  expect(await from("127.0.0.1, 203.0.113.9")).toBe(429);
  expect(await from("203.0.113.10")).toBe(400);
});

test("the admin API says nothing to scripts of other origins", async () => {
  const h = await Harness.start();
  const headers = { Origin: "https://evil.example", "Access-Control-Request-Method": "DELETE" };
  for (const path of ["/api/v1/sessions", "/api/v1/sessions/p1", "/metrics"]) {
    for (const method of ["OPTIONS", "GET"]) {
      const response = await h.request(method, path, { headers });
      expect(response.headers.has("Access-Control-Allow-Origin")).toBe(false);
    }
  }
});

test("HEAD on an event stream makes none", async () => {
  const h = await Harness.start();
  await h.publish("a");
  const { location } = await h.view("a");
  for (let i = 0; i < 10; i += 1) {
    const head = await h.request("HEAD", `${location}/events`);
    expect(head.status).toBe(200);
    expect(head.headers.get("Content-Type")).toBe("text/event-stream");
  }
  const response = await h.request("GET", `${location}/events`);
  expect(response.status).toBe(200);
  await response.body?.cancel();
});

test("event streams of a session cannot be read or ended through another", async () => {
  const h = await Harness.start();
  await h.publish("a");
  const first = await h.view("a");
  const second = await h.view("a");
  const created = await h.request("POST", `${first.location}/events`);
  const id = created.headers.get("Location")!.split("/").at(-1);
  for (const method of ["GET", "DELETE"]) {
    expect((await h.request(method, `${second.location}/events/${id}`)).status).toBe(404);
  }
});

test("the public id of a session is no session URL, nor is an id of the client's choice", async () => {
  const h = await Harness.start();
  const { location } = await h.publish("a");
  const chosen = `/session/${"A".repeat(22)}`;
  for (const path of ["/session/p1", "/session/1", chosen, `${location}x`, location.slice(0, -1)]) {
    expect((await h.request("DELETE", path)).status).toBe(404);
  }
  const headers = { Location: chosen, "X-Session": "A".repeat(22) };
  const posted = await h.post("/whip/b", PUBLISHER_OFFER, { headers });
  expect(posted.headers.get("Location")).not.toBe(chosen);
});

test("X-Forwarded-Host cannot write anything but a host into links", async () => {
  const config = `trusted-proxy = "127.0.0.1"\ninsecure = true\nwait-for-stream = true`;
  const h = await Harness.start({ config });
  const headers = { "X-Forwarded-Host": 'evil.example/" onload="x', "X-Forwarded-Proto": "data" };
  await h.post("/whep/a?redirected=1", VIEWER_OFFER, { headers });
  expect([...h.control.registry.sessions.all()][0]!.origin).toBe("http://localhost");
});

test("a body that trickles in for ever is given up", async () => {
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode("v=0\r\n")),
    cancel: () => {
      cancelled = true;
    },
  });
  const request = new Request("http://h/whip/a", { method: "POST", body });
  const outcome = await readBody(request, 1000, 20).catch((error: unknown) => error);
  expect(outcome).toMatchObject({ status: 408 });
  expect(cancelled).toBe(true);
});
