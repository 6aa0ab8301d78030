/** What needs no token: decided at start, narrowed by a reload, and never for foreign pages. */
import { expect, test } from "bun:test";
import { loadConfig } from "../../../src/config.ts";
import {
  Harness,
  PUBLISHER_OFFER,
  readEvents,
  VIEWER_OFFER,
} from "../../support/control-harness.ts";

const TOKEN = "publisher-token-1";
const STATIC = `
[[auth.tokens]]
token = "${TOKEN}"
rights = ["publish", "view", "admin"]
`;
const SECRET = Buffer.alloc(32, 7).toString("base64url");
const KEY = `[[auth.keys]]\nalg = "HS256"\nsecret = "${SECRET}"\n`;
const PUBLIC = ["--http", "0.0.0.0:8080"];

const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } });

function parse(text: string, args: readonly string[] = []) {
  const sources = { args: ["--config", "c", ...args], env: {}, cores: 2, memoryBytes: 8e9 };
  const parsed = loadConfig({ ...sources, readFile: () => text });
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.config;
}

async function reload(h: Harness, text: string, args: readonly string[] = []): Promise<string> {
  try {
    await h.control.reload(parse(text, args));
    return "done";
  } catch (error) {
    return (error as Error).message;
  }
}

async function statuses(h: Harness, headers: Record<string, string> = {}) {
  const api = await h.request("GET", "/api/v1/sessions", { headers });
  const metrics = await h.request("GET", "/metrics", { headers });
  const whip = await h.post("/whip/x", PUBLISHER_OFFER, { headers });
  return [api.status, metrics.status, whip.status];
}

test("S5: a reload without any token is refused, and the old tokens stay", async () => {
  for (const [args, config] of [
    [[], STATIC],
    [PUBLIC, STATIC],
    [[], KEY],
    [[], STATIC + KEY],
  ] as const) {
    const h = await Harness.start({ config, args });
    expect(await reload(h, "", args)).toContain("no token and no key is left");
    expect(await reload(h, 'log-level = "debug"', args)).toContain("restart the server");
    expect(await statuses(h)).toEqual([401, 401, 401]);
    if (config !== KEY) expect(await statuses(h, bearer(TOKEN).headers)).toEqual([200, 200, 201]);
  }
});

test("S5: tokens and keys are exchanged, also one kind for the other", async () => {
  const h = await Harness.start({ config: STATIC });
  expect(await reload(h, STATIC.replace(TOKEN, "another-token-123"))).toBe("done");
  expect(await statuses(h, bearer(TOKEN).headers)).toEqual([401, 401, 401]);
  expect(await statuses(h, bearer("another-token-123").headers)).toEqual([200, 200, 201]);
  expect(await reload(h, KEY)).toBe("done");
  expect(await statuses(h, bearer("another-token-123").headers)).toEqual([401, 401, 401]);
  expect(await statuses(h)).toEqual([401, 401, 401]);
});

test("S5: no option opens by a reload what was closed at the start", async () => {
  const h = await Harness.start({ config: STATIC, args: PUBLIC });
  const wider = `insecure = true\ncors-origins = "https://a.example"\n${STATIC}
[[streams]]\nmatch = "**"\nview = "open"`;
  // As if the listener were on loopback now, without a proxy.
  expect(await reload(h, wider)).toBe("done");
  expect(await statuses(h)).toEqual([401, 401, 401]);
  expect((await h.post("/whep/x", VIEWER_OFFER)).status).toBe(401);
  const told = h.lines.join("");
  for (const word of ["insecure", "cors-origins", "view = ", "restart"]) {
    expect(told).toContain(word);
  }
});

test("S5: a hook that no token stands beside any more does not take over", async () => {
  const hook = `[hook]\nurl = "http://hook.example/"\n`;
  const view = `[[auth.tokens]]\ntoken = "viewer-token-1234"\nrights = ["view"]\n`;
  const fetch = async () => new Response();
  const h = await Harness.start({ config: STATIC + hook, fetch });
  expect(await reload(h, view + hook)).toBe("done");
  expect((await h.post("/whip/x", PUBLISHER_OFFER)).status).toBe(401);
});

test("S5: session URLs that are no proof do not become one", async () => {
  const strict = "[auth]\nsession-url-is-proof = false\n";
  const h = await Harness.start({ config: strict + STATIC });
  const posted = await h.post("/whip/x", PUBLISHER_OFFER, bearer(TOKEN));
  expect(await reload(h, STATIC)).toBe("done");
  expect((await h.request("DELETE", posted.headers.get("Location")!)).status).toBe(401);
});

test("S5: what a reload has closed stays closed until a restart", async () => {
  const open = `[[streams]]\nmatch = "**"\nview = "open"\n`;
  const h = await Harness.start({ config: open });
  expect(await statuses(h)).toEqual([200, 200, 201]);
  expect(await reload(h, STATIC + open)).toBe("done");
  expect(await statuses(h)).toEqual([401, 401, 401]);
  expect((await h.post("/whep/y", VIEWER_OFFER)).status).toBe(409);
  expect(await reload(h, STATIC)).toBe("done");
  expect((await h.post("/whep/y", VIEWER_OFFER)).status).toBe(401);
  expect(await reload(h, STATIC + open)).toBe("done");
  expect((await h.post("/whep/y", VIEWER_OFFER)).status).toBe(401);
  expect(await reload(h, open)).toContain("no token");
});

test("S5: a rule that is put before an open one closes its streams", async () => {
  const open = `[[streams]]\nmatch = "**"\nview = "open"\n`;
  const h = await Harness.start({ config: STATIC + open });
  expect(await reload(h, `${STATIC}[[streams]]\nmatch = "vip/*"\n${open}`)).toBe("done");
  expect((await h.post("/whep/vip/a", VIEWER_OFFER)).status).toBe(401);
  expect((await h.post("/whep/a", VIEWER_OFFER)).status).toBe(409);
});

test("S5: a reload that would let nobody in is refused", async () => {
  const h = await Harness.start();
  const publicUrl = 'public-url = "https://live.example.com"';
  expect(await reload(h, publicUrl)).toContain("closed to everybody");
  expect(await statuses(h)).toEqual([200, 200, 201]);
  // A listener that all reach does not become one of loopback, whatever the file says now.
  const insecure = await Harness.start({ args: [...PUBLIC, "--insecure"] });
  expect(await reload(insecure, "")).toContain("closed to everybody");
  expect(await statuses(insecure, { Host: "live.example" })).toEqual([200, 200, 201]);
});

const FOREIGN: readonly Record<string, string>[] = [
  { Origin: "https://evil.example" },
  { Origin: "null" },
  { Origin: "http://localhost:3000" },
  { Origin: "https://localhost" },
  { Origin: "http://127.0.0.1" },
  { Origin: "file://" },
  { Origin: "http://localhost.evil.example" },
  { Origin: "nonsense" },
  { Origin: "" },
  { "Sec-Fetch-Site": "cross-site" },
  { "Sec-Fetch-Site": "same-site" },
  { "Sec-Fetch-Site": "Cross-Site" },
  { "Sec-Fetch-Site": "something-new" },
  { Origin: "http://localhost", "Sec-Fetch-Site": "cross-site" },
];

test("S4: an open loopback server is not open to foreign pages, and says what to do", async () => {
  for (const headers of FOREIGN) {
    const h = await Harness.start();
    const name = JSON.stringify(headers);
    expect([name, await statuses(h, headers)]).toEqual([name, [403, 403, 403]]);
    expect((await h.post("/whep/x", VIEWER_OFFER, { headers })).status).toBe(403);
    const kick = await h.request("DELETE", "/api/v1/sessions/p1", { headers });
    expect(kick.status).toBe(403);
    expect(await kick.text()).toContain("cors-origins");
  }
});

test("S4: own pages and programs go on as before", async () => {
  for (const headers of [
    {},
    { Origin: "http://localhost" },
    { Origin: "http://LOCALHOST:80" },
    { "Sec-Fetch-Site": "same-origin" },
    { "Sec-Fetch-Site": "none" },
    { Origin: "http://127.0.0.1:8080", Host: "127.0.0.1:8080" },
    { Origin: "http://[::1]:8080", Host: "[::1]:8080", "Sec-Fetch-Site": "same-origin" },
  ] as Record<string, string>[]) {
    const h = await Harness.start();
    expect([headers, await statuses(h, headers)]).toEqual([headers, [200, 200, 201]]);
  }
});

test("S4: origins that are listed are not foreign, and read the API from there", async () => {
  const page = { Origin: "http://localhost:5173", "Sec-Fetch-Site": "same-site" };
  const h = await Harness.start({ args: ["--cors-origins", "http://localhost:5173"] });
  expect(await statuses(h, page)).toEqual([200, 200, 201]);
  const stats = await h.request("GET", "/api/v1/stats", { headers: page });
  expect(stats.headers.get("Access-Control-Allow-Origin")).toBe("http://localhost:5173");
  expect(stats.headers.get("Vary")).toContain("Origin");
  const ask = { ...page, "Access-Control-Request-Method": "DELETE" };
  const preflight = await h.request("OPTIONS", "/api/v1/sessions/p1", { headers: ask });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get("Access-Control-Allow-Methods")).toContain("DELETE");
  const other = await h.request("GET", "/api/v1/stats", { headers: FOREIGN[0]! });
  expect(other.headers.has("Access-Control-Allow-Origin")).toBe(false);
});

test("S4: a foreign page's valid token counts, its bad one is 401", async () => {
  const h = await Harness.start({ config: STATIC });
  const headers = { ...bearer(TOKEN).headers, ...FOREIGN[0] };
  expect(await statuses(h, headers)).toEqual([200, 200, 201]);
  const open = await Harness.start();
  expect(await statuses(open, headers)).toEqual([401, 401, 401]);
});

test("S4: --insecure stays open to every page", async () => {
  const h = await Harness.start({ args: ["--insecure"] });
  for (const headers of FOREIGN) {
    expect((await h.request("GET", "/metrics", { headers })).status).toBe(200);
  }
});

test("S4: a foreign page is refused before the hook is asked", async () => {
  let asked = 0;
  const h = await Harness.start({
    config: `[hook]\nurl = "http://hook.example/"`,
    fetch: async () => {
      asked += 1;
      return new Response();
    },
  });
  expect((await h.post("/whip/x", PUBLISHER_OFFER, { headers: FOREIGN[0]! })).status).toBe(403);
  expect(asked).toBe(0);
});

test("S4: everything is nosniff, and nothing but the watch page may be framed", async () => {
  const h = await Harness.start({ config: STATIC });
  for (const path of [
    "/",
    "/publish/a",
    "/dashboard",
    "/nothing",
    "/healthz",
    "/readyz",
    "/metrics",
    "/api/v1/stats",
    "/api/v1/openapi.json",
    "/whip/a",
    "/whep/a",
    "/session/x",
    "/whip/%00",
  ]) {
    const { headers } = await h.request("GET", path);
    expect([path, headers.get("X-Content-Type-Options")]).toEqual([path, "nosniff"]);
    expect([path, headers.has("Content-Security-Policy")]).toEqual([path, true]);
  }
  const refused = await h.post("/whip/a", PUBLISHER_OFFER);
  expect(refused.headers.get("X-Content-Type-Options")).toBe("nosniff");
  expect(refused.headers.get("Content-Security-Policy")).toBe("frame-ancestors 'none'");
});

const OPEN_NEWS = `${STATIC}
[[streams]]
match = "news/*"
view = "open"
wait-for-stream = true
`;

test("view = open: anybody watches from anywhere, nobody publishes or administers", async () => {
  const h = await Harness.start({ config: OPEN_NEWS, args: PUBLIC });
  const anybody = { headers: { Origin: "https://player.example", "Sec-Fetch-Site": "cross-site" } };
  const posted = await h.post("/whep/news/1", VIEWER_OFFER, anybody);
  expect(posted.status).toBe(201);
  expect(posted.headers.get("Access-Control-Allow-Origin")).toBe("*");
  expect((await h.post("/whep/news/1/x", VIEWER_OFFER, anybody)).status).toBe(401);
  expect((await h.post("/whep/other", VIEWER_OFFER, anybody)).status).toBe(401);
  expect((await h.post("/whip/news/1", PUBLISHER_OFFER, anybody)).status).toBe(401);
  expect((await h.request("GET", "/api/v1/sessions", anybody)).status).toBe(401);
  expect((await h.request("GET", "/api/v1/streams/news%2F1", anybody)).status).toBe(401);
  expect((await h.request("GET", "/metrics", anybody)).status).toBe(401);
  const location = posted.headers.get("Location")!;
  const events = await h.request("GET", `${location}/events`, anybody);
  expect((await readEvents(events, 1))[0]).toContain("viewercount");
  expect((await h.request("POST", `${location}/layer`, { ...anybody, body: "{}" })).status).toBe(
    200,
  );
  expect((await h.request("DELETE", location, anybody)).status).toBe(200);
});

test("view = open: also where session URLs are no proof, and with a token that is no good", async () => {
  const strict = `[auth]\nsession-url-is-proof = false\n${OPEN_NEWS}`;
  const h = await Harness.start({ config: strict, args: PUBLIC });
  for (const extra of [{}, bearer("expired-or-foreign-token")]) {
    const posted = await h.post("/whep/news/1", VIEWER_OFFER, extra);
    expect(posted.status).toBe(201);
    expect((await h.request("DELETE", posted.headers.get("Location")!, extra)).status).toBe(200);
  }
});

test("view = open: the list shows those streams, and all with a token", async () => {
  const h = await Harness.start({ config: OPEN_NEWS, args: PUBLIC });
  for (const name of ["news/1", "secret"]) {
    const posted = await h.post(`/whip/${name}`, PUBLISHER_OFFER, bearer(TOKEN));
    expect(posted.status).toBe(201);
  }
  const names = async (options: Parameters<Harness["request"]>[2]) => {
    const response = await h.request("GET", "/api/v1/streams", options);
    const body = (await response.json()) as { streams?: { name: string }[] };
    return [response.status, body.streams?.map(({ name }) => name)];
  };
  expect(await names({ headers: FOREIGN[0]! })).toEqual([200, ["news/1"]]);
  expect(await names(bearer(TOKEN))).toEqual([200, ["news/1", "secret"]]);
  expect(await names(bearer("expired-or-foreign-token"))).toEqual([401, undefined]);
  const list = await h.request("GET", "/api/v1/streams");
  expect(list.headers.get("WWW-Authenticate")).toStartWith("Bearer");
  expect(list.headers.get("Access-Control-Allow-Origin")).toBe("*");
});

test("view = open: on an open loopback server foreign pages watch those streams only", async () => {
  const config = OPEN_NEWS.replace(STATIC, "");
  const h = await Harness.start({ config });
  const foreign = { headers: FOREIGN[0]! };
  expect((await h.post("/whep/news/1", VIEWER_OFFER, foreign)).status).toBe(201);
  expect((await h.post("/whep/other", VIEWER_OFFER, foreign)).status).toBe(403);
  expect((await h.post("/whip/news/1", PUBLISHER_OFFER, foreign)).status).toBe(403);
});

test("what is open is told in words", async () => {
  const words = async (config: string, args: readonly string[] = []) =>
    (await Harness.start({ config, args })).control.openness();
  expect(await words("")).toContain("this machine");
  expect(await words("", ["--cors-origins", "https://a.example"])).toContain("https://a.example");
  expect(await words("", ["--insecure"])).toContain("everybody");
  expect(await words(STATIC)).toBe("nothing");
  expect(await words(OPEN_NEWS)).toBe("watching news/*");
});
