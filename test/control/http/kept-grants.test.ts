import { expect, test } from "bun:test";
import { SignJWT } from "jose";
import { loadConfig } from "../../../src/config.ts";
import { KeptGrants } from "../../../src/control/http/kept-grants.ts";
import { TOKENS_KEPT_MAX, TOKENS_KEPT_US } from "../../../src/limits.ts";
import { Harness } from "../../support/control-harness.ts";

const SECRET = Buffer.from("0123456789abcdef0123456789abcdef");
const KEYS = `[[auth.keys]]\nalg = "HS256"\nsecret = "${SECRET.toString("base64url")}"\n`;
const OTHER = KEYS.replace(SECRET.toString("base64url"), Buffer.alloc(32, 9).toString("base64url"));

test("kept for ten seconds, or as long as the token is good", () => {
  const kept = new KeptGrants<string>();
  kept.keep("a", "A", 0, Number.POSITIVE_INFINITY);
  kept.keep("b", "B", 0, 3_000_000);
  expect([kept.get("a", 2_999_999), kept.get("b", 2_999_999)]).toEqual(["A", "B"]);
  expect([kept.get("a", 3_000_000), kept.get("b", 3_000_000)]).toEqual(["A", null]);
  expect([kept.get("a", TOKENS_KEPT_US - 1), kept.get("a", TOKENS_KEPT_US)]).toEqual(["A", null]);
});

test("the oldest makes place, and what is over is forgotten", () => {
  const kept = new KeptGrants<number>();
  for (let i = 0; i < TOKENS_KEPT_MAX + 5; i += 1) kept.keep(String(i), i, i, 1e9);
  expect(kept.size).toBe(TOKENS_KEPT_MAX);
  expect([kept.get("4", 9_000), kept.get("5", 9_000)]).toEqual([null, 5]);
  kept.keep("new", -1, 60_000_000, 1e9);
  expect(kept.size).toBe(1);
});

/** A JWT that is good for so many seconds. */
function sign(h: Harness, seconds: number, rights = ["view"], streams = ["a"]): Promise<string> {
  return new SignJWT({ rights, streams })
    .setProtectedHeader({ alg: "HS256" })
    .setAudience("spillway")
    .setExpirationTime(Math.floor(h.wallMs / 1000) + seconds)
    .sign(SECRET);
}

async function statusOf(h: Harness, token: string, stream = "a"): Promise<number> {
  const path = `/hls/${stream}/x-0.m3u8?token=${token}`;
  return (await h.request("GET", path, { address: "198.51.100.7" })).status;
}

test("one that has expired opens nothing, however lately it was shown", async () => {
  const h = await Harness.start({ config: KEYS });
  const token = await sign(h, 5);
  // A minute is forgiven.
  for (let i = 0; i <= 65; i += 1) {
    const good = i < 65;
    expect([i, await statusOf(h, token)]).toEqual([i, good ? 404 : 401]);
    h.pass(1);
  }
});

test("what is kept of a token opens no other stream, and nothing but to watch", async () => {
  const h = await Harness.start({ config: KEYS });
  const token = await sign(h, 60);
  expect([await statusOf(h, token), await statusOf(h, token, "b")]).toEqual([404, 403]);
  const headers = { Authorization: `Bearer ${token}` };
  expect((await h.post("/whip/a", "v=0", { headers, address: "198.51.100.7" })).status).toBe(403);
  const mine = token.slice(0, -2) + (token.endsWith("AA") ? "BB" : "AA");
  expect(await statusOf(h, mine)).toBe(401);
});

test("a reload that takes a key or a token away ends what was kept", async () => {
  const fixed = '[[auth.tokens]]\ntoken = "0123456789abcdef"\nrights = ["view"]\n';
  const h = await Harness.start({ config: KEYS + fixed });
  const token = await sign(h, 600);
  expect([await statusOf(h, token), await statusOf(h, "0123456789abcdef")]).toEqual([404, 404]);
  const parsed = loadConfig({
    args: ["--config", "c.toml"],
    env: {},
    readFile: () => OTHER,
    cores: 2,
    memoryBytes: 8e9,
  });
  if (!parsed.ok) throw new Error(parsed.error);
  await h.control.reload(parsed.config);
  expect([await statusOf(h, token), await statusOf(h, "0123456789abcdef")]).toEqual([401, 401]);
});
