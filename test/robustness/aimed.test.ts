/** S3 on the real server: a session's owner tries to send its media to somebody else. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { writeBindingRequest } from "../../src/wire/stun-writer.ts";
import { Client } from "../support/client.ts";
import { SETUP_MS, startServer, type TestServer } from "../support/server.ts";
import { Stranger } from "../support/stranger.ts";

const SECONDS = 8;
/** RFC 8489 5: the high byte of a response's type. */
const STUN_RESPONSE = 1;

let server: TestServer;
beforeAll(async () => {
  server = await startServer("serve");
}, SETUP_MS);
afterAll(async () => {
  await server?.stop();
});

/** A check of `client`'s session that nominates the address that it comes from. */
function nomination(client: Client): Uint8Array {
  const { localUfrag, remoteUfrag, remotePwd } = client.peer.setup;
  const bytes = new Uint8Array(700);
  const request = {
    transactionId: randomBytes(12),
    username: new TextEncoder().encode(`${remoteUfrag}:${localUfrag}`),
    priority: 1,
    controlling: randomBytes(8),
    useCandidate: true,
  };
  const key = new TextEncoder().encode(remotePwd);
  return bytes.slice(0, writeBindingRequest(bytes, 0, request, key));
}

// At the same time: they wait most of theirs.
for (const [stream, what, tamper] of [
  ["answering", "answers our checks", undefined],
  ["silent", "answers none", (bytes: Uint8Array) => (bytes[0] === STUN_RESPONSE ? null : bytes)],
] as const) {
  test.concurrent(`S3: a client that ${what} cannot send its media to a bystander`, async () => {
    const publisher = await Client.connect(server.base, "publisher", stream);
    const viewer = await Client.connect(server.base, "viewer", stream, { tamper });
    const victim = new Stranger();
    // Spoofed, as often as the attacker likes; its own checks go on from where it is.
    let sent = 0;
    for (let i = 0; i < SECONDS * 10; i += 1) {
      const check = nomination(viewer);
      victim.send(viewer.candidate.port, check);
      sent += check.length;
      await Bun.sleep(100);
    }
    expect(victim.received).toBeGreaterThan(0);
    // Answers are shorter than what they answer; checks and reports of ours are bounded.
    expect(victim.bytes).toBeLessThan(sent + SECONDS * 2_000);
    expect(victim.bytes / SECONDS).toBeLessThan(4_000);
    if (tamper === undefined) {
      const lately = viewer.received.datagrams;
      await Bun.sleep(500);
      expect(viewer.received.datagrams - lately).toBeGreaterThan(20);
    }
    victim.close();
    await viewer.leave();
    await publisher.leave();
  }, 160_000);
}
