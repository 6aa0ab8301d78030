/** What is said of a stream, over the executable's own HTTP. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { SignJWT } from "jose";
import { Client } from "../support/client.ts";
import { SETUP_MS, startServer, type TestServer } from "../support/server.ts";
import { ServerEvents } from "../support/server-events.ts";
import { until } from "../support/until.ts";

const KEY = "an-hs256-secret-of-32-bytes-long";
const HOST = "publisher-of-the-talk";
const CONFIG = `
[[auth.keys]]
alg = "HS256"
secret = "${Buffer.from(KEY).toString("base64url")}"

[[auth.tokens]]
token = "${HOST}"
rights = ["publish", "view", "admin"]

[[streams]]
match = "talk"
chat = true
`;
const NAME = `Ann <b>${"x".repeat(100)}`;

let server: TestServer;
let client: Client;
let guest = "";
const listening: ServerEvents[] = [];

beforeAll(async () => {
  server = await startServer("serve", { config: CONFIG, token: HOST });
  client = await Client.connect(server.base, "publisher", `talk?token=${HOST}`);
  guest = await new SignJWT({ rights: ["view"], streams: ["talk"], name: NAME })
    .setProtectedHeader({ alg: "HS256" })
    .setAudience("spillway")
    .setIssuedAt()
    .setExpirationTime("1h")
    .sign(Buffer.from(KEY));
}, SETUP_MS);
afterAll(async () => {
  for (const events of listening) events.close();
  client?.hangUp();
  await server?.stop();
});

async function listen(headers: Record<string, string> = {}): Promise<ServerEvents> {
  const events = await ServerEvents.at(`${server.base}/events/talk?token=${guest}`, headers);
  listening.push(events);
  return events;
}

function send(method: string, path: string, token: string, event: unknown = null) {
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
  const body = event === null ? null : JSON.stringify(event);
  return fetch(`${server.base}${path}`, { method, headers, body });
}

function heard(events: ServerEvents, count: number): Promise<unknown[]> {
  return until("events come", 5_000, () => (events.all.length >= count ? events.all : null));
}

test("a viewer's line comes to who listens with the name of his token; it is taken back", async () => {
  const before = await listen();
  const line = { type: "chat", data: { text: "hello\n\n<i>" } };
  const made = await send("POST", "/events/talk", guest, line);
  expect(made.status).toBe(201);
  const chat = (await made.json()) as { id: number; at: number };
  expect(chat).toMatchObject({ ...line, from: NAME.slice(0, 64) });
  expect(Math.abs(chat.at - Date.now())).toBeLessThan(5_000);
  expect((await send("POST", "/events/talk", guest, { ...line, type: "caption" })).status).toBe(
    403,
  );
  const caption = await send("POST", "/events/talk", HOST, { ...line, type: "caption" });
  const { id } = (await caption.json()) as { id: number };
  expect(id).toBe(chat.id + 1);
  expect(await heard(before, 2)).toMatchObject([
    { id: `${chat.id}`, name: "chat", data: chat },
    { id: `${id}`, name: "caption" },
  ]);
  expect((await send("DELETE", `/events/talk/${chat.id}`, guest)).status).toBe(204);
  expect(await heard(before, 3)).toMatchObject([
    {},
    {},
    { name: "retract", data: { data: { id: chat.id } } },
  ]);
  const later = await listen({ "Last-Event-ID": `${id}` });
  expect(await heard(later, 1)).toMatchObject([{ name: "retract" }]);
  const kept = await listen();
  expect((await heard(kept, 2)).map((event) => (event as { name: string }).name)).toEqual([
    "caption",
    "retract",
  ]);
});

test("who goes leaves no place taken", async () => {
  for (const events of listening.splice(0)) events.close();
  await until("nobody listens", 5_000, async () => {
    const text = await (await send("GET", "/metrics", HOST)).text();
    return text.includes("spillway_events_listening 0\n") ? true : null;
  });
});
