/** RFC 9725, endpoint and session set-up: ids of references/whip-whep.md section 1. */
import { expect, test } from "bun:test";
import {
  Harness,
  PUBLISHER_OFFER,
  SIMULCAST_OFFER,
  settle,
  TRICKLE,
  VIEWER_OFFER,
} from "../../support/control-harness.ts";

test("W01 GET on endpoint and session is 2xx without content", async () => {
  const h = await Harness.start();
  const { location } = await h.publish("a");
  for (const path of ["/whip/a", "/whip/other", location]) {
    const response = await h.request("GET", path);
    expect(response.status).toBeWithin(200, 300);
    expect(await response.text()).toBe("");
  }
});

test("W02 failures carry a problem document that parses", async () => {
  const h = await Harness.start();
  const failures = [
    await h.post("/whip/a", "hello"),
    await h.request("POST", "/whip/a", { headers: { "Content-Type": "text/plain" }, body: "x" }),
    await h.request("PATCH", "/session/none"),
    await h.post("/whep/idle", VIEWER_OFFER),
    await h.request("PUT", "/whip/a"),
    await h.post("/whip/bad name", PUBLISHER_OFFER),
    await h.request("GET", "/nothing/here"),
  ];
  for (const response of failures) {
    expect(response.headers.get("Content-Type")).toBe("application/problem+json");
    const body = (await response.json()) as Record<string, unknown>;
    expect(body.status).toBe(response.status);
    expect(String(body.title).length).toBeGreaterThan(3);
    // MediaMTX's reader shows `error`.
    expect(body.error).toBe(body.detail);
  }
});

test("W03 an offer makes a session: 201, answer, type, Location", async () => {
  const h = await Harness.start();
  const { response, location, answer } = await h.publish("a", false);
  expect(response.status).toBe(201);
  expect(response.headers.get("Content-Type")).toBe("application/sdp");
  expect(answer).toStartWith("v=0\r\n");
  expect(location).toMatch(/^\/session\/[\w-]{22}$/);
  expect((await h.request("GET", location)).status).toBe(204);
  expect(h.plane.publishers).toHaveLength(1);
  // Rings come when it is connected.
  h.plane.events.connected(h.plane.publishers[0]!.session, "x", "GCM", "udp");
  expect(h.plane.grants[0]!.rings.map((layers) => layers.length)).toEqual([1, 1]);
});

test("W04 other media types are 415; parameters and case are accepted", async () => {
  const h = await Harness.start();
  for (const type of ["text/plain", "application/json", "application/sdpx"]) {
    const headers = { "Content-Type": type };
    expect((await h.post("/whip/a", PUBLISHER_OFFER, { headers })).status).toBe(415);
  }
  const bytes = new TextEncoder().encode(PUBLISHER_OFFER);
  expect((await h.request("POST", "/whip/a", { body: bytes })).status).toBe(415);
  expect(h.plane.publishers).toHaveLength(0);
  const headers = { "Content-Type": "Application/SDP; charset=utf-8" };
  expect((await h.post("/whip/a", PUBLISHER_OFFER, { headers })).status).toBe(201);
});

test("W05 malformed offers are 400 and leave nothing behind", async () => {
  const h = await Harness.start();
  const bad = [
    "",
    "hello",
    PUBLISHER_OFFER.slice(0, 60),
    PUBLISHER_OFFER.replaceAll(/a=ice-ufrag.*\r\n/g, ""),
    PUBLISHER_OFFER.replaceAll(/a=fingerprint.*\r\n/g, ""),
    "\u0000\u0001\u00ff\u00fe",
  ];
  for (const body of bad) expect((await h.post("/whip/a", body)).status).toBe(400);
  expect((await h.request("POST", "/whip/a")).status).toBe(400);
  expect(h.control.registry.sessions.held).toBe(0);
  expect(h.plane.ringsOut.size).toBe(0);
});

test("W05 a body over 64 KiB is 413 and is not read to its end", async () => {
  const h = await Harness.start();
  expect((await h.post("/whip/a", "v=0\r\n".repeat(210_000))).status).toBe(413);
  let pulled = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      pulled += 1;
      controller.enqueue(new Uint8Array(16 * 1024));
    },
  });
  const headers = { "Content-Type": "application/sdp" };
  expect((await h.request("POST", "/whip/a", { headers, body: endless })).status).toBe(413);
  expect(pulled).toBeLessThan(10);
});

test("W08 recvonly and inactive offers are 422 and leave no session", async () => {
  const h = await Harness.start();
  for (const direction of ["recvonly", "inactive"]) {
    const body = PUBLISHER_OFFER.replaceAll("a=sendonly", `a=${direction}`);
    expect((await h.post("/whip/a", body)).status).toBe(422);
  }
  expect(h.control.registry.sessions.held).toBe(0);
  expect(h.control.registry.streams.size).toBe(0);
});

test("W09 DELETE ends the session, frees its rings and its name", async () => {
  const h = await Harness.start();
  const { location, number, etag } = await h.publish("a");
  expect((await h.request("DELETE", location)).status).toBe(200);
  expect(h.plane.closes).toEqual([{ session: number, reason: "deleted" }]);
  for (const method of ["DELETE", "GET"]) {
    expect((await h.request(method, location)).status).toBe(404);
  }
  expect((await h.patch(location, TRICKLE, etag)).status).toBe(404);
  await settle();
  expect(h.plane.ringsOut.size).toBe(0);
  expect(h.control.registry.streams.size).toBe(0);
  expect((await h.post("/whip/a", PUBLISHER_OFFER)).status).toBe(201);
});

test("W09 the name is free at once, before the worker has confirmed", async () => {
  const h = await Harness.start();
  h.plane.confirms = false;
  const first = await h.publish("a");
  await h.request("DELETE", first.location);
  await settle();
  expect(h.plane.ringsOut.size).toBe(2);
  expect((await h.post("/whip/a", PUBLISHER_OFFER)).status).toBe(201);
  h.plane.events.closed(first.number, "deleted");
  await settle();
  expect(h.plane.ringsOut.size).toBe(0);
});

test("W11 a session that the worker ends is gone", async () => {
  const h = await Harness.start();
  for (const reason of ["peer-closed", "consent-expired"] as const) {
    const { location, number } = await h.publish("a");
    h.plane.events.closed(number, reason);
    await settle();
    expect((await h.request("GET", location)).status).toBe(404);
    expect(h.plane.ringsOut.size).toBe(0);
  }
});

test("W12 preflights pass for every method, on endpoint and session, without a token", async () => {
  const h = await Harness.start({ config: TOKENS });
  for (const path of ["/whip/a", "/session/whatever", "/whep/a"]) {
    for (const method of ["POST", "PATCH", "DELETE"]) {
      const response = await h.request("OPTIONS", path, {
        headers: {
          Origin: "https://player.example",
          "Access-Control-Request-Method": method,
          "Access-Control-Request-Headers": "authorization,content-type,if-match",
        },
      });
      expect(response.status).toBe(200);
      expect(response.headers.get("Access-Control-Allow-Origin")).toBe("*");
      expect(response.headers.get("Access-Control-Allow-Methods")).toContain(method);
      const allowed = response.headers.get("Access-Control-Allow-Headers")!.toLowerCase();
      for (const name of ["authorization", "content-type", "if-match", "etag"]) {
        expect(allowed.split(", ")).toContain(name);
      }
    }
  }
});

test("W12 errors carry CORS too, and what scripts must read is exposed", async () => {
  const h = await Harness.start();
  for (const response of [
    await h.post("/whip/a", "hello"),
    await h.request("PATCH", "/session/none"),
    await h.post("/whep/idle", VIEWER_OFFER),
    await h.post("/whip/a", PUBLISHER_OFFER),
  ]) {
    expect(response.headers.get("Access-Control-Allow-Origin")).toBe("*");
    const exposed = response.headers.get("Access-Control-Expose-Headers")!.split(", ");
    for (const name of ["Location", "ETag", "Link", "Retry-After", "WWW-Authenticate"]) {
      expect(exposed).toContain(name);
    }
    expect(exposed).toContain("Access-Control-Allow-Methods");
  }
});

test("W13 any OPTIONS is 200 with Accept-Post", async () => {
  const h = await Harness.start();
  const cross: Record<string, string> = {
    Origin: "https://x.example",
    "Access-Control-Request-Method": "POST",
  };
  for (const path of ["/whip/a", "/whep/a", "/session/x"]) {
    for (const headers of [{}, cross]) {
      const response = await h.request("OPTIONS", path, { headers });
      expect(response.status).toBe(200);
      expect(response.headers.get("Accept-Post")).toBe("application/sdp");
    }
  }
});

test("W14 an SDP to the session is refused and the session goes on", async () => {
  const h = await Harness.start();
  const { location, etag } = await h.publish("a");
  const headers = { "Content-Type": "application/sdp", "If-Match": etag };
  const patched = await h.request("PATCH", location, { headers, body: PUBLISHER_OFFER });
  expect(patched.status).toBe(422);
  const posted = await h.post(location, PUBLISHER_OFFER);
  expect(posted.status).toBe(405);
  expect(posted.headers.get("Allow")).toContain("PATCH");
  expect((await h.request("GET", location)).status).toBe(204);
  expect(h.plane.closes).toHaveLength(0);
});

test("W53 an offer that can be served only in part leaves no session", async () => {
  const h = await Harness.start();
  const body = PUBLISHER_OFFER.replace("VP8/90000", "THEORA/90000");
  expect((await h.post("/whip/a", body)).status).toBe(422);
  expect(h.control.registry.sessions.held).toBe(0);
  expect(h.plane.ringsOut.size).toBe(0);
});

test("W60 E43 the session limit redirects with 307 when there is another node", async () => {
  const config = `redirect-url = "https://b.example:8443"\n[limits]\nsessions = 0`;
  const h = await Harness.start({ config });
  for (const path of ["/whip/a/b", "/whep/a/b?x=1"]) {
    const response = await h.post(path, PUBLISHER_OFFER);
    expect(response.status).toBe(307);
    const target = `https://b.example:8443${path}${path.includes("?") ? "&" : "?"}redirected=1`;
    expect(response.headers.get("Location")).toBe(target);
  }
  // The other node is full too: two nodes must not send a client to and fro.
  const back = await h.post("/whip/a?redirected=1", PUBLISHER_OFFER);
  expect([back.status, back.headers.get("Retry-After")]).toEqual([503, expect.any(String)]);
});

test("W61 E43 the session limit is 503 with Retry-After and leaves no session", async () => {
  const h = await Harness.start({ config: "[limits]\nsessions = 1" });
  await h.publish("a");
  for (const path of ["/whip/b", "/whep/a"]) {
    const response = await h.post(path, path === "/whep/a" ? VIEWER_OFFER : PUBLISHER_OFFER);
    expect(response.status).toBe(503);
    expect(response.headers.get("Retry-After")).toMatch(/^[1-9]\d*$/);
  }
  expect(h.control.registry.sessions.count).toBe(1);
});

test("W61 no worker and no ring memory are 503 too", async () => {
  const h = await Harness.start();
  h.plane.placed = false;
  const unplaced = await h.post("/whip/a", PUBLISHER_OFFER);
  expect(unplaced.status).toBe(503);
  // It warms up, and soon has done so.
  expect(unplaced.headers.get("Retry-After")).toBe("1");
  h.plane.placed = true;
  h.plane.ringsMax = 1;
  const response = await h.post("/whip/a", PUBLISHER_OFFER);
  expect(response.status).toBe(503);
  expect(response.headers.get("Retry-After")).toMatch(/^\d+$/);
  expect(h.plane.ringsOut.size).toBe(0);
  expect(h.control.registry.sessions.held).toBe(0);
});

test("W62 E44 the 201 has one Link per ice-server, in the RFC's order", async () => {
  const h = await Harness.start({ config: ICE });
  await h.publish("a");
  for (const opened of [await h.publish("b"), await h.view("a")]) {
    const links = opened.response.headers.get("Link")!;
    expect(links).toStartWith(
      '<stun:stun.example.net>; rel="ice-server", ' +
        '<turn:turn.example.net?transport=udp>; rel="ice-server"; username="user"; ' +
        'credential="myPassword"; credential-type="password"',
    );
  }
});

test("W63 OPTIONS has at most one ice-server Link, a preflight and a stranger none", async () => {
  const h = await Harness.start({ config: ICE });
  const bare = await h.request("OPTIONS", "/whip/a");
  expect(bare.headers.get("Link")).toBe('<stun:stun.example.net>; rel="ice-server"');
  const method = { "Access-Control-Request-Method": "POST" };
  // One of our own page's kind too, which may publish here.
  for (const headers of [method, { ...method, Origin: "https://x.example" }]) {
    const preflight = await h.request("OPTIONS", "/whip/a", { headers });
    expect(preflight.headers.has("Link")).toBe(false);
  }
  const guarded = await Harness.start({ config: TOKENS + ICE });
  expect((await guarded.request("OPTIONS", "/whip/a")).headers.has("Link")).toBe(false);
});

test("W66 a simulcast offer gets a ring for each layer", async () => {
  const h = await Harness.start();
  const { answer } = await h.publish("a", true, SIMULCAST_OFFER);
  expect(answer).toContain("a=simulcast:recv h;l");
  expect(h.plane.grants[0]!.rings.map((layers) => layers.length)).toEqual([1, 2]);
  expect(h.plane.sources[0]!.source!.video).toHaveLength(2);
});

test("W68 a WHIP 201 advertises only what is there: no extension", async () => {
  const h = await Harness.start();
  const { response } = await h.publish("a");
  expect(response.headers.has("Link")).toBe(false);
});

test("W70 POSTs are limited by address, loopback is not", async () => {
  const config = `insecure = true\n[limits]\nposts-per-second = 5`;
  const h = await Harness.start({ config });
  const from = async (address: string) => (await h.post("/whip/a", "x", { address })).status;
  for (let i = 0; i < 5; i += 1) expect(await from("203.0.113.5")).toBe(400);
  const limited = await h.post("/whip/a", "x", { address: "203.0.113.5" });
  expect(limited.status).toBe(429);
  expect(limited.headers.get("Retry-After")).toMatch(/^\d+$/);
  expect(await from("203.0.113.6")).toBe(400);
  for (let i = 0; i < 20; i += 1) expect(await from("127.0.0.1")).toBe(400);
  h.nowUs += 1e6;
  expect(await from("203.0.113.5")).toBe(400);
  // One client owns an IPv6 /64.
  for (let i = 0; i < 5; i += 1) expect(await from(`2001:db8::${i}`)).toBe(400);
  expect(await from("2001:db8::ffff")).toBe(429);
  expect(await from("2001:db8:0:1::1")).toBe(400);
});

test("W70 PATCH and DELETE are limited too", async () => {
  const h = await Harness.start({ config: "insecure = true\n[limits]\nposts-per-second = 1" });
  const address = "203.0.113.5";
  const statuses: number[] = [];
  for (let i = 0; i < 12; i += 1) {
    statuses.push((await h.request(i % 2 ? "PATCH" : "DELETE", "/session/x", { address })).status);
  }
  expect(statuses.slice(0, 9)).toEqual(new Array(9).fill(404));
  expect(statuses.slice(-1)).toEqual([429]);
});

test("W71 E47 session ids are 128 bits, all different, and appear in no API", async () => {
  const h = await Harness.start();
  const ids = new Set<string>();
  for (let i = 0; i < 200; i += 1) ids.add((await h.publish(`s${i}`, false)).location);
  expect(ids.size).toBe(200);
  for (const id of ids) expect(Buffer.from(id.slice(9), "base64url")).toHaveLength(16);
  const text = await (await h.request("GET", "/api/v1/sessions")).text();
  for (const id of ids) expect(text).not.toContain(id.slice(9));
  for (const line of h.lines) for (const id of ids) expect(line).not.toContain(id.slice(9));
});

test("W72 sessions that never connect are reaped, and memory returns", async () => {
  const h = await Harness.start();
  h.plane.ringsMax = 2000;
  for (let i = 0; i < 1000; i += 1) await h.publish(`s${i}`, false);
  expect(h.control.registry.sessions.count).toBe(1000);
  h.pass(10);
  expect(h.control.registry.sessions.count).toBe(1000);
  h.pass(20);
  await settle();
  expect(h.control.registry.sessions.held).toBe(0);
  expect(h.control.registry.streams.size).toBe(0);
  expect(h.plane.ringsOut.size).toBe(0);
  expect(h.plane.closes[0]!.reason).toBe("connect-timeout");
});

test("W72 one address has a bounded number of pending sessions", async () => {
  const config = `insecure = true\n[limits]\npending-per-address = 3`;
  const h = await Harness.start({ config });
  const from = async (i: number) =>
    (await h.post(`/whip/s${i}`, PUBLISHER_OFFER, { address: "203.0.113.5" })).status;
  for (let i = 0; i < 3; i += 1) expect(await from(i)).toBe(201);
  expect(await from(3)).toBe(429);
  h.plane.events.connected(h.plane.publishers[0]!.session, "x", "GCM", "udp");
  expect(await from(3)).toBe(201);
});

test("a second publisher is 409 with Retry-After until the first has gone", async () => {
  const h = await Harness.start();
  const { location } = await h.publish("a", false);
  const second = await h.post("/whip/a", PUBLISHER_OFFER);
  expect(second.status).toBe(409);
  expect(second.headers.get("Retry-After")).toBe("1");
  await h.request("DELETE", location);
  expect((await h.post("/whip/a", PUBLISHER_OFFER)).status).toBe(201);
});

test("405 names what is allowed", async () => {
  const h = await Harness.start();
  const response = await h.request("PUT", "/whip/a");
  expect(response.status).toBe(405);
  expect(response.headers.get("Allow")).toBe("OPTIONS, HEAD, GET, POST");
});

test("stream names: slashes in both spellings, letters of any script, clear 400s", async () => {
  const h = await Harness.start();
  await h.publish("a/b%2Fc/%C3%BC");
  expect([...h.control.registry.streams.values()].map(({ name }) => name)).toEqual(["a/b/c/ü"]);
  for (const bad of ["", "a//b", "a%2F..%2Fb", "a%20b", "%FF", "x".repeat(201), "a%0Ab"]) {
    expect((await h.post(`/whip/${bad}`, PUBLISHER_OFFER)).status).toBe(400);
  }
});

test("a stream that has a tail is answered with H.264 in front of VP8, and any other as it was offered", async () => {
  const h = await Harness.start({ config: '[[streams]]\nmatch = "calls/*"\nhls = "off"\n' });
  const both = PUBLISHER_OFFER.replace("SAVPF 96", "SAVPF 96 97").replace(
    "a=rtpmap:96",
    "a=rtpmap:97 H264/90000\r\na=fmtp:97 packetization-mode=1\r\na=rtpmap:96",
  );
  expect((await h.publish("a", false, both)).answer).toContain("SAVPF 97 96\r\n");
  expect((await h.publish("calls/a", false, both)).answer).toContain("SAVPF 96 97\r\n");
  const off = await Harness.start({ args: ["--hls", "off"] });
  expect((await off.publish("a", false, both)).answer).toContain("SAVPF 96 97\r\n");
});

const TOKENS = `
[[auth.tokens]]
token = "publisher-token-1"
rights = ["publish"]
`;

const ICE = `
[[ice-servers]]
urls = "stun:stun.example.net"
[[ice-servers]]
urls = ["turn:turn.example.net?transport=udp"]
username = "user"
credential = "myPassword"
`;
