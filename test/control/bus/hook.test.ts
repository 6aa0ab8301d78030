/** The operator's hook: asked before, told afterwards. */
import { expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { Harness, PUBLISHER_OFFER, settle } from "../../support/control-harness.ts";
import { Joined } from "../../support/joined.ts";
import { Link } from "../../support/link.ts";

interface Call {
  readonly url: string;
  readonly body: Record<string, unknown>;
  readonly headers: Record<string, string>;
  readonly text: string;
}

async function withHook(answer: (call: Call) => Promise<Response> | Response, extra = "") {
  const calls: Call[] = [];
  const h = await Harness.start({
    config: `${extra}\n[hook]\nurl = "http://hook.example/ask"\nsecret = "s3cret"\ntimeout-ms = 50`,
    args: ["--http", "0.0.0.0:8080"],
    fetch: async (url, init) => {
      const text = String(init.body);
      const headers = init.headers as Record<string, string>;
      const call = { url, text, headers, body: JSON.parse(text) as Record<string, unknown> };
      calls.push(call);
      return answer(call);
    },
  });
  return { h, calls };
}

test("the hook is asked who publishes and views, signed, with token and address", async () => {
  const { h, calls } = await withHook(() => new Response(null, { status: 204 }));
  const from = { address: "203.0.113.7" };
  const posted = await h.post("/whip/a?token=key", PUBLISHER_OFFER, from);
  expect(posted.status).toBe(201);
  expect(calls[0]!.url).toBe("http://hook.example/ask");
  expect(calls[0]!.body).toEqual({
    event: "publish",
    stream: "a",
    address: "203.0.113.7",
    userAgent: "",
    token: "key",
  });
  const hmac = createHmac("sha256", "s3cret").update(calls[0]!.text).digest("hex");
  expect(calls[0]!.headers["X-Spillway-Signature"]).toBe(hmac);
});

test("the hook refuses by 401 and 403, and by being slow, broken or wrong", async () => {
  const answers: [() => Promise<Response> | Response, number][] = [
    [() => new Response(null, { status: 401 }), 401],
    [() => new Response(null, { status: 403 }), 403],
    [() => new Response(null, { status: 500 }), 503],
    [() => new Response(null, { status: 302 }), 503],
    [() => Promise.reject(new Error("refused")), 503],
  ];
  for (const [answer, status] of answers) {
    const { h } = await withHook(answer);
    expect((await h.post("/whip/a", PUBLISHER_OFFER)).status).toBe(status);
    expect(h.control.registry.sessions.held).toBe(0);
  }
});

test("the hook's time-out refuses", async () => {
  const h = await Harness.start({
    config: `[hook]\nurl = "http://hook.example/"\ntimeout-ms = 50`,
    fetch: (_url, init) =>
      new Promise((_resolve, reject) => {
        init.signal!.addEventListener("abort", () => reject(new Error("late")));
      }),
  });
  expect((await h.post("/whip/a", PUBLISHER_OFFER)).status).toBe(503);
});

test("two publishers that the hook allows at the same time: one gets the name", async () => {
  const { h } = await withHook(() => new Response());
  const posts = [h.post("/whip/a", PUBLISHER_OFFER), h.post("/whip/a", PUBLISHER_OFFER)];
  const statuses = (await Promise.all(posts)).map((response) => response.status).sort();
  expect(statuses).toEqual([201, 409]);
});

test("the hook is told of publish, join, leave and unpublish, in this order", async () => {
  const { h, calls } = await withHook(() => new Response());
  const publisher = await h.publish("a");
  const viewer = await h.view("a");
  await h.publish("never-connected", false);
  await h.request("DELETE", viewer.location);
  await h.request("DELETE", publisher.location);
  for (let i = 0; i < 50; i += 1) await Promise.resolve();
  const told = calls
    .map((call) => call.body.event)
    .filter((e) => !/^(publish|view)$/.test(String(e)));
  expect(told).toEqual(["published", "viewer-joined", "viewer-left", "unpublished"]);
});

test("the hook is told of links as of publishers, by the address of their far end", async () => {
  const { h, calls } = await withHook(() => new Response());
  const told = async () => {
    await settle();
    return calls.splice(0).map(({ body }) => body);
  };
  const notice = { stream: "a", session: null, address: "192.0.2.77", reason: null };
  new Link(h, "a");
  expect(await told()).toEqual([{ event: "published", ...notice }]);
  // That it falls quiet and sends again is no end.
  for (const inactive of [true, false]) {
    h.plane.description = { packets: 9, inactive };
    h.tick();
  }
  expect(await told()).toEqual([]);
  const next = new Link(h, "a");
  expect(await told()).toEqual([
    { event: "unpublished", ...notice, reason: "taken-over" },
    { event: "published", ...notice },
  ]);
  next.lose("peer-closed");
  expect(await told()).toEqual([{ event: "unpublished", ...notice, reason: "peer-closed" }]);
});

test("with a hook, rights that tokens grant still need one", async () => {
  const token = "publisher-token-1";
  const tokens = `[[auth.tokens]]\ntoken = "${token}"\nrights = ["publish"]`;
  const bearer = { headers: { Authorization: `Bearer ${token}` } };
  const { h } = await withHook(() => new Response(), tokens);
  expect((await h.post("/whip/live/a", PUBLISHER_OFFER)).status).toBe(401);
  expect((await h.post("/whip/live/a", PUBLISHER_OFFER, bearer)).status).toBe(201);
  expect((await h.request("GET", "/api/v1/sessions")).status).toBe(401);
  expect((await h.request("GET", "/api/v1/streams")).status).toBe(401);
});

test("in a cluster it is asked once, by the node that answers whoever publishes or watches", async () => {
  const asked: string[] = [];
  const cluster = new Joined();
  const add = (name: string) =>
    cluster.add({
      config: '[hook]\nurl = "http://hook.example/ask"',
      fetch: async (_url, init) => {
        const { event, stream } = JSON.parse(String(init.body)) as Record<string, string>;
        asked.push(`${name} ${event} ${stream}`);
        return new Response(null, { status: 204 });
      },
    });
  const [a, b] = [await add("A"), await add("B")];
  await a.publish("cam");
  const tracks = [{ kind: "video", rid: null, codec: "vp8", fmtp: "", channels: 0 } as const];
  const stream = { name: "cam", epoch: 1, owner: cluster.id(a), tracks };
  b.plane.events.cluster({ type: "heard", name: "cam", stream });
  await b.view("cam");
  expect(b.plane.told.filter(({ type }) => type === "pull")).toHaveLength(1);
  // B has it from A, and gives it on to another node.
  const { number } = a.control.registry.streams.get("cam")!;
  a.plane.events.cluster({ type: "children", stream: number, count: 1 });
  b.plane.events.cluster({ type: "wanted", name: "cam" });
  await settle();
  const questions = asked.filter((line) => / (publish|view) /.test(line));
  expect(questions).toEqual(["A publish cam", "B view cam"]);
});
