import { afterAll, beforeEach, expect, test } from "bun:test";
import { WhipEndpoint, WhipError } from "../../src/client/whip.ts";

/** What was asked for, as `POST /whip/a Bearer t`, and what is answered to it. */
const asked: string[] = [];
let reply: (request: Request) => Response | Promise<Response>;

const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch: (request) => {
    const { pathname } = new URL(request.url);
    const proof = request.headers.get("Authorization") ?? "nothing";
    asked.push(`${request.method} ${pathname} ${proof}`);
    return reply(request);
  },
});
afterAll(() => server.stop(true));

const created = (location: string) =>
  new Response("v=0", { status: 201, headers: { Location: location } });
const endpoint = (stop?: AbortSignal) =>
  new WhipEndpoint(`${server.url}whip/a`, { token: "t", anyCertificate: false }, stop);
const refusal = (offered: Promise<string>) =>
  offered.then(
    () => null,
    (error: unknown) => error as WhipError,
  );

beforeEach(() => {
  asked.length = 0;
  reply = () => created("/session/1");
});

test("an offer is posted with the token, and the session deleted once", async () => {
  const whip = endpoint();
  expect(await whip.create("offer")).toBe("v=0");
  expect(whip.session).toBe(`${server.url}session/1`);
  await whip.delete();
  await whip.delete();
  expect(whip.session).toBeNull();
  expect(asked).toEqual(["POST /whip/a Bearer t", "DELETE /session/1 Bearer t"]);
});

test("a redirect is followed, and the session's address read from where it leads", async () => {
  reply = ({ url }) =>
    url.endsWith("/a")
      ? new Response(null, { status: 307, headers: { Location: "/other/b" } })
      : created("session");
  const whip = endpoint();
  await whip.create("offer");
  expect(whip.session).toBe(`${server.url}other/session`);
});

test("redirects that lead nowhere end", async () => {
  reply = () => new Response(null, { status: 308, headers: { Location: "/whip/a" } });
  expect((await refusal(endpoint().create("offer")))?.message).toBe("more than 5 redirects");
  expect(asked).toHaveLength(6);
});

test("a refusal says why, and when to come again", async () => {
  const headers = { "Retry-After": "7", "Content-Type": "application/problem+json" };
  reply = () => new Response('{"detail":"It is full."}', { status: 503, headers });
  const whip = endpoint();
  const error = await refusal(whip.create("offer"));
  expect(error).toBeInstanceOf(WhipError);
  expect(error).toMatchObject({ status: 503, retryAfter: "7" });
  expect(error?.message).toEndWith("answered 503: It is full.");
  expect(whip.session).toBeNull();
});

test("a session whose server cannot be reached is kept, and deleted later", async () => {
  const whip = endpoint();
  await whip.create("offer");
  reply = () => new Response(null, { status: 502 });
  await whip.delete();
  expect(whip.session).not.toBeNull();
  // One that the server has forgotten by itself is over as well.
  reply = () => new Response(null, { status: 404 });
  await whip.delete();
  expect(whip.session).toBeNull();
});

test("who stops waits for no answer", async () => {
  const stop = new AbortController();
  reply = () => Bun.sleep(5_000).then(() => created("/late"));
  const refused = refusal(endpoint(stop.signal).create("offer"));
  setTimeout(() => stop.abort(), 20);
  expect((await refused)?.status).toBe(0);
});
