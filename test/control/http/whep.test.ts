/** WHEP set-up: ids E01..E47 of references/whip-whep.md section 2. */
import { expect, test } from "bun:test";
import {
  Harness,
  PUBLISHER_OFFER,
  settle,
  VIEWER_OFFER,
  VP9_VIEWER_OFFER,
} from "../../support/control-harness.ts";

test("E01 GET on endpoint and session is 2xx without content", async () => {
  const h = await Harness.start();
  await h.publish("a");
  const { location } = await h.view("a");
  for (const path of ["/whep/a", location]) {
    const response = await h.request("GET", path);
    expect(response.status).toBeWithin(200, 300);
    expect(await response.text()).toBe("");
  }
});

test("E02 HEAD and GET on the endpoint are 200 with application/sdp and no body", async () => {
  const h = await Harness.start();
  for (const method of ["HEAD", "GET"]) {
    const response = await h.request(method, "/whep/a");
    expect(response.status).toBe(200);
    expect(response.headers.get("Content-Type")).toBe("application/sdp");
    expect(await response.text()).toBe("");
  }
});

test("E03 an offer makes a session: 201, answer, type, Location", async () => {
  const h = await Harness.start();
  await h.publish("a");
  const { response, location, answer, number } = await h.view("a", false);
  expect(response.status).toBe(201);
  expect(response.headers.get("Content-Type")).toBe("application/sdp");
  expect(answer).toStartWith("v=0\r\n");
  expect(location).toMatch(/^\/session\/[\w-]{22}$/);
  const opened = h.plane.viewers[0]!;
  expect(opened.session).toBe(number);
  expect(opened.source).toEqual(h.plane.sources[0]!.source);
  expect(opened.source!.video).toHaveLength(1);
});

test("E06 no common codec is 422, never 406, and leaves no session", async () => {
  const h = await Harness.start();
  await h.publish("a");
  const response = await h.post("/whep/a", VP9_VIEWER_OFFER);
  expect(response.status).toBe(422);
  expect(response.headers.get("Content-Type")).toBe("application/problem+json");
  expect(h.control.registry.count("viewer")).toBe(0);
});

test("E06 the codec that really arrives counts, not the one first negotiated", async () => {
  const h = await Harness.start();
  await h.publish("a");
  h.plane.description = { codec: "vp9" };
  // Both rings say vp9 here; the audio m-line cannot carry it, the video m-line can.
  const response = await h.post("/whep/a", VIEWER_OFFER);
  expect(response.status).toBe(422);
});

test("E07 another type is exactly 415 without SDP; malformed is 400", async () => {
  const h = await Harness.start();
  await h.publish("a");
  const headers = { "Content-Type": "text/plain" };
  const response = await h.post("/whep/a", VIEWER_OFFER, { headers });
  expect(response.status).toBe(415);
  expect(await response.text()).not.toContain("v=0");
  for (const body of ["", "hello", VIEWER_OFFER.replaceAll(/a=ice-pwd.*\r\n/g, "")]) {
    expect((await h.post("/whep/a", body)).status).toBe(400);
  }
});

test("newcomers of an overloaded server come later, publishers are served", async () => {
  const h = await Harness.start();
  h.plane.overloaded = true;
  await h.publish("a");
  const response = await h.post("/whep/a", VIEWER_OFFER);
  expect(response.status).toBe(503);
  expect(response.headers.get("Retry-After")).toBe("5");
  expect(await response.json()).toMatchObject({ title: "Overloaded", status: 503 });
  const metrics = await (await h.request("GET", "/metrics")).text();
  expect(metrics).toMatch(/refused_total\{reason="overload"\} 1/);
  h.plane.overloaded = false;
  expect((await h.post("/whep/a", VIEWER_OFFER)).status).toBe(201);
});

test("E08 recvonly and sendrecv are served, sendonly and inactive are 422", async () => {
  const h = await Harness.start();
  await h.publish("a");
  const expected = { recvonly: 201, sendrecv: 201, sendonly: 422, inactive: 422 };
  for (const [direction, status] of Object.entries(expected)) {
    const body = VIEWER_OFFER.replaceAll("a=recvonly", `a=${direction}`);
    expect((await h.post("/whep/a", body)).status).toBe(status);
  }
  expect(h.control.registry.count("viewer")).toBe(2);
});

test("E11 an idle stream is 409 with Retry-After, exposed to scripts", async () => {
  const h = await Harness.start();
  const check = async () => {
    const response = await h.post("/whep/a", VIEWER_OFFER);
    expect(response.status).toBe(409);
    expect(response.headers.get("Retry-After")).toMatch(/^[1-9]\d*$/);
    expect(response.headers.get("Access-Control-Expose-Headers")).toContain("Retry-After");
  };
  await check();
  // A publisher that is not connected yet is nobody to watch.
  const { number } = await h.publish("a", false);
  await check();
  h.plane.events.connected(number, "x", "GCM", "udp");
  expect((await h.post("/whep/a", VIEWER_OFFER)).status).toBe(201);
  h.plane.events.closed(number, "peer-closed");
  await check();
});

test("E11 by configuration viewers may wait, and get the source when it comes", async () => {
  const config = `[[streams]]\nmatch = "lobby/*"\nwait-for-stream = true`;
  const h = await Harness.start({ config });
  expect((await h.post("/whep/a", VIEWER_OFFER)).status).toBe(409);
  const viewer = await h.view("lobby/a");
  expect(h.plane.viewers[0]!.source).toBeNull();
  await h.publish("lobby/a");
  const { stream, source } = h.plane.sources[0]!;
  expect(stream).toBe(h.plane.viewers[0]!.stream);
  expect(source!.epoch).toBeGreaterThan(0);
  expect((await h.request("GET", viewer.location)).status).toBe(204);
});

test("E12 a viewer that the worker ends is gone", async () => {
  const h = await Harness.start();
  await h.publish("a");
  const { location, number } = await h.view("a");
  h.plane.events.closed(number, "consent-expired");
  expect((await h.request("GET", location)).status).toBe(404);
});

test("E13 OPTIONS: 200, CORS and Accept-Post, on endpoint and session", async () => {
  const h = await Harness.start();
  for (const path of ["/whep/a", "/session/x"]) {
    const response = await h.request("OPTIONS", path);
    expect(response.status).toBe(200);
    expect(response.headers.get("Accept-Post")).toBe("application/sdp");
    expect(response.headers.get("Access-Control-Allow-Origin")).toBe("*");
  }
});

test("a stream has as many viewers as it may have", async () => {
  const h = await Harness.start({ config: "[limits]\nviewers-per-stream = 1" });
  await h.publish("a");
  await h.publish("b");
  await h.view("a");
  expect((await h.post("/whep/a", VIEWER_OFFER)).status).toBe(503);
  expect((await h.post("/whep/b", VIEWER_OFFER)).status).toBe(201);
});

test("playout delay of a stream reaches the worker in units of 10 ms", async () => {
  const config = `[[streams]]\nmatch = "a"\nplayout-delay-min-ms = 100\nplayout-delay-max-ms = 400`;
  const h = await Harness.start({ config });
  await h.publish("a");
  await h.publish("b");
  await h.view("a");
  await h.view("b");
  expect(h.plane.viewers.map((viewer) => viewer.playoutDelay)).toEqual([
    { min: 10, max: 40 },
    null,
  ]);
});

test("a viewer's own SSRCs are distinct and not zero", async () => {
  const h = await Harness.start();
  await h.publish("a");
  await h.view("a");
  const ssrcs = h.plane.viewers[0]!.media.flatMap((section) => section.ssrcs);
  expect(new Set(ssrcs).size).toBe(2);
  for (const ssrc of ssrcs) expect(ssrc).toBeGreaterThan(0);
});

test("an offer that is refused takes nothing from the server", async () => {
  const h = await Harness.start();
  await h.publish("a");
  const before = h.control.registry.sessions.held;
  for (let i = 0; i < 50; i += 1) await h.post("/whep/a", VP9_VIEWER_OFFER);
  for (let i = 0; i < 50; i += 1) await h.post("/whip/a", PUBLISHER_OFFER);
  await settle();
  expect(h.control.registry.sessions.held).toBe(before);
  expect(h.plane.ringsOut.size).toBe(2);
});

test("C7: the CNAME of the reports is the one that the answer announces, another each session", async () => {
  const h = await Harness.start();
  await h.publish("a");
  const answers = [await h.view("a"), await h.view("a")].map(({ answer }) => answer);
  const names = h.plane.viewers.map((viewer) => viewer.cname);
  expect(new Set(names).size).toBe(2);
  for (const [i, answer] of answers.entries()) {
    const announced = [...answer.matchAll(/a=ssrc:\d+ cname:(\S+)/g)].map((match) => match[1]!);
    expect(announced.length).toBeGreaterThanOrEqual(2);
    expect(new Set(announced)).toEqual(new Set([names[i]!]));
    // RFC 7022 4.2: 96 random bits at least.
    expect(Buffer.from(names[i]!, "base64url").length).toBeGreaterThanOrEqual(12);
  }
});

test("a viewer that comes while a worker is replaced waits for its successor, a second at most", async () => {
  const h = await Harness.start();
  await h.publish("a");
  h.plane.placed = false;
  const early = h.post("/whep/a", VIEWER_OFFER);
  await Bun.sleep(50);
  h.plane.placed = true;
  expect((await early).status).toBe(201);
  h.plane.placed = false;
  const response = await h.post("/whep/a", VIEWER_OFFER);
  expect([response.status, response.headers.get("Retry-After")]).toEqual([503, "1"]);
});
