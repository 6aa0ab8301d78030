/** The executable without offload, batched calls and OpenSSL's ciphers: slower, and as correct. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Client } from "../support/client.ts";
import { SETUP_MS, startServer, type TestServer } from "../support/server.ts";
import { told } from "../support/server-log.ts";
import { until } from "../support/until.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer("serve", { args: ["--portable"] });
}, SETUP_MS);
afterAll(() => server?.stop());

test("media goes from a publisher to its viewers without loss", async () => {
  const publisher = await Client.connect(server.base, "publisher", "plain");
  const viewers = await Promise.all(
    [0, 1, 2].map(() => Client.connect(server.base, "viewer", "plain")),
  );
  await until("media arrives", 15_000, () => viewers.every((v) => v.received.packets > 200));
  expect(viewers.map((viewer) => viewer.received.lost())).toEqual([0, 0, 0]);
  await told(server, "Portable path");
  await Promise.all([publisher, ...viewers].map((client) => client.leave()));
});
