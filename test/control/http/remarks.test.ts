/** /events/NAME: what is said of a stream. */
import { describe, expect, test } from "bun:test";
import { EVENT_BYTES_MAX, HELD_REQUESTS_OF_ADDRESS_MAX } from "../../../src/limits.ts";
import { Harness, readEvents, settle } from "../../support/control-harness.ts";

const JSON_TYPE = { "Content-Type": "application/json" };
const HOST = "publisher-0123456789";
const GUEST = "viewer-0123456789abc";
const GUARDED = `
[[auth.tokens]]
token = "${HOST}"
rights = ["publish"]

[[auth.tokens]]
token = "${GUEST}"
rights = ["view"]

[[streams]]
match = "talk/*"
chat = true
`;

interface Said {
  readonly id: number;
  readonly data: { readonly text: string };
}

function post(h: Harness, name: string, event: unknown, more: Record<string, string> = {}) {
  const { token, address, ...headers } = more;
  const query = token === undefined ? "" : `?token=${token}`;
  const body = typeof event === "string" ? event : JSON.stringify(event);
  return h.request("POST", `/events/${name}${query}`, {
    headers: { ...JSON_TYPE, ...headers },
    body,
    address,
  });
}

function chat(text: string) {
  return { type: "chat", data: { text } };
}

async function said(h: Harness, name: string, event: unknown, token?: string): Promise<Said> {
  const response = await post(h, name, event, token === undefined ? {} : { token });
  expect(response.status).toBe(201);
  return (await response.json()) as Said;
}

function drop(h: Harness, path: string, token?: string): Promise<Response> {
  return h.request("DELETE", `/events/${path}${token === undefined ? "" : `?token=${token}`}`);
}

/** The ids and texts of the next events of a response. */
async function heard(response: Response, count: number): Promise<unknown[]> {
  const blocks = await readEvents(response, count);
  return blocks.map((block) => {
    const { data, ...rest } = JSON.parse(/^data: ([^\n]*)/m.exec(block)![1]!);
    expect(/^id: (\d+)$/m.exec(block)?.[1]).toBe(String(rest.id));
    expect(/^event: (\w+)$/m.exec(block)?.[1]).toBe(rest.type);
    return data.text ?? data;
  });
}

test("what is posted is answered with its number, and told to who listens", async () => {
  const h = await Harness.start();
  await h.publish("a/b");
  const listening = await h.request("GET", "/events/a/b");
  expect(listening.status).toBe(200);
  expect(listening.headers.get("Content-Type")).toBe("text/event-stream");
  expect(listening.headers.get("Access-Control-Allow-Origin")).toBe("*");
  const response = await post(h, "a/b", { type: "cue", at: h.wallMs - 40, data: { slide: 3 } });
  expect(response.status).toBe(201);
  const event = await response.json();
  expect(event).toEqual({
    id: h.wallMs,
    type: "cue",
    at: h.wallMs - 40,
    from: null,
    data: { slide: 3 },
  });
  expect(response.headers.get("Location")).toBe(`/events/a/b/${h.wallMs}`);
  expect(await readEvents(listening, 1)).toEqual([
    `event: cue\nid: ${h.wallMs}\ndata: ${JSON.stringify(event)}`,
  ]);
});

test("who comes later hears what is kept, who comes again what was missed", async () => {
  const h = await Harness.start();
  await h.publish("a");
  for (const text of ["one", "two", "three"]) await said(h, "a", chat(text));
  const { id } = await said(h, "a", { type: "hand", data: { up: true } });
  expect(await heard(await h.request("GET", "/events/a"), 4)).toEqual([
    "one",
    "two",
    "three",
    { up: true },
  ]);
  const headers = { "Last-Event-ID": String(id - 2) };
  const again = await h.request("GET", "/events/a", { headers });
  expect(await heard(again, 2)).toEqual(["three", { up: true }]);
  // A number of another server, or none, is as if nothing was heard.
  for (const last of ["x", "-1", "9".repeat(16)]) {
    const all = await h.request("GET", "/events/a", { headers: { "Last-Event-ID": last } });
    expect(await heard(all, 4)).toHaveLength(4);
  }
});

test("EV8 a viewer's session hears the same on its own event stream, once", async () => {
  const h = await Harness.start();
  await h.publish("a");
  const { location } = await h.view("a");
  await said(h, "a", chat("before"));
  const names = JSON.stringify(["chat", "retract"]);
  const made = await h.request("POST", `${location}/events`, { headers: JSON_TYPE, body: names });
  const url = made.headers.get("Location")!;
  const first = await h.request("GET", url);
  const { id } = await said(h, "a", chat("now"));
  await said(h, "a", { type: "hand", data: {} });
  expect(await heard(first, 2)).toEqual(["before", "now"]);
  // Its reader is cut off, and does not know whether it had the last one.
  await first.body!.cancel();
  await said(h, "a", chat("more"));
  const again = await h.request("GET", url, { headers: { "Last-Event-ID": String(id) } });
  await said(h, "a", chat("last"));
  expect(await heard(again, 2)).toEqual(["more", "last"]);
});

test("DELETE takes back; who comes later hears neither of it nor what is gone", async () => {
  const h = await Harness.start();
  await h.publish("a");
  const { id } = await said(h, "a", chat("wrong"));
  const listening = await h.request("GET", "/events/a");
  expect((await drop(h, `a/${id}`)).status).toBe(204);
  expect(await heard(listening, 2)).toEqual(["wrong", { id }]);
  expect(await heard(await h.request("GET", "/events/a"), 1)).toEqual([{ id }]);
  for (const path of [`a/${id}`, "a/x", `b/${id}`, "a"]) {
    expect((await drop(h, path)).status).toBe(path === "a" ? 400 : 404);
  }
});

describe("rights", () => {
  const CASES: readonly (readonly [name: string, type: string, token: string, status: number])[] = [
    ["talk/1", "chat", GUEST, 201],
    ["talk/1", "hand", GUEST, 201],
    ["talk/1", "cue", GUEST, 403],
    ["talk/1", "caption", GUEST, 403],
    ["talk/1", "caption", HOST, 201],
    ["talk/1", "chat", HOST, 201],
    ["show", "chat", GUEST, 403],
    ["show", "chat", HOST, 201],
    ["show", "chat", "", 401],
    ["talk/1", "chat", "unknown-token-0123", 401],
  ];

  test("EV5 who publishes says all, who views chat, hands and reactions where there is a chat", async () => {
    const h = await Harness.start({ config: GUARDED });
    for (const name of ["talk/1", "show"]) await h.publish(`${name}?token=${HOST}`);
    for (const [name, type, token, status] of CASES) {
      const response = await post(h, name, { type, data: { text: "x" } }, { token });
      expect([name, type, token, response.status]).toEqual([name, type, token, status]);
      if (status < 400) continue;
      expect(response.headers.get("Content-Type")).toBe("application/problem+json");
    }
    const detail = '"show" has no chat: only who publishes it may speak.';
    const refused = await post(h, "show", chat("x"), { token: GUEST });
    expect(await refused.json()).toMatchObject({ detail });
  });

  test("EV4 a viewer takes back his own alone", async () => {
    const h = await Harness.start({ config: GUARDED });
    await h.publish(`talk/1?token=${HOST}`);
    const mine = await said(h, "talk/1", chat("x"), GUEST);
    const other = await said(h, "talk/1", chat("x"), HOST);
    expect((await drop(h, `talk/1/${other.id}`, GUEST)).status).toBe(403);
    expect((await drop(h, `talk/1/${mine.id}`, GUEST)).status).toBe(204);
    expect((await drop(h, `talk/1/${other.id}`)).status).toBe(401);
    const theirs = await said(h, "talk/1", chat("y"), GUEST);
    expect((await drop(h, `talk/1/${theirs.id}`, HOST)).status).toBe(204);
  });

  test("to listen takes the right to view", async () => {
    const h = await Harness.start({ config: GUARDED });
    await h.publish(`talk/1?token=${HOST}`);
    const get = (token: string) => h.request("GET", `/events/talk/1?token=${token}`);
    expect((await get(HOST)).status).toBe(403);
    expect((await get("")).status).toBe(401);
    expect((await get(GUEST)).status).toBe(200);
  });

  test("EV5 where the hook decides it is asked before anybody speaks", async () => {
    const asked: unknown[] = [];
    const h = await Harness.start({
      config: '[hook]\nurl = "http://127.0.0.1:1/"\nsecret = "0123456789abcdef0123456789abcdef"\n',
      args: ["--http", "0.0.0.0:8080", "--public-url", "https://live.example.com"],
      fetch: async (_url, init) => {
        const { event } = JSON.parse(String(init.body)) as { event: string };
        asked.push(event);
        return new Response(null, { status: asked.length === 1 ? 200 : 403 });
      },
    });
    await h.publish("a");
    expect((await post(h, "a", chat("x"))).status).toBe(403);
    expect((await h.request("GET", "/events/a")).status).toBe(403);
    expect(asked.filter((event) => event === "publish" || event === "view")).toHaveLength(3);
  });
});

test("bodies that are none are refused, each by its status", async () => {
  const h = await Harness.start();
  await h.publish("a");
  const statuses: readonly (readonly [unknown, number])[] = [
    ["{", 400],
    [{ type: "gossip", data: {} }, 400],
    [{ type: "chat", data: { text: "x".repeat(501) } }, 400],
    [{ type: "cue", at: h.wallMs + 10_001, data: {} }, 400],
    [{ type: "cue", data: { x: "x".repeat(EVENT_BYTES_MAX) } }, 413],
  ];
  for (const [event, status] of statuses) {
    const response = await post(h, "a", event);
    expect([event, response.status]).toEqual([event, status]);
    expect(response.headers.get("Content-Type")).toBe("application/problem+json");
  }
  const plain = { "Content-Type": "text/plain" };
  expect((await h.request("POST", "/events/a", { headers: plain, body: "{}" })).status).toBe(415);
  expect((await h.request("PUT", "/events/a")).status).toBe(405);
});

test("EV6 no text ends an event early, or begins another", async () => {
  const h = await Harness.start();
  await h.publish("a");
  const text = "x\n\nevent: cue\ndata: {}\r\n\r\u2028\u0000<script>";
  await said(h, "a", chat(text));
  const listening = await h.request("GET", "/events/a");
  await said(h, "a", chat("end"));
  const blocks = await readEvents(listening, 2);
  expect(blocks.map((block) => block.split("\n")[0])).toEqual(["event: chat", "event: chat"]);
  expect(await heard(await h.request("GET", "/events/a"), 2)).toEqual([text, "end"]);
});

test("a sender is held to his rate, another is not", async () => {
  const h = await Harness.start();
  await h.publish("a");
  const from = (address: string) => post(h, "a", chat("x"), { address });
  for (let i = 0; i < 5; i += 1) expect((await from("127.0.0.1")).status).toBe(201);
  const refused = await from("127.0.0.1");
  expect([refused.status, refused.headers.get("Retry-After")]).toEqual([429, "1"]);
  expect((await from("127.0.0.2")).status).toBe(201);
  h.pass(1);
  expect((await from("127.0.0.1")).status).toBe(201);
  const metrics = await (await h.request("GET", "/metrics")).text();
  expect(metrics).toContain('spillway_events_total{type="chat"} 7\n');
  expect(metrics).toContain('spillway_refused_total{reason="events-rate"} 1\n');
  expect(metrics).toContain("spillway_events_kept 7\n");
});

test("reactions are answered when they are told", async () => {
  const h = await Harness.start();
  await h.publish("a");
  const react = () => post(h, "a", { type: "reaction", data: { text: "👏" } });
  const all = [react(), react(), react()];
  await new Promise((resolve) => setTimeout(resolve, 20));
  h.pass(0.25);
  for (const response of await Promise.all(all)) {
    expect(await response.json()).toMatchObject({ from: null, data: { text: "👏", count: 3 } });
  }
});

test("what nobody publishes is 404, and costs no memory", async () => {
  const h = await Harness.start();
  for (let i = 0; i < 200; i += 1) {
    expect((await h.request("GET", `/events/n${i}`)).status).toBe(404);
    expect((await post(h, `n${i}`, chat("x"))).status).toBe(404);
  }
  expect(h.control.registry.streams.size).toBe(0);
  expect((await h.request("GET", "/events/")).status).toBe(400);
});

test("EV7 1,000 may listen from one address; who leaves makes room, and the stream is let go", async () => {
  const config = `insecure = true\nhttp = "0.0.0.0:8080"\n[limits]\nposts-per-second = 10000\n`;
  const h = await Harness.start({ config });
  const publisher = await h.publish("a");
  const listen = () => h.request("GET", "/events/a", { address: "198.51.100.7" });
  const all: Response[] = [];
  for (let i = 0; i < HELD_REQUESTS_OF_ADDRESS_MAX; i += 1) all.push(await listen());
  expect(all.every(({ status }) => status === 200)).toBeTrue();
  const refused = await listen();
  expect([refused.status, refused.headers.get("Retry-After")]).toEqual([503, "5"]);
  expect((await h.request("GET", "/events/a")).status).toBe(200);
  await all[0]!.body!.cancel();
  all[0] = await listen();
  expect(all[0].status).toBe(200);
  const open = await (await h.request("GET", "/metrics")).text();
  expect(open).toContain("spillway_events_listening 1001\n");
  for (const response of all) await response.body!.cancel();
  h.plane.events.closed(publisher.number, "peer-closed");
  await settle();
  // One is left, of loopback, and keeps it.
  expect(h.control.registry.streams.size).toBe(1);
});

test("who listens stays when the publisher goes and comes, and hears on", async () => {
  const h = await Harness.start();
  const { number } = await h.publish("a");
  const listening = await h.request("GET", "/events/a");
  const first = await said(h, "a", chat("one"));
  h.plane.events.closed(number, "peer-closed");
  h.pass(5);
  await h.publish("a");
  const second = await said(h, "a", chat("two"));
  expect(await heard(listening, 2)).toEqual(["one", "two"]);
  expect(second.id).toBeGreaterThan(first.id);
  h.pass(6);
  const reader = listening.body!.getReader();
  expect(new TextDecoder().decode((await reader.read()).value)).toBe(": alive\n\n");
});

test("whoever may listen is told whether viewers may speak", async () => {
  const h = await Harness.start({ config: GUARDED });
  const told = async (name: string) => {
    await h.publish(`${name}?token=${HOST}`);
    const response = await h.request("HEAD", `/events/${name}?token=${GUEST}`);
    return [response.status, response.headers.get("Accept-Post")];
  };
  expect(await told("talk/a")).toEqual([200, "application/json"]);
  expect(await told("quiet")).toEqual([200, null]);
  const before = await h.request("HEAD", `/events/talk/later?token=${GUEST}`);
  expect([before.status, before.headers.get("Accept-Post")]).toEqual([404, "application/json"]);
  expect((await h.request("HEAD", "/events/talk/a")).headers.has("Accept-Post")).toBe(false);
});
