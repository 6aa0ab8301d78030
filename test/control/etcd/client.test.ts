/** Etcd's members over HTTP: who is asked, for how long, how much of an answer is read, and what is told. */
import { expect, test } from "bun:test";
import { type Access, EtcdClient, EtcdError } from "../../../src/control/etcd/client.ts";
import { ETCD_ANSWER_BYTES_MAX } from "../../../src/limits.ts";

const NOBODY: Access = { ca: null, cert: null, key: null, user: null };
const USER: Access = { ...NOBODY, user: { name: "node", password: "hush-hush" } };
const REQUEST = { path: "/v3/kv/range", body: { key: "YQ==" } };

interface Sent {
  readonly url: string;
  readonly token: string;
  readonly body: string;
}

/** A client whose requests are answered by `answer`, and what it has sent. */
function clientOf(
  answer: (sent: Sent, signal: AbortSignal) => Response | Promise<Response>,
  urls: readonly string[] = ["http://a:1"],
  access = NOBODY,
): { client: EtcdClient; sent: Sent[]; moves: () => number } {
  const sent: Sent[] = [];
  let moves = 0;
  const client = new EtcdClient({
    urls,
    access,
    moved: () => {
      moves += 1;
    },
    fetch: async (url, init) => {
      const token = new Headers(init.headers).get("Authorization") ?? "";
      const request = { url, token, body: String(init.body) };
      sent.push(request);
      expect([init.method, init.redirect]).toEqual(["POST", "error"]);
      return await answer(request, init.signal!);
    },
  });
  return { client, sent, moves: () => moves };
}

function refusal(status: number, code: number, message: string): Response {
  return Response.json({ error: message, message, code }, { status });
}

async function failure(client: EtcdClient): Promise<EtcdError> {
  const error = await client.post(REQUEST).then(
    () => null,
    (problem: unknown) => problem,
  );
  expect(error).toBeInstanceOf(EtcdError);
  return error as EtcdError;
}

function refused(): never {
  throw Object.assign(new Error("Unable to connect"), { code: "ConnectionRefused" });
}

/** As fetch does when its time is over. */
function silence(signal: AbortSignal): Promise<Response> {
  const { promise, reject } = Promise.withResolvers<Response>();
  signal.addEventListener("abort", () => reject(signal.reason));
  return promise;
}

test("another member is asked when one is not there, and it stays with that one", async () => {
  const answer = ({ url }: Sent) =>
    url.startsWith("http://b:1/") ? Response.json({ x: 1 }) : refused();
  const { client, sent, moves } = clientOf(answer, ["http://a:1", "http://b:1", "http://c:1"]);
  expect(await client.post(REQUEST)).toEqual({ x: 1 });
  expect(await client.post(REQUEST)).toEqual({ x: 1 });
  expect(sent.map(({ url }) => new URL(url).host)).toEqual(["a:1", "b:1", "b:1"]);
  expect(moves()).toBe(1);
});

test("a member that is cut off from the others is not etcd's last word; one that refuses is", async () => {
  for (const [status, code, asks] of [
    [503, 14, 2],
    [504, 4, 2],
    [500, 13, 2],
    [403, 7, 1],
    [400, 3, 1],
  ] as const) {
    const { client, sent } = clientOf(
      () => refusal(status, code, "etcdserver: no"),
      [...["http://a:1", "http://b:1"]],
    );
    const { message, mayBeDone } = await failure(client);
    expect(message).toContain("etcdserver: no");
    expect([sent.length, mayBeDone]).toEqual([asks, true]);
  }
});

test("what nobody has heard is not done; what one may have heard may be", async () => {
  const urls = ["http://a:1", "http://b:1"];
  expect((await failure(clientOf(refused, urls).client)).mayBeDone).toBe(false);
  const one = ({ url }: Sent) =>
    url.startsWith("http://b") ? refused() : new Response("", { status: 500 });
  expect((await failure(clientOf(one, urls).client)).mayBeDone).toBe(true);
});

test("one that says nothing is waited for a second, all of them for three", async () => {
  const urls = ["http://a:1", "http://b:1", "http://c:1", "http://d:1", "http://e:1"];
  const { client, sent } = clientOf((_, signal) => silence(signal), urls);
  const before = performance.now();
  expect((await failure(client)).message).toContain("does not answer in time");
  const seconds = (performance.now() - before) / 1000;
  expect(seconds).toBeGreaterThan(2.9);
  expect(sent.length).toBeLessThanOrEqual(4);
}, 20_000);

test("an answer that goes on and on is not read to its end", async () => {
  let read = 0;
  let canceled = false;
  const endless = new ReadableStream({
    pull: (controller) => {
      read += 1_000_000;
      controller.enqueue(new Uint8Array(1_000_000));
    },
    cancel: () => {
      canceled = true;
    },
  });
  const { client } = clientOf(() => new Response(endless));
  expect((await failure(client)).message).toContain("too long");
  expect(read).toBeLessThan(ETCD_ANSWER_BYTES_MAX + 3_000_000);
  expect(canceled).toBe(true);
});

test("what is no etcd is told so", async () => {
  for (const response of [new Response("<html>"), new Response("no", { status: 404 })]) {
    const { client } = clientOf(() => response);
    expect((await failure(client)).message).toBe("http://a:1: is no etcd with a JSON gateway");
  }
});

test("a user has a token, and a new one when it is not known any more", async () => {
  let valid = "t1";
  const answer = ({ url, token, body }: Sent) => {
    if (url.endsWith("/v3/auth/authenticate")) {
      expect(JSON.parse(body)).toEqual({ name: "node", password: "hush-hush" });
      return Response.json({ token: valid });
    }
    return token === valid
      ? Response.json({ by: token })
      : refusal(401, 16, "etcdserver: invalid auth token");
  };
  const { client, sent } = clientOf(answer, ["http://a:1"], USER);
  expect(await client.post(REQUEST)).toEqual({ by: "t1" });
  expect(await client.post(REQUEST)).toEqual({ by: "t1" });
  expect(sent).toHaveLength(3);
  valid = "t2";
  expect(await client.post(REQUEST)).toEqual({ by: "t2" });
  expect(sent).toHaveLength(6);
});

test("etcd that asks nobody who he is is used as it is", async () => {
  const answer = ({ url }: Sent) =>
    url.endsWith("authenticate")
      ? refusal(412, 9, "etcdserver: authentication is not enabled")
      : Response.json({ x: 1 });
  const { client, sent } = clientOf(answer, ["http://a:1"], USER);
  for (let i = 0; i < 3; i += 1) expect(await client.post(REQUEST)).toEqual({ x: 1 });
  expect(sent).toHaveLength(4);
});

test("a wrong password is told without it, and is not tried for ever", async () => {
  const wrong = "etcdserver: authentication failed, invalid user ID or password";
  const { client, sent } = clientOf(() => refusal(400, 3, wrong), ["http://a:1"], USER);
  const { message } = await failure(client);
  expect(message).toContain(wrong);
  expect(message).not.toContain("hush-hush");
  expect(sent).toHaveLength(1);
});

test("a lease that is there no more is told apart", async () => {
  const { client } = clientOf(() => refusal(404, 5, "etcdserver: requested lease not found"));
  expect((await failure(client)).leaseGone).toBe(true);
});

test("words of etcd are one line of plain letters", async () => {
  const { client } = clientOf(() => refusal(400, 3, `a\nb\u001b[31m${"c".repeat(500)}`));
  const { message } = await failure(client);
  expect(message).toMatch(/^[\x20-\x7e]{1,220}$/);
});
