/** `connect`: how long a DTLS handshake takes on a lossy path, in virtual time, from seeds. */
import { CONNECT_TIMEOUT_US } from "../../src/limits.ts";
import { clientDtls, DtlsEnds } from "../../test/support/dtls-ends.ts";
import { LossyLink } from "../../test/support/lossy-link.ts";
import { seeded } from "../../test/support/random.ts";
import type { Bench, Row } from "./harness.ts";

const DELAY_US = 5_000;
/** A connected end sends so often; its peer sees by it that a last flight was lost. */
const MEDIA_US = 20_000;
const MEDIA = new Uint8Array(0);

export const connect: Bench = {
  name: "connect",
  summary: "Time of a DTLS handshake at 0, 5 and 10 % loss, round trip 10 to 20 ms, virtual time.",
  conditions: { delayMs: DELAY_US / 1000, jitterMs: DELAY_US / 1000, mediaMs: MEDIA_US / 1000 },
  async run({ quick }, row) {
    const handshakes = quick ? 100 : 2_000;
    for (const loss of [0, 0.05, 0.1]) row(measure(loss, handshakes));
  },
};

function measure(loss: number, handshakes: number): Row {
  const random = seeded(20_261_130);
  const times = Array.from({ length: handshakes }, () => handshake(random, loss));
  const done = times.filter((time) => time !== null).sort((a, b) => a - b);
  const percentile = (share: number) => {
    return Math.round((done[Math.floor(share * (done.length - 1))] ?? Number.NaN) / 100) / 10;
  };
  return {
    "loss %": loss * 100,
    handshakes,
    failed: handshakes - done.length,
    "p50 ms": percentile(0.5),
    "p90 ms": percentile(0.9),
    "p95 ms": percentile(0.95),
    "p99 ms": percentile(0.99),
  };
}

/** Microseconds until both ends are connected; null when they are not in time. */
function handshake(random: () => number, loss: number): number | null {
  const ends = new DtlsEnds({ client: clientDtls });
  const begun = ends.now;
  const link = () => new LossyLink(random, { loss, delayUs: DELAY_US, jitterUs: DELAY_US });
  const links = { server: link(), client: link() };
  const mediaAt = { server: Infinity, client: Infinity };
  while (ends.states !== "connected connected" && ends.now - begun < CONNECT_TIMEOUT_US) {
    for (const [role, other] of [
      ["server", "client"],
      ["client", "server"],
    ] as const) {
      const end = ends.end(role);
      for (
        let bytes = links[role].receive(ends.now);
        bytes;
        bytes = links[role].receive(ends.now)
      ) {
        if (bytes.length > 0) ends.give(role, bytes);
        else if (end.state === "handshaking") end.noteMedia(ends.now);
      }
      end.handleTimeout(ends.now);
      for (const bytes of ends.drain(role)) links[other].send(ends.now, bytes);
      if (end.state !== "connected") continue;
      mediaAt[role] = Math.min(mediaAt[role], ends.now);
      if (ends.now < mediaAt[role]) continue;
      links[other].send(ends.now, MEDIA);
      mediaAt[role] = ends.now + MEDIA_US;
    }
    const timers = [ends.server.nextTimeout(), ends.client.nextTimeout()];
    const arrivals = [links.server.nextArrival(), links.client.nextArrival()];
    const next = Math.min(...timers, ...arrivals, mediaAt.server, mediaAt.client);
    ends.now = Math.max(ends.now + 1, Math.min(next, begun + CONNECT_TIMEOUT_US));
  }
  const took = ends.states === "connected connected" ? ends.now - begun : null;
  ends.free();
  return took;
}
