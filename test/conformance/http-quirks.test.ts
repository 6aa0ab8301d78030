/** What real clients need of HTTP alone (references/whip-whep.md section 4). */
import { expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { localAddresses } from "../../src/control/plane/addresses.ts";
import { createCertificate } from "../../src/io/certificate.ts";
import { fail, H264_LIVE, offerText, publish, succeed, watch } from "../sdp/support.ts";
import {
  Harness,
  PUBLISHER_OFFER,
  TRICKLE,
  VIEWER_OFFER,
  VP9_VIEWER_OFFER,
} from "../support/control-harness.ts";

const ICE = `
[[ice-servers]]
urls = "stun:stun.example.net"
[[ice-servers]]
urls = "turn:turn.example.net?transport=udp"
username = "user"
credential = "secret"
`;
const TOKEN = "publisher-token-1";
const TOKENS = `
[[auth.tokens]]
token = "${TOKEN}"
rights = ["publish", "view"]
`;

test("Q-O3 Location is a path without query, whatever the URL had", async () => {
  const h = await Harness.start({ config: TOKENS });
  const response = await h.post(`/whip/a?token=${TOKEN}&x=1`, PUBLISHER_OFFER);
  expect(response.status).toBe(201);
  expect(response.headers.get("Location")).toMatch(/^\/[^?#]+$/);
});

test("Q-O4 the Links of a WHIP 201 survive being split at commas", async () => {
  const h = await Harness.start({ config: ICE });
  const { response } = await h.publish("a");
  for (const part of response.headers.get("Link")!.split(",")) {
    expect(part.trim()).toMatch(/^<(stun|turn):[^>]+>; rel="ice-server"/);
  }
});

test("Q-O8 the answer lists as many simulcast layers as OBS offers, with CRLF behind", () => {
  const { sdp } = succeed(publish(offerText("obs-simulcast"), true));
  expect(/a=simulcast:recv ([^\r\n]*)\r\n/.exec(sdp)?.[1]?.split(";")).toHaveLength(3);
});

test("Q-O11 the DTLS certificate has a subject and an issuer", () => {
  const certificate = new X509Certificate(createCertificate().certificatePem);
  expect(certificate.subject).toMatch(/CN=.+/);
  expect(certificate.issuer).toMatch(/CN=.+/);
});

test("Q-G2 Q-C12 who was redirected gets an absolute Location, and no token in the URL", async () => {
  const config = `redirect-url = "https://b.example"\n[limits]\nsessions = 0`;
  const full = await Harness.start({ config });
  const headers = { Authorization: `Bearer ${TOKEN}` };
  expect((await full.post("/whip/a", PUBLISHER_OFFER, { headers })).status).toBe(503);
  const redirect = await full.post("/whip/a", PUBLISHER_OFFER);
  expect(redirect.status).toBe(307);
  const target = new URL(redirect.headers.get("Location")!);
  const args = ["--public-url", "https://b.example"];
  const other = await Harness.start({ config: TOKENS, args });
  const path = target.pathname + target.search;
  const created = await other.post(path, PUBLISHER_OFFER, { headers });
  expect(created.status).toBe(201);
  expect(created.headers.get("Location")).toMatch(/^https:\/\/b\.example\/session\/[\w-]{22}$/);
});

test("Q-C1 Q-S1 OPTIONS has one ice-server Link at most, in the strict order, and PATCH", async () => {
  const h = await Harness.start({ config: ICE });
  for (const path of ["/whip/a", "/whep/a"]) {
    const response = await h.request("OPTIONS", path);
    expect(response.headers.get("Access-Control-Allow-Methods")).toContain("PATCH");
    // What MediaMTX's Go client and its pages match a whole header line with.
    expect(response.headers.get("Link")).toMatch(
      /^<(.+?)>; rel="ice-server"(; username="(.*?)"; credential="(.*?)"; credential-type="password")?$/i,
    );
  }
});

test("Q-M2 a 400 is JSON with `error`; extension Links are on the 201 only", async () => {
  const h = await Harness.start({ config: ICE });
  const bad = await h.post("/whep/a", "hello");
  expect(bad.status).toBe(400);
  expect(((await bad.json()) as { error: string }).error.length).toBeGreaterThan(10);
  expect((await h.request("OPTIONS", "/whep/a")).headers.get("Link")).not.toContain("urn:");
});

test("Q-M2 Q-C5 PATCH and DELETE pass without the token that the POST had", async () => {
  const h = await Harness.start({ config: TOKENS });
  const headers = { Authorization: `Bearer ${TOKEN}` };
  const posted = await h.post("/whip/a", PUBLISHER_OFFER, { headers });
  const location = posted.headers.get("Location")!;
  expect((await h.patch(location, TRICKLE, "*")).status).toBe(204);
  const none = { Authorization: "Bearer undefined" };
  expect((await h.request("GET", location, { headers: none })).status).toBe(204);
  expect((await h.request("DELETE", location)).status).toBe(200);
});

test("Q-C5 Q-C10 scripts of other origins may send ETag and read what they need", async () => {
  const h = await Harness.start();
  const { headers } = (await h.publish("a")).response;
  expect(headers.get("Access-Control-Allow-Headers")).toContain("ETag");
  for (const name of ["Link", "ETag", "Retry-After", "Location"]) {
    expect(headers.get("Access-Control-Expose-Headers")!.split(", ")).toContain(name);
  }
  expect(headers.get("Access-Control-Expose-Headers")).toContain("Access-Control-Allow-Methods");
});

test("Q-C6 an empty POST is 400, a codec problem 422: the player falls back on 400 and 406", async () => {
  const h = await Harness.start();
  await h.publish("a");
  expect((await h.request("POST", "/whep/a")).status).toBe(400);
  const headers = { "Content-Type": "application/sdp" };
  expect((await h.request("POST", "/whep/a", { headers, body: "" })).status).toBe(400);
  expect((await h.post("/whep/a", VP9_VIEWER_OFFER)).status).toBe(422);
});

test("Q-C6 an auth key without scheme is a token", async () => {
  const h = await Harness.start({ config: TOKENS });
  const headers = { Authorization: TOKEN };
  expect((await h.post("/whip/a", PUBLISHER_OFFER, { headers })).status).toBe(201);
});

test("Q-C8 every WHEP 201 has Links; encodingId is rid by its old name", async () => {
  const h = await Harness.start();
  await h.publish("a");
  const { response, location } = await h.view("a");
  expect(response.headers.get("Link")).toContain('rel="urn:ietf:params:whep:ext:core:layer"');
  const json = { "Content-Type": "application/json" };
  const body = '{"mediaId":"1","encodingId":"x"}';
  const chosen = await h.request("POST", `${location}/layer`, { headers: json, body });
  expect(chosen.status).toBe(404);
  expect(await chosen.text()).toContain("rid");
});

test("Q-S2 a 200 to OPTIONS, GET and HEAD and a 204 have no body", async () => {
  const h = await Harness.start();
  await h.publish("a");
  const { location, etag } = await h.view("a");
  for (const method of ["OPTIONS", "GET", "HEAD"]) {
    expect(await (await h.request(method, "/whep/a")).text()).toBe("");
  }
  const patched = await h.patch(location, TRICKLE, etag);
  expect([patched.status, await patched.text()]).toEqual([204, ""]);
});

test("Q-B14 loopback is never the only candidate where there is another address", () => {
  const info = (address: string, internal: boolean) => [
    { address, internal, netmask: "", mac: "", family: "IPv4" as const, cidr: null },
  ];
  const interfaces = { lo: info("127.0.0.1", true), eth0: info("192.0.2.9", false) };
  const base = { advertise: [], interfaces, host: "0.0.0.0" };
  const addresses = (localFirst: boolean) =>
    localAddresses({ ...base, localFirst }).map(({ address }) => address);
  expect(addresses(true)).toEqual(["127.0.0.1", "192.0.2.9"]);
  expect(addresses(false)).toEqual(["192.0.2.9"]);
});

test("W67 SVC has nothing to answer: VP9 and AV1 pass, no scalability line comes back", () => {
  const offer = offerText("chrome-publish").replace(
    /^(a=fmtp:98 .*)$/m,
    "$1;scalability-mode=L3T3_KEY",
  );
  const { sdp, media } = succeed(publish(offer, true));
  expect(sdp).not.toMatch(/^a=(simulcast|rid|depend|ssrc-group)/m);
  expect(media[1]!.formats.map(({ codec }) => codec)).toContain("vp9");
});

test("E10 a WHEP answer may reject what it must; WHIP refuses instead (W53)", () => {
  const reader = offerText("mediamtx-reader");
  expect(succeed(watch(reader, H264_LIVE)).media).toHaveLength(2);
  fail(publish(reader.replaceAll("a=recvonly", "a=sendonly")), 422);
});

test("Q-B12 a player without m-lines gets 422 with a clear detail", async () => {
  const h = await Harness.start();
  await h.publish("a");
  const offer = VIEWER_OFFER.slice(0, VIEWER_OFFER.indexOf("m=audio"));
  const response = await h.post("/whep/a", offer);
  expect(response.status).toBe(422);
  expect(await response.text()).toContain("addTransceiver");
});
