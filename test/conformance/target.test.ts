/** Targets and Host headers that others may read otherwise, as bytes on a real connection. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect } from "node:net";
import { SETUP_MS, startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer("serve");
}, SETUP_MS);
afterAll(() => server?.stop());

/** Status and body of one request that is sent as it stands. */
function raw(head: string, body = ""): Promise<{ status: number; text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  const { hostname, port } = new URL(server.base);
  const socket = connect(Number(port), hostname);
  let answer = "";
  socket.setEncoding("latin1");
  socket.on("data", (text: string) => {
    answer += text;
  });
  socket.on("error", reject);
  socket.on("close", () => {
    resolve({ status: Number(/^HTTP\/1\.\d (\d+)/.exec(answer)?.[1]), text: answer });
  });
  socket.write(`${head}\r\n\r\n${body}`, "latin1");
  return promise;
}

const get = (target: string, host: string | null = "127.0.0.1:1") =>
  raw(`GET ${target} HTTP/1.1\r\n${host === null ? "" : `Host: ${host}\r\n`}Connection: close`);

const HOSTS = [
  ...["", " ", "a b", "a/b", "a\\b", "x@y", "x?y", "x#y", "[::1", "::1", "x:99999", "x:", "x:1:2"],
  ...["ex%61mple", "a,b", "\u00e4", "a\u0000b", "1.2.3.4.5", "a".repeat(300), "[zz]", "http://x"],
];

for (const host of HOSTS) {
  test(`S11: the Host header ${JSON.stringify(host.slice(0, 20))} is 400, and health answers`, async () => {
    expect((await get("/api/v1/sessions", host)).status).toBe(400);
    const post = `POST /whip/x HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nContent-Length: 0`;
    expect((await raw(post)).status).toBe(400);
    // A byte that no header may hold is refused by the HTTP parser itself.
    if (!host.includes("\u0000")) expect((await get("/healthz", host)).status).toBe(200);
  });
}

test("S11: HTTP/1.0 without a Host: health answers, all else is a problem", async () => {
  for (const path of ["/healthz", "/readyz", "/healthz?probe=1"]) {
    expect((await raw(`GET ${path} HTTP/1.0`)).status).toBe(200);
  }
  expect((await raw("HEAD /healthz HTTP/1.0")).status).toBe(200);
  for (const path of ["/", "/watch/x", "/api/v1/sessions", "/metrics", "/whep/x"]) {
    const { status, text } = await raw(`GET ${path} HTTP/1.0`);
    expect(status).toBe(400);
    expect(text.toLowerCase()).toContain("content-type: application/problem+json");
    expect(text).toContain("The Host header is missing.");
  }
});

test("S11: two Host headers are 400", async () => {
  const two = "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close";
  expect((await raw(two)).status).toBe(400);
});

const AMBIGUOUS = [
  ...[
    "/watch\\x",
    "/a\\..\\api/v1/sessions",
    "/watch/%5cx",
    "/watch/x%5C..%5Cy",
    "/\\evil.example/",
  ],
  ...[
    "/watch/../api/v1/sessions",
    "/watch/./x",
    "/watch/%2e%2e/metrics",
    "/watch/%2E/x",
    "/..",
    "/.",
  ],
  ...["//evil.example/x", "/watch//x", "/whep//", "/watch/x%00y", "/watch/x%0d%0aSet-Cookie:y"],
  ...[
    "/watch/x%7f",
    "/watch/x#y",
    "/watch/%ff",
    "/watch/%zz",
    "/watch/%",
    `/${"a/".repeat(140)}\\b`,
  ],
  `/${"a/".repeat(60)}\\b`,
  `/${"a/".repeat(140)}${"..\\".repeat(139)}metrics`,
  `/${"a/".repeat(99)}../b`,
  `/${"a/".repeat(100)}b\\..`,
];

for (const target of AMBIGUOUS) {
  test(`S11: the target ${JSON.stringify(target.slice(0, 40))} is 400`, async () => {
    const { status, text } = await get(target);
    expect(status).toBe(400);
    expect(text).toContain("application/problem+json");
    expect(text.toLowerCase()).toContain("x-content-type-options: nosniff");
  });
}

test("S11: what can be read in one way only is served", async () => {
  const fine = [
    "/",
    "/watch/news/stage-1",
    "/watch/x?q=\\..//",
    "/watch/gr%c3%b6%c3%9fe",
    "/watch/a+b",
  ];
  for (const target of [...fine, "/watch/news%2Fstage", "/healthz", "/metrics"]) {
    expect([target, (await get(target)).status]).toEqual([target, 200]);
  }
  for (const segments of [96, 97, 98, 99, 100]) {
    const deep = `/whep/${Array.from({ length: segments }, () => "a").join("/")}`;
    expect([segments, (await get(deep)).status]).toEqual([segments, 200]);
  }
  for (const host of [
    "localhost",
    "a_b.internal:80",
    "[::1]:8080",
    "LIVE.example.com",
    "192.0.2.1",
  ]) {
    expect([host, (await get("/healthz", host)).status]).toEqual([host, 200]);
    expect([host, (await get("/watch/x", host)).status]).toEqual([host, 200]);
  }
});

test("S11: none of it is a mistake of the server", async () => {
  expect(server.logs()).not.toContain("Request failed");
  expect(server.logs()).not.toContain('"error"');
});
