/** A full node's viewers go to another one: what it gives them along, and what that makes of it. */
import { expect, test } from "bun:test";
import type { LinkState } from "../../../src/contract/cluster.ts";
import { ticketKeys, writeTicket } from "../../../src/control/http/ticket.ts";
import { viewLimits } from "../../../src/control/streams/layer-limits.ts";
import {
  Harness,
  type HarnessOptions,
  RESTART,
  TRICKLE,
  VIEWER_OFFER,
} from "../../support/control-harness.ts";
import { linkState } from "../../support/link-state.ts";

const [A, B, C] = ["aa", "bb", "cc"].map((digits) => digits.repeat(16)) as [string, string, string];
const HASH = new Bun.CryptoHasher("sha256").update("a viewer's own token").digest("hex");
const TOKENS = `
[[auth.tokens]]
token = "somebody's administrator"
rights = ["publish", "view", "admin"]
[[auth.tokens]]
hash = "${HASH}"
rights = ["view"]
streams = ["cam"]
max-width = 640
max-bitrate = "1M"
`;
const STRICT = `[auth]\nsession-url-is-proof = false\n${TOKENS}`;

/** What A hears of another node. */
function link(node: string, change: Partial<LinkState> = {}): LinkState {
  const url = `https://${node.slice(0, 2)}.example`;
  return linkState(node, { url, filled: 0.3, ...change });
}

function hearOf(h: Harness, ...links: readonly LinkState[]): void {
  const state = {
    role: "core" as const,
    accepts: [],
    links,
    pulls: [],
    published: [],
    failures: [],
  };
  h.plane.events.cluster({ type: "cluster-state", state });
}

/** A node that has heard of the stream `cam`, which is at none of these. */
async function nodeOf(id: string, options: HarnessOptions = {}): Promise<Harness> {
  const h = await Harness.start({ cluster: true, node: id, ...options });
  // A clock tells parts of a millisecond, too.
  h.wallMs += 0.25;
  h.plane.events.relayStarted();
  const tracks = [{ kind: "video", rid: null, codec: "vp8", fmtp: "", channels: 0 }] as const;
  const stream = { name: "cam", epoch: 1, owner: "dd".repeat(16), tracks };
  h.plane.events.cluster({ type: "heard", name: "cam", stream });
  return h;
}

/** A is full, and knows B. */
async function full(options: HarnessOptions = {}): Promise<Harness> {
  const a = await nodeOf(A, options);
  a.plane.overloaded = true;
  hearOf(a, link(B));
  return a;
}

/** Where A sends a viewer. */
async function sentTo(a: Harness, path = "/whep/cam", headers = {}): Promise<URL> {
  const response = await a.post(path, VIEWER_OFFER, { headers });
  expect(response.status).toBe(307);
  expect(response.headers.get("Cache-Control")).toBe("no-store");
  return new URL(response.headers.get("Location")!);
}

/** The path of a redirect, for the node that it leads to. */
function pathOf({ pathname, search }: URL): string {
  return pathname + search;
}

async function refusal(response: Response): Promise<[number, string]> {
  expect(response.headers.get("Content-Type")).toBe("application/problem+json");
  const { title, detail } = (await response.json()) as { title: string; detail: string };
  expect(title).toBe("Ticket refused");
  return [response.status, detail];
}

test("while a node has room its viewers stay", async () => {
  const a = await nodeOf(A);
  hearOf(a, link(B, { filled: 0 }));
  expect((await a.post("/whep/cam", VIEWER_OFFER)).status).toBe(201);
});

test("a full node sends its viewer to another, which takes it without a token", async () => {
  const a = await full();
  const target = await sentTo(a);
  expect(target.origin).toBe("https://bb.example");
  expect(target.pathname).toBe("/whep/cam");
  expect([...target.searchParams.keys()]).toEqual(["ticket"]);
  // It has not made the stream come for a viewer that it does not take.
  expect(a.plane.told.filter(({ type }) => type === "pull")).toEqual([]);
  const b = await nodeOf(B, { config: TOKENS });
  expect((await b.post("/whep/cam", VIEWER_OFFER)).status).toBe(401);
  const response = await b.post(pathOf(target), VIEWER_OFFER);
  expect(response.status).toBe(201);
  // Clients that resolve it against the address that they had first need all of it.
  expect(response.headers.get("Location")).toMatch(/^http:\/\/localhost\/session\/[\w-]{22}$/);
  const metrics = await (await a.request("GET", "/metrics")).text();
  expect(metrics).toContain('spillway_cluster_redirects_total{reason="overload"} 1');
});

test("ticket-limits: what the viewer's own token allows goes along, the token does not", async () => {
  const a = await full({ config: TOKENS });
  const target = await sentTo(a, "/whep/cam?token=a+viewer%27s+own+token&x=1");
  expect(target.href).not.toContain("own");
  const b = await nodeOf(B, { config: '[[streams]]\nmatch = "**"\nmax-height = 400' });
  expect((await b.post(pathOf(target), VIEWER_OFFER)).status).toBe(201);
  const { limits } = b.plane.viewers[0]!;
  expect(limits).toMatchObject({ widthMax: 640, heightMax: 400, bitrateMax: 1e6 });
  // Who may not watch it is told so here.
  expect((await a.post("/whep/cam", VIEWER_OFFER)).status).toBe(401);
  expect((await a.post("/whep/other?token=a+viewer%27s+own+token", VIEWER_OFFER)).status).toBe(403);
});

test("ticket-hook: the hook is asked by the node that sends, and by it alone", async () => {
  const asked: string[] = [];
  const hookOf = (node: string, status: number) => ({
    config: '[hook]\nurl = "http://127.0.0.1:9/"',
    fetch: async (_url: string, init: RequestInit) => {
      const { event } = JSON.parse(String(init.body)) as { event: string };
      if (event === "view") asked.push(node);
      return new Response(null, { status });
    },
  });
  const refused = await full(hookOf("refusing", 403));
  expect((await refused.post("/whep/cam", VIEWER_OFFER)).status).toBe(403);
  const a = await full(hookOf("a", 200));
  const b = await nodeOf(B, hookOf("b", 403));
  expect((await b.post(pathOf(await sentTo(a)), VIEWER_OFFER)).status).toBe(201);
  expect(asked).toEqual(["refusing", "a"]);
});

test("ticket-proof: the session's URL is all that its client has to show, whatever it shows besides", async () => {
  const a = await full();
  const b = await nodeOf(B, { config: STRICT });
  for (const headers of [{}, { Origin: "null" }, { Authorization: "Bearer of-node-a" }] as Record<
    string,
    string
  >[]) {
    const posted = await b.post(pathOf(await sentTo(a)), VIEWER_OFFER, { headers });
    expect(posted.status).toBe(201);
    expect(posted.headers.get("Access-Control-Allow-Origin")).toBe("*");
    expect(posted.headers.get("Access-Control-Expose-Headers")).toContain("Location");
    const { pathname } = new URL(posted.headers.get("Location")!);
    const patch = {
      ...headers,
      "Content-Type": "application/trickle-ice-sdpfrag",
      "If-Match": posted.headers.get("ETag")!,
    };
    const ask = (method: string, path: string, body?: string) =>
      b.request(method, path, { headers: patch, body });
    expect((await ask("PATCH", pathname, TRICKLE)).status).toBe(204);
    expect((await ask("PATCH", pathname, RESTART)).status).toBe(200);
    expect((await b.request("POST", `${pathname}/layer`, { headers, body: "{}" })).status).toBe(
      200,
    );
    const events = await b.request("POST", `${pathname}/events`, { headers });
    expect(events.status).toBe(201);
    const stream = await b.request("GET", events.headers.get("Location")!, { headers });
    expect(stream.status).toBe(200);
    await stream.body?.cancel();
    const ended = await b.request("DELETE", pathname, { headers });
    expect([ended.status, ended.headers.get("Access-Control-Allow-Origin")]).toEqual([200, "*"]);
  }
});

test("the session of a viewer that nobody sent asks for its token as before", async () => {
  const b = await nodeOf(B, { config: STRICT });
  const posted = await b.post("/whep/cam?token=a+viewer%27s+own+token", VIEWER_OFFER);
  expect(posted.status).toBe(201);
  const path = posted.headers.get("Location")!;
  expect((await b.request("DELETE", path)).status).toBe(401);
  expect((await b.request("DELETE", `${path}?token=a+viewer%27s+own+token`)).status).toBe(200);
});

test("browsers may follow: the preflight of the new address is answered, the redirect readable", async () => {
  const a = await full({ config: '[[streams]]\nmatch = "**"\nview = "open"' });
  const headers = { Origin: "https://player.example" };
  const redirect = await a.post("/whep/cam", VIEWER_OFFER, { headers });
  expect(redirect.headers.get("Access-Control-Allow-Origin")).toBe("*");
  const target = new URL(redirect.headers.get("Location")!);
  const b = await nodeOf(B, { config: TOKENS });
  const preflight = await b.request("OPTIONS", pathOf(target), {
    headers: {
      Origin: "null",
      "Access-Control-Request-Method": "POST",
      "Access-Control-Request-Headers": "content-type",
    },
  });
  expect(preflight.ok).toBeTrue();
  expect(preflight.headers.get("Access-Control-Allow-Origin")).toBe("*");
  expect(preflight.headers.get("Access-Control-Allow-Headers")).toContain("Content-Type");
  expect(preflight.headers.get("Access-Control-Allow-Methods")).toContain("POST");
  // It has not used the ticket up.
  const posted = await b.post(pathOf(target), VIEWER_OFFER, { headers: { Origin: "null" } });
  expect(posted.status).toBe(201);
});

test("ticket-once: a ticket is good for one POST", async () => {
  const target = pathOf(await sentTo(await full()));
  const b = await nodeOf(B);
  expect((await b.post(target, VIEWER_OFFER)).status).toBe(201);
  const [status, detail] = await refusal(await b.post(target, VIEWER_OFFER));
  expect(status).toBe(403);
  expect(detail).toContain("It has been used");
  const metrics = await (await b.request("GET", "/metrics")).text();
  expect(metrics).toContain('spillway_refused_total{reason="ticket"} 1');
});

/** What A hears of B's clock: half a round trip more or less. */
function clockOf(b: Harness, a: Harness, boot = 1): LinkState["clock"] {
  return { boot, aheadUs: b.nowUs - a.nowUs + 40_000 };
}

test("ticket-clock: ... for 30 seconds by the clock of who takes it, whatever the two show", async () => {
  const HOUR = 3_600;
  for (const wall of [-HOUR, -31, 0, 31, HOUR]) {
    for (const uptime of [-HOUR, 0, 400 * HOUR]) {
      const a = await full();
      const b = await nodeOf(B);
      a.nowUs += 2 * HOUR * 1e6;
      b.nowUs = a.nowUs + uptime * 1e6;
      b.wallMs = a.wallMs + wall * 1000;
      hearOf(a, link(B, { clock: clockOf(b, a) }));
      const after = async (seconds: number) => {
        const target = pathOf(await sentTo(a));
        for (const each of [a, b]) each.nowUs += seconds * 1e6;
        return b.post(target, VIEWER_OFFER);
      };
      expect([wall, uptime, (await after(29)).status]).toEqual([wall, uptime, 201]);
      expect((await refusal(await after(30.1)))[1]).toContain("has expired");
      // Nor is it good once more when somebody has set the clock back.
      const target = pathOf(await sentTo(a));
      expect((await b.post(target, VIEWER_OFFER)).status).toBe(201);
      for (const back of [-HOUR, 0, HOUR]) {
        b.wallMs += back * 1000;
        expect((await refusal(await b.post(target, VIEWER_OFFER)))[0]).toBe(403);
        b.nowUs += 31e6;
      }
    }
  }
});

test("ticket-clock: one by the clock of another process is none, nor one that is good for longer", async () => {
  const a = await full();
  const b = await nodeOf(B);
  const post = async (clock: LinkState["clock"]) => {
    hearOf(a, link(B, { clock }));
    return refusal(await b.post(pathOf(await sentTo(a)), VIEWER_OFFER));
  };
  const older = await post(clockOf(b, a, 7));
  expect(older).toEqual([503, expect.stringContaining("older than this server")]);
  const { aheadUs } = clockOf(b, a)!;
  expect((await post({ boot: 1, aheadUs: aheadUs + 2e6 }))[1]).toContain("future");
  expect((await post({ boot: 1, aheadUs: -1e15 }))[1]).toContain("has expired");
});

test("ticket-once: ... also when others come after it, as long as it has not expired", async () => {
  const a = await full();
  const b = await nodeOf(B);
  const targets = [pathOf(await sentTo(a)), pathOf(await sentTo(a))] as const;
  expect((await b.post(targets[0], VIEWER_OFFER)).status).toBe(201);
  b.pass(20);
  expect((await b.post(targets[1], VIEWER_OFFER)).status).toBe(201);
  for (const target of targets) {
    expect((await refusal(await b.post(target, VIEWER_OFFER)))[1]).toContain("has been used");
  }
});

test("ticket-time: of a node that knows no clock of ours it is by times of day, which may differ as much", async () => {
  const a = await full();
  const b = await nodeOf(B);
  const after = async (seconds: number) => {
    const target = pathOf(await sentTo(a));
    b.wallMs = a.wallMs + seconds * 1000;
    return b.post(target, VIEWER_OFFER);
  };
  expect((await after(29)).status).toBe(201);
  expect((await after(-29)).status).toBe(201);
  expect((await refusal(await after(30)))[1]).toContain("has expired");
  expect((await refusal(await after(-31)))[1]).toContain("clocks");
});

test("ticket-place: ... at the node and the stream that it is for", async () => {
  const a = await full();
  const c = await nodeOf(C);
  const target = pathOf(await sentTo(a));
  expect((await refusal(await c.post(target, VIEWER_OFFER)))[1]).toContain("another node");
  const b = await nodeOf(B);
  const other = target.replace("/cam", "/other");
  expect((await refusal(await b.post(other, VIEWER_OFFER)))[1]).toContain("another stream");
  // To publish it is nothing at all.
  const guarded = await nodeOf(B, { config: TOKENS });
  const whip = target.replace("/whep/", "/whip/");
  expect((await guarded.post(whip, VIEWER_OFFER)).status).toBe(401);
});

test("ticket-key: ... and from a node that has a secret in common", async () => {
  const target = pathOf(await sentTo(await full()));
  const b = await nodeOf(B);
  const altered = target.replace(/.$/, (last) => (last === "A" ? "E" : "A"));
  expect((await refusal(await b.post(altered, VIEWER_OFFER)))[1]).toContain("altered");
  expect((await refusal(await b.post("/whep/cam?ticket=x", VIEWER_OFFER)))[0]).toBe(403);
  // One that knows the old secret beside a new one takes it, one with the new one alone does not.
  const withSecrets = (...secrets: readonly string[]) =>
    b.control.reload({
      ...b.config,
      cluster: { ...b.config.cluster!, secrets: secrets.map((hex) => Uint8Array.fromHex(hex)) },
    });
  await withSecrets("cd".repeat(32));
  expect((await refusal(await b.post(target, VIEWER_OFFER)))[1]).toContain("no secret in common");
  await withSecrets("cd".repeat(32), "ab".repeat(32));
  expect((await b.post(target, VIEWER_OFFER)).status).toBe(201);
});

test("ticket-once: a ticket from before this process may have been used with the one before", async () => {
  const target = pathOf(await sentTo(await full()));
  const a = await full();
  a.wallMs -= 1000;
  const older = pathOf(await sentTo(a));
  const b = await nodeOf(B);
  const [status, detail] = await refusal(await b.post(older, VIEWER_OFFER));
  expect([status, detail]).toEqual([503, expect.stringContaining("older than this server")]);
  expect((await b.post(target, VIEWER_OFFER)).status).toBe(201);
});

test("ticket-hops: a viewer is sent on twice at most, and never back", async () => {
  const a = await full();
  const b = await full({ node: B });
  hearOf(b, link(A), link(C, { filled: 0.9 }));
  const second = await sentTo(b, pathOf(await sentTo(a)));
  expect(second.origin).toBe("https://cc.example");
  const c = await full({ node: C });
  hearOf(c, link(A), link(B), link("ee".repeat(16)));
  const third = await c.post(pathOf(second), VIEWER_OFFER);
  expect(third.status).toBe(503);
  expect(third.headers.get("Retry-After")).toBe("5");
});

test("ticket-hops: one that says that it was sent on three times, or here before, is refused", async () => {
  const b = await nodeOf(B);
  const [key] = ticketKeys("spillway", [Uint8Array.fromHex("ab".repeat(32))]);
  const post = async (via: readonly string[], nonce: string) => {
    const ticket = { stream: "cam", limits: viewLimits({}), audience: B, via, nonce, boot: null };
    const text = writeTicket({ ...ticket, expiresMs: Math.floor(b.wallMs) + 30_000 }, key!);
    return b.post(`/whep/cam?ticket=${text}`, VIEWER_OFFER);
  };
  const third = await refusal(await post([A, C, "ee".repeat(16)], "01".repeat(16)));
  expect(third).toEqual([403, expect.stringContaining("more than 2 times")]);
  expect((await refusal(await post([B, A], "02".repeat(16))))[0]).toBe(403);
  expect((await post([C, A], "03".repeat(16))).status).toBe(201);
});

test("without a node that has room there is 503, as ever", async () => {
  const a = await full();
  for (const links of [
    [],
    [link(B, { filled: 1 })],
    [link(B, { filled: null })],
    [link(B, { url: "" })],
    [link(B, { url: "javascript:alert(1)" })],
  ]) {
    hearOf(a, ...links);
    const response = await a.post("/whep/cam", VIEWER_OFFER);
    expect([links, response.status]).toEqual([links, 503]);
    expect(response.headers.get("Retry-After")).toBe("5");
  }
});

test("a stream that nobody has is 409 on a full node, too", async () => {
  const a = await full();
  expect((await a.post("/whep/other", VIEWER_OFFER)).status).toBe(409);
});

test("who comes by TLS is not sent to a node without", async () => {
  const args = ["--trusted-proxy", "127.0.0.0/8"];
  const a = await full({ args, config: TOKENS });
  const headers = { "X-Forwarded-Proto": "https" };
  const path = "/whep/cam?token=a+viewer%27s+own+token";
  const post = () => a.post(path, VIEWER_OFFER, { headers });
  hearOf(a, link(B, { url: "http://bb.example" }));
  expect((await post()).status).toBe(503);
  hearOf(a, link(B));
  expect((await post()).status).toBe(307);
});

test("all that a node may be full of sends viewers on: sessions, bits, and that it stops", async () => {
  const sessions = await nodeOf(A, { args: ["--limits-sessions", "1"] });
  hearOf(sessions, link(B));
  await sessions.view("cam");
  await sentTo(sessions);
  const bits = await nodeOf(A, { args: ["--capacity", "10k"] });
  hearOf(bits, link(B));
  await bits.view("cam");
  await sentTo(bits);
  const stops = await nodeOf(A, { args: ["--drain-seconds", "1"] });
  hearOf(stops, link(B));
  const { number } = await stops.view("cam");
  const drained = stops.control.drain();
  await sentTo(stops);
  // A publisher has to find its way itself.
  expect((await stops.post("/whip/new", VIEWER_OFFER)).status).toBe(503);
  stops.plane.events.closed(number, "peer-closed");
  await drained;
});

test("players are told to ask again when their node stops, if another one has room", async () => {
  for (const [links, told] of [
    [[link(B)], true],
    [[link(B, { filled: 1 })], false],
  ] as const) {
    const a = await nodeOf(A, { args: ["--drain-seconds", "1"] });
    hearOf(a, ...links);
    const { location, number } = await a.view("cam");
    const events = await a.request("GET", `${location}/events`);
    const drained = a.control.drain();
    a.plane.events.closed(number, "peer-closed");
    await drained;
    expect((await events.text()).includes("event: reconnect")).toBe(told);
  }
});

test("one that was sent asks again where it asked first: here it has no token", async () => {
  const a = await full();
  const b = await nodeOf(B, { config: TOKENS });
  const posted = await b.post(pathOf(await sentTo(a)), VIEWER_OFFER);
  const { pathname } = new URL(posted.headers.get("Location")!);
  const events = await b.request("GET", `${pathname}/events`);
  b.plane.events.closed(b.plane.viewers[0]!.session, "codec-changed");
  expect(await events.text()).toContain("event: reconnect\ndata: {}\n");
});

test("a server in no cluster does not look at tickets", async () => {
  const h = await Harness.start();
  await h.publish("cam");
  const posted = await h.post("/whep/cam?ticket=x", VIEWER_OFFER);
  expect(posted.status).toBe(201);
  expect(posted.headers.get("Location")).toStartWith("/session/");
  expect(await (await h.request("GET", "/metrics")).text()).not.toContain("cluster_redirects");
});
