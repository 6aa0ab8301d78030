import { expect, test } from "bun:test";
import { postPatiently } from "./client.ts";

/** A server that refuses so often before it says yes. */
async function posts(status: number, refusals: number, headers: Record<string, string>) {
  let requests = 0;
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () => {
      requests += 1;
      return requests > refusals
        ? new Response("", { status: 201 })
        : new Response("", { status, headers });
    },
  });
  const answer = await postPatiently(server.url.href, "v=0");
  await server.stop(true);
  return { status: answer.status, requests };
}

test("O8: a client that is asked to come again does, and gives up after a while", async () => {
  const now = { "Retry-After": "0" };
  expect(await posts(503, 3, now)).toEqual({ status: 201, requests: 4 });
  expect(await posts(409, 3, now)).toEqual({ status: 201, requests: 4 });
  expect(await posts(503, 1_000, now)).toEqual({ status: 503, requests: 21 });
});

test("O8: a refusal for good is none to come again", async () => {
  expect(await posts(503, 3, {})).toEqual({ status: 503, requests: 1 });
  expect(await posts(409, 3, {})).toEqual({ status: 409, requests: 1 });
  expect(await posts(403, 3, { "Retry-After": "0" })).toEqual({ status: 403, requests: 1 });
});
