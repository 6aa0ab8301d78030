/** The executable as DTLS client of a server that takes its time, as FFmpeg's is. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { RecordType } from "../../src/peer/dtls-records.ts";
import { Client } from "../support/client.ts";
import { SETUP_MS, startServer, type TestServer } from "../support/server.ts";
import { until } from "../support/until.ts";

let server: TestServer;

beforeAll(async () => {
  server = await startServer("serve", { args: ["--ingest-workers", "1", "--egress-workers", "1"] });
}, SETUP_MS);

afterAll(async () => {
  await server?.stop();
});

for (const delayMs of [55, 300, 800]) {
  test(`C1: a publisher that answers our second flight after ${delayMs} ms sees no other`, async () => {
    let answers = 0;
    let released = false;
    const release = (bytes: Uint8Array) => {
      released = true;
      client.send(bytes);
    };
    const client: Client = await Client.open(server.base, "publisher", `slow-${delayMs}`, {
      setup: "passive",
      tamper: (bytes) => {
        // Its last flight; made again whenever ours comes again.
        if (released) return bytes;
        // Nor does it send media before.
        if (bytes[0]! >= 128) return null;
        if (bytes[0] !== RecordType.changeCipherSpec) return bytes;
        answers += 1;
        if (answers === 1) setTimeout(() => release(bytes), delayMs);
        return null;
      },
    });
    await until("the server is connected", 5_000, async () => {
      const { sessions } = (await server.api("/sessions")) as {
        readonly sessions: readonly { readonly stream: string; readonly state: string }[];
      };
      return sessions.some(({ stream, state }) => {
        return stream === `slow-${delayMs}` && state === "connected";
      });
    });
    expect(answers).toBe(1);
    await client.leave();
  }, 40_000);
}
