/** What layers cost a worker that runs for long: nothing that grows. */
import { expect, test } from "bun:test";
import { Egress } from "../../src/egress/egress.ts";
import { NO_LIMITS } from "../../src/media/layer-choice.ts";
import type { Peer } from "../../src/peer/peer.ts";
import type { SrtpCipher } from "../../src/srtp/cipher.ts";
import { SrtpSender } from "../../src/srtp/sender.ts";
import type { Transport } from "../../src/wire/path.ts";
import { seeded } from "../support/random.ts";
import { Encoding } from "./encoding.ts";
import { sourceOf } from "./harness.ts";
import { SECTION } from "./stage.ts";

const VIEWERS = 200;
const PICTURES = 600;
const WARM_UP = 100;
/** Slow enough that the pacer holds nothing back. */
const PICTURE_US = 33_333;

const CIPHER: SrtpCipher = {
  rtpOverhead: 16,
  rtcpOverhead: 20,
  sealRtp: (_out, _at, header, _input, _from, length) => header + length + 16,
  sealRtcp: (_region, _offset, length) => length + 20,
  openRtp: () => -1,
  openRtcp: () => -1,
  free: () => {},
};

test.each(["av1-descriptor", "vp9-flexible"] as const)(
  "%s: 250,000 and more rewritten packets leave the heap as it was",
  (style) => {
    const encoding = new Encoding({ mode: "L2T2", style });
    const pictures = Array.from({ length: PICTURES }, (_, i) => encoding.capture(i % 100 === 0));
    encoding.written.clear();
    let sent = 0;
    const egress = serve();
    const via: Transport = {
      region: { bytes: new Uint8Array(4096), address: 0 },
      stalled: false,
      backlog: null,
      reserve: () => 0,
      commit: () => {
        sent += 1;
      },
      send: () => {},
    };
    const source = sourceOf({ video: [encoding] });
    const path = { via, sockaddr: new Uint8Array(16) };
    for (let session = 1; session <= VIEWERS; session += 1) {
      const sender = new SrtpSender(CIPHER);
      const peer = { session, state: "connected", mediaAllowed: true, path, sender };
      const few = session % 2 === 0 ? { temporalMax: 0 } : { spatialMax: 0 };
      egress.open(
        {
          ...{ type: "viewer-open", session, stream: 1, source, media: [SECTION] },
          peer: {
            ...{ localUfrag: "", localPwd: "", remoteUfrag: "", remotePwd: "" },
            ...{ dtlsRole: "server", fingerprints: [] },
          },
          cname: "spillway-cname",
          playoutDelay: null,
          limits: session % 4 < 2 ? NO_LIMITS : { ...NO_LIMITS, ...few },
        },
        peer as unknown as Peer,
        0,
      );
      egress.connected(session, 0);
    }
    const run = (from: number, to: number): void => {
      for (let i = from; i < to; i += 1) {
        const now = 1_000_000 + i * PICTURE_US;
        for (const packet of pictures[i]!) encoding.arrive(packet, now);
        egress.mark(encoding.grant.index);
        for (let at = now; egress.hasWork; at += 500) {
          egress.forward(at, Number.POSITIVE_INFINITY, () => at);
        }
        egress.handleTimeout(now);
      }
    };
    run(0, WARM_UP);
    const before = { heap: heap(), sent };
    run(WARM_UP, PICTURES);
    const growth = heap() - before.heap;
    expect(sent - before.sent).toBeGreaterThan(250_000);
    // Less than a byte for each three packets: what is kept of the last keyframes' stretches.
    expect(growth, `${growth} bytes`).toBeLessThan(1.5e6);
  },
  20_000,
);

function serve(): Egress {
  return new Egress(
    {
      wish: () => {},
      allocate: (bytes) => ({ bytes: new Uint8Array(bytes), address: 0 }),
      wallOffsetUs: 0,
      random: seeded(1),
      counters: new Float64Array(128),
    },
    0,
    { firstMedia: () => {}, ended: () => {}, faulted: () => {}, layer: () => {} },
  );
}

function heap(): number {
  Bun.gc(true);
  return process.memoryUsage().heapUsed;
}
