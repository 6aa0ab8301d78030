/** JWTs that a key has signed and that are refused all the same, each with what to do. */
import { expect, test } from "bun:test";
import { SignJWT } from "jose";
import { Harness, PUBLISHER_OFFER } from "../../support/control-harness.ts";

const SECRET = Buffer.from("0123456789abcdef0123456789abcdef");
const KEYS = `[[auth.keys]]\nalg = "HS256"\nsecret = "${SECRET.toString("base64url")}"\n`;
const DAY = 86_400;

type Claims = Readonly<Record<string, unknown>>;

/** Signs exactly these claims, as numbers are written in JSON. */
async function sign(claims: Claims, literal: Record<string, string> = {}): Promise<string> {
  const names = Object.keys(literal);
  const marked = Object.fromEntries(names.map((name) => [name, `@${name}@`]));
  let text = JSON.stringify({ ...claims, ...marked });
  for (const name of names) text = text.replace(`"@${name}@"`, literal[name]!);
  const header = Buffer.from('{"alg":"HS256"}').toString("base64url");
  const signed = `${header}.${Buffer.from(text).toString("base64url")}`;
  const mac = new Bun.CryptoHasher("sha256", SECRET).update(signed).digest("base64url");
  return `${signed}.${mac}`;
}

async function ask(h: Harness, token: string, path = "/whip/a/b") {
  const headers = { Authorization: `Bearer ${token}` };
  const response = await h.post(path, PUBLISHER_OFFER, { headers });
  return { status: response.status, text: response.status === 201 ? "" : await response.text() };
}

async function setup(config = "") {
  const h = await Harness.start({ config: config + KEYS });
  const now = Math.floor(h.wallMs / 1000);
  const good: Claims = { rights: ["publish"], streams: ["**"], aud: "spillway", exp: now + 60 };
  return { h, now, good };
}

test("S7: a token without streams, or with a typo there, opens nothing", async () => {
  const { h, good } = await setup();
  const { streams: _, ...without } = good;
  for (const claims of [
    without,
    { ...without, stream: ["a"] },
    { ...without, Streams: ["a"] },
    { ...good, streams: "**" },
    { ...good, streams: [] },
    { ...good, streams: [""] },
    { ...good, streams: ["a/b", 1] },
    { ...good, streams: null },
    { ...good, streams: { 0: "**" } },
  ] as Claims[]) {
    const { status, text } = await ask(h, await sign(claims));
    expect([JSON.stringify(claims), status]).toEqual([JSON.stringify(claims), 401]);
    expect(text.toLowerCase()).toContain("streams");
  }
  expect((await ask(h, await sign(good))).status).toBe(201);
});

test("S7: a limit or right that is misspelt does not vanish", async () => {
  const { h, good } = await setup();
  const { rights: _, ...without } = good;
  for (const [claims, hint] of [
    [{ ...good, "max-height": 720 }, "maxHeight"],
    [{ ...good, max_bitrate: 1e6 }, "maxBitrate"],
    [{ ...good, maxwidth: 640 }, "maxWidth"],
    [{ ...without, Rights: ["view"] }, "rights"],
    [without, "rights"],
    [{ ...good, rights: [] }, "rights"],
    [{ ...good, rights: ["publish", "everything"] }, "rights"],
    [{ ...good, maxHeight: "720" }, "maxHeight"],
    [{ ...good, maxHeight: 0 }, "maxHeight"],
  ] as [Claims, string][]) {
    const { status, text } = await ask(h, await sign(claims));
    expect([JSON.stringify(claims), status]).toEqual([JSON.stringify(claims), 401]);
    expect(text).toContain(hint);
  }
});

test("S7: times that are no times are refused", async () => {
  const { h, now, good } = await setup();
  const { exp: _, ...endless } = good;
  expect((await ask(h, await sign(endless))).text).toContain("exp");
  for (const exp of ["1e308", "1e999", "-1", "0", `"${now + 60}"`, "null", "true", "[1]", "2e15"]) {
    const { status, text } = await ask(h, await sign(good, { exp }));
    expect([exp, status]).toEqual([exp, 401]);
    expect([exp, text.includes("exp")]).toEqual([exp, true]);
  }
  for (const name of ["nbf", "iat"]) {
    for (const value of ["1e308", "-1e308", "-1", "0", '"yesterday"', "null", "{}"]) {
      const { status, text } = await ask(h, await sign(good, { [name]: value }));
      expect([name, value, status]).toEqual([name, value, 401]);
      expect(text).toContain(value === "1e308" && name === "nbf" ? "not valid yet" : name);
    }
  }
  expect((await ask(h, await sign({ ...good, iat: now + 3600 }))).text).toContain("future");
  expect((await ask(h, await sign({ ...good, iat: now - 5, nbf: now - 5 }))).status).toBe(201);
  expect((await ask(h, await sign({ ...good, exp: now + 60.5 }), "/whip/c")).status).toBe(201);
});

test("S7: a token that is valid for over max-token-lifetime is refused", async () => {
  const { h, now, good } = await setup();
  const lasting = (exp: number, since: Claims = {}) => sign({ ...good, ...since, exp });
  for (const token of [
    await lasting(now + 401 * DAY),
    await lasting(now + 253e6 * 1000),
    await lasting(now + 253_402_300_799),
    await lasting(now + 200 * DAY, { iat: now - 201 * DAY }),
    await lasting(now + 10, { nbf: now - 401 * DAY }),
    // Not valid for long, but only in years: the lifetime counts from now.
    await lasting(now + 402 * DAY, { iat: now, nbf: now }),
  ]) {
    expect((await ask(h, token)).status).toBe(401);
  }
  expect((await ask(h, await lasting(now + 401 * DAY))).text).toContain("max-token-lifetime");
  expect((await ask(h, await lasting(now + 400 * DAY))).status).toBe(201);
  const short = await setup('max-token-lifetime = "1h"\n');
  const hours = (count: number) => sign({ ...short.good, exp: short.now + count * 3600 });
  expect((await ask(short.h, await hours(2))).status).toBe(401);
  expect((await ask(short.h, await hours(1))).status).toBe(201);
});

test("S7: what is wrong is told to those alone whose token a key has signed", async () => {
  const { h, good } = await setup();
  const other = await new SignJWT({ ...good, streams: undefined })
    .setProtectedHeader({ alg: "HS256" })
    .sign(Buffer.alloc(32, 9));
  const { status, text } = await ask(h, other);
  expect(status).toBe(401);
  expect(text).toContain("The token is unknown");
  expect((await ask(h, await sign({ ...good, aud: "x" }))).text).toContain("auth.audience");
});

test("S7: a star never crosses a slash, in JWTs, static tokens and rules", async () => {
  const { h, good } = await setup(
    `[[auth.tokens]]\ntoken = "static-token-1234"\nrights = ["publish"]\nstreams = ["*"]\n
[[streams]]\nmatch = "*"\nview = "open"\nwait-for-stream = true\n`,
  );
  const star = await sign({ ...good, streams: ["*"] });
  expect((await ask(h, star, "/whip/a")).status).toBe(201);
  expect((await ask(h, star, "/whip/a/b")).status).toBe(403);
  expect((await ask(h, star, "/whip/a%2Fb")).status).toBe(403);
  expect((await ask(h, "static-token-1234", "/whip/c/d")).status).toBe(403);
  expect((await ask(h, "static-token-1234", "/whip/c")).status).toBe(201);
  expect((await h.post("/whep/x/y", PUBLISHER_OFFER)).status).toBe(401);
  expect((await h.post("/whep/x", PUBLISHER_OFFER)).status).not.toBe(401);
});

test("S14: a token is never put into the URL of a redirect", async () => {
  const config = `insecure = true\nredirect-url = "https://b.example"\n[limits]\nsessions = 0\n`;
  const h = await Harness.start({ config });
  const withTokens: [string, Record<string, string>][] = [
    ["/whip/a", { Authorization: "Bearer secret" }],
    ["/whip/a", { Authorization: "secret" }],
    ["/whep/a?token=secret", {}],
    ["/whep/a?x=1&token=secret", { Authorization: "Bearer undefined" }],
  ];
  for (const [path, headers] of withTokens) {
    const response = await h.post(path, PUBLISHER_OFFER, { headers });
    expect([path, response.status]).toEqual([path, 503]);
    expect(response.headers.get("Retry-After")).toMatch(/^\d+$/);
    expect(response.headers.has("Location")).toBe(false);
    const text = await response.text();
    expect(text).toContain("https://b.example");
    expect(text).not.toContain("secret");
  }
  expect((await h.post("/whip/a", PUBLISHER_OFFER)).status).toBe(307);
  // A server that stops sends nobody's token anywhere either.
  void h.control.drain();
  expect((await h.post("/whip/a", PUBLISHER_OFFER)).status).toBe(307);
  expect((await h.post("/whip/a?token=secret", PUBLISHER_OFFER)).status).toBe(503);
});
