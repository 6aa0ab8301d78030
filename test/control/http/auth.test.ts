/** Tokens and open listeners: W64, W65, E45 and design rules. */

import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { exportSPKI, generateKeyPair, SignJWT } from "jose";
import { NO_LIMITS } from "../../../src/media/layer-choice.ts";
import { Harness, PUBLISHER_OFFER, TRICKLE, VIEWER_OFFER } from "../../support/control-harness.ts";

const TOKEN = "publisher-token-1";
const STATIC = `
[[auth.tokens]]
token = "${TOKEN}"
rights = ["publish"]
streams = ["live/*"]
[[auth.tokens]]
hash = "${createHash("sha256").update("viewer-token-123").digest("hex")}"
rights = ["view"]
`;
const SECRET = Buffer.from("0123456789abcdef0123456789abcdef");
const KEYS = `
[[auth.keys]]
alg = "HS256"
secret = "${SECRET.toString("base64url")}"
`;

const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } });

interface Claims {
  readonly [claim: string]: unknown;
}

function sign(h: Harness, claims: Claims, expires = 60, key: Uint8Array | CryptoKey = SECRET) {
  return new SignJWT({ rights: ["publish"], streams: ["**"], aud: "spillway", ...claims })
    .setProtectedHeader({ alg: key instanceof Uint8Array ? "HS256" : "ES256" })
    .setExpirationTime(Math.floor(h.wallMs / 1000) + expires)
    .sign(key);
}

test("W64 E45 no token is 401 with a challenge, a bad one 401, a good one 201", async () => {
  const h = await Harness.start({ config: STATIC });
  for (const path of ["/whip/live/a", "/whep/live/a"]) {
    const none = await h.post(path, PUBLISHER_OFFER);
    expect(none.status).toBe(401);
    expect(none.headers.get("WWW-Authenticate")).toStartWith("Bearer");
    expect((await h.post(path, PUBLISHER_OFFER, bearer("wrong"))).status).toBe(401);
  }
  const good = await h.post("/whip/live/a", PUBLISHER_OFFER, bearer(TOKEN));
  expect(good.status).toBe(201);
  h.plane.events.connected(h.plane.publishers[0]!.session, "x", "GCM", "udp");
  const viewer = await h.post("/whep/live/a", VIEWER_OFFER, bearer("viewer-token-123"));
  expect(viewer.status).toBe(201);
});

test("W64 a token of another right or another stream is 403", async () => {
  const h = await Harness.start({ config: STATIC });
  expect((await h.post("/whep/live/a", VIEWER_OFFER, bearer(TOKEN))).status).toBe(403);
  expect((await h.post("/whip/live/a/b", PUBLISHER_OFFER, bearer(TOKEN))).status).toBe(403);
  expect((await h.post("/whip/other", PUBLISHER_OFFER, bearer(TOKEN))).status).toBe(403);
});

test("W64 the scheme's case does not matter, nor a scheme left out (Q-C9)", async () => {
  const h = await Harness.start({ config: STATIC });
  for (const [i, value] of [`bearer ${TOKEN}`, `BEARER ${TOKEN}`, TOKEN].entries()) {
    const headers = { Authorization: value };
    expect((await h.post(`/whip/live/${i}`, PUBLISHER_OFFER, { headers })).status).toBe(201);
  }
  const headers = { Authorization: `Basic ${TOKEN}` };
  expect((await h.post("/whip/live/x", PUBLISHER_OFFER, { headers })).status).toBe(401);
});

test("W64 PATCH and DELETE: a wrong token is refused, none passes by the secret URL", async () => {
  const h = await Harness.start({ config: STATIC });
  const posted = await h.post("/whip/live/a", PUBLISHER_OFFER, bearer(TOKEN));
  const location = posted.headers.get("Location")!;
  const etag = posted.headers.get("ETag")!;
  const type = { "Content-Type": "application/trickle-ice-sdpfrag", "If-Match": etag };
  const patch = (extra: Record<string, string>) =>
    h.request("PATCH", location, { headers: { ...type, ...extra }, body: TRICKLE });
  expect((await patch({ Authorization: "Bearer wrong" })).status).toBe(401);
  expect((await patch({ Authorization: "Bearer viewer-token-123" })).status).toBe(403);
  expect((await patch({ Authorization: `Bearer ${TOKEN}` })).status).toBe(204);
  expect((await patch({})).status).toBe(204);
  expect((await h.request("DELETE", location, bearer("wrong"))).status).toBe(401);
  expect((await h.request("DELETE", location)).status).toBe(200);
});

test("W64 with session-url-is-proof off PATCH and DELETE need the token", async () => {
  const h = await Harness.start({ config: `[auth]\nsession-url-is-proof = false\n${STATIC}` });
  const posted = await h.post("/whip/live/a", PUBLISHER_OFFER, bearer(TOKEN));
  const location = posted.headers.get("Location")!;
  expect((await h.patch(location, TRICKLE, "*")).status).toBe(401);
  expect((await h.request("DELETE", location)).status).toBe(401);
  expect((await h.request("DELETE", location, bearer(TOKEN))).status).toBe(200);
});

test("W64 no OPTIONS is ever 401", async () => {
  const h = await Harness.start({ config: STATIC });
  for (const path of ["/whip/a", "/whep/a", "/session/x"]) {
    const headers = { Authorization: "Bearer wrong" };
    expect((await h.request("OPTIONS", path, { headers })).status).toBe(200);
    expect((await h.request("OPTIONS", path)).status).toBe(200);
  }
});

test("W65 the token may stand in the URL", async () => {
  const h = await Harness.start({ config: STATIC });
  const posted = await h.post(`/whip/live/a?token=${TOKEN}`, PUBLISHER_OFFER);
  expect(posted.status).toBe(201);
  // Location has no query, whatever the URL had.
  expect(posted.headers.get("Location")).toMatch(/^\/session\/[\w-]{22}$/);
  expect((await h.post("/whip/live/b?token=wrong", PUBLISHER_OFFER)).status).toBe(401);
  const eyevinn = { headers: { Authorization: "Bearer undefined" } };
  expect((await h.post(`/whip/live/b?token=${TOKEN}`, PUBLISHER_OFFER, eyevinn)).status).toBe(201);
});

test("Q-C5 Bearer undefined is no token: ignored when open, 401 otherwise", async () => {
  const open = await Harness.start();
  const value = bearer("undefined");
  expect((await open.post("/whip/a", PUBLISHER_OFFER, value)).status).toBe(201);
  const guarded = await Harness.start({ config: STATIC });
  expect((await guarded.post("/whip/live/a", PUBLISHER_OFFER, value)).status).toBe(401);
});

test("JWT: rights, streams, audience and expiry with a minute of leeway", async () => {
  const h = await Harness.start({ config: KEYS });
  let n = 0;
  const status = async (token: string) => {
    n += 1;
    return (await h.post(`/whip/s/${n}`, PUBLISHER_OFFER, bearer(token))).status;
  };
  expect(await status(await sign(h, {}))).toBe(201);
  expect(await status(await sign(h, {}, -50))).toBe(201);
  expect(await status(await sign(h, {}, -70))).toBe(401);
  expect(await status(await sign(h, { nbf: Math.floor(h.wallMs / 1000) + 90 }))).toBe(401);
  expect(await status(await sign(h, { aud: "other" }))).toBe(401);
  expect(await status(await sign(h, { rights: ["view"] }))).toBe(403);
  expect(await status(await sign(h, { streams: ["t/*"] }))).toBe(403);
  expect(await status(await sign(h, { streams: ["t/*", "s/*"] }))).toBe(201);
  expect(await status(await sign(h, { rights: "publish" }))).toBe(401);
  expect(await status(await sign(h, {}, 60, Buffer.alloc(32, 1)))).toBe(401);
  const eternal = await new SignJWT({ rights: ["publish"], aud: "spillway" })
    .setProtectedHeader({ alg: "HS256" })
    .sign(SECRET);
  expect(await status(eternal)).toBe(401);
});

test("JWT: the algorithm is pinned to the key", async () => {
  const pair = await generateKeyPair("ES256", { extractable: true });
  const pem = await exportSPKI(pair.publicKey);
  const config = `[[auth.keys]]\nalg = "ES256"\npublic = """\n${pem}"""\n`;
  const h = await Harness.start({ config });
  const good = await sign(h, {}, 60, pair.privateKey);
  expect((await h.post("/whip/a", PUBLISHER_OFFER, bearer(good))).status).toBe(201);
  // The classic: HMAC with the public key's text as secret.
  const forged = await sign(h, {}, 60, new TextEncoder().encode(pem));
  expect((await h.post("/whip/b", PUBLISHER_OFFER, bearer(forged))).status).toBe(401);
  const payload = Buffer.from(JSON.stringify({ rights: ["publish"], aud: "spillway", exp: 9e9 }));
  const header = Buffer.from('{"alg":"none"}').toString("base64url");
  const none = `${header}.${payload.toString("base64url")}.`;
  expect((await h.post("/whip/b", PUBLISHER_OFFER, bearer(none))).status).toBe(401);
});

test("JWT: maxBitrate bounds what the publisher is asked for", async () => {
  const h = await Harness.start({ config: KEYS });
  await h.post("/whip/a", PUBLISHER_OFFER, bearer(await sign(h, { maxBitrate: 500_000 })));
  await h.post("/whip/b", PUBLISHER_OFFER, bearer(await sign(h, { maxBitrate: 9e9 })));
  expect(h.plane.publishers.map((open) => open.bitrateMax)).toEqual([500_000, 20_000_000]);
});

test("JWT: maxWidth, maxHeight and maxBitrate bound what a viewer gets", async () => {
  const h = await Harness.start({ config: KEYS });
  await h.post("/whip/a", PUBLISHER_OFFER, bearer(await sign(h, {})));
  h.plane.events.connected(h.plane.publishers[0]!.session, "198.51.100.1:5000", "GCM", "udp");
  const claims = { rights: ["view"], maxWidth: 1280, maxHeight: 720, maxBitrate: 900_000 };
  const watch = async (token: string) =>
    (await h.post("/whep/a", VIEWER_OFFER, bearer(token))).status;
  expect(await watch(await sign(h, claims))).toBe(201);
  const limits = { ...NO_LIMITS, widthMax: 1280, heightMax: 720, bitrateMax: 900_000 };
  expect(h.plane.viewers[0]!.limits).toEqual(limits);
  expect(await watch(await sign(h, { rights: ["view"] }))).toBe(201);
  expect(h.plane.viewers[1]!.limits).toEqual(NO_LIMITS);
  expect(await watch(await sign(h, { ...claims, maxWidth: "1280" }))).toBe(401);
});

test("the token that opened a session stays good for it after it has expired", async () => {
  const h = await Harness.start({ config: KEYS });
  const token = await sign(h, {});
  const posted = await h.post("/whip/a", PUBLISHER_OFFER, bearer(token));
  const location = posted.headers.get("Location")!;
  h.wallMs += 3_600_000;
  const other = await sign(h, {}, -3600);
  expect((await h.request("DELETE", location, bearer(other))).status).toBe(401);
  expect((await h.request("DELETE", location, bearer(token))).status).toBe(200);
});

test("JWKS file: SIGHUP takes the keys that it holds now", async () => {
  const jwk = (kid: string, byte: number) => ({
    kty: "oct",
    kid,
    alg: "HS256",
    k: Buffer.alloc(32, byte).toString("base64url"),
  });
  const files: Record<string, string> = { "k.json": JSON.stringify({ keys: [jwk("one", 1)] }) };
  const config = `[[auth.keys]]\nalg = "HS256"\njwks = "k.json"`;
  const h = await Harness.start({ config, files });
  const token = await sign(h, {}, 60, Buffer.alloc(32, 1));
  expect((await h.post("/whip/a", PUBLISHER_OFFER, bearer(token))).status).toBe(201);
  h.files["k.json"] = JSON.stringify({ keys: [jwk("two", 2)] });
  await h.control.reload(h.config);
  expect((await h.post("/whip/b", PUBLISHER_OFFER, bearer(token))).status).toBe(401);
  const next = await sign(h, {}, 60, Buffer.alloc(32, 2));
  expect((await h.post("/whip/b", PUBLISHER_OFFER, bearer(next))).status).toBe(201);
  h.files["k.json"] = '{"keys":[]}';
  expect(h.control.reload(h.config)).rejects.toThrow("auth.keys[0]");
});

test("a listener on a public address, or behind a proxy, is not open", async () => {
  const status = async (args: string[], headers: Record<string, string> = {}) => {
    const h = await Harness.start({ args });
    return (await h.post("/whip/a", PUBLISHER_OFFER, { headers })).status;
  };
  expect(await status([])).toBe(201);
  expect(await status(["--http", "[::1]:80"])).toBe(201);
  expect(await status(["--http", "0.0.0.0:8080"])).toBe(401);
  expect(await status(["--http", "0.0.0.0:8080", "--insecure"])).toBe(201);
  expect(await status(["--trusted-proxy", "127.0.0.1"])).toBe(401);
  expect(await status(["--public-url", "https://live.example"])).toBe(401);
  // A proxy that nobody mentioned, and a page that rebinds its own name to 127.0.0.1.
  expect(await status([], { "X-Forwarded-For": "203.0.113.9" })).toBe(401);
  expect(await status([], { Host: "evil.example" })).toBe(401);
  expect(await status([], { Host: "localhost:8080" })).toBe(201);
});
