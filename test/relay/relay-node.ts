/** A node's relay on real sessions: peers and DTLS as they are, sockets of the test's own. */
import { createHash, X509Certificate } from "node:crypto";
import type { MediaLogic } from "../../src/host/media-logic.ts";
import { type Certificate, createCertificate } from "../../src/io/certificate.ts";
import { pinnedRegion } from "../../src/io/pinned.ts";
import { RelayKeys } from "../../src/relay/keys.ts";
import { LoadMeter } from "../../src/relay/own-load.ts";
import { RelayLogic } from "../../src/relay/relay-logic.ts";
import type { LinkNode, LinkWorld } from "../host/link-world.ts";
import { sockaddr } from "../peer/pair.ts";
import { counters, grantOf } from "./slots.ts";

const WORN_PACKETS = 1_000;

/** A node's relay on sessions of its own. */
export class RelayNode {
  readonly host: LinkNode;
  readonly logic: RelayLogic;
  readonly unlinked: string[] = [];
  readonly sessions = new Set<number>();
  /** Control's part. */
  readonly ring = grantOf("video");

  constructor(world: LinkWorld, number: number) {
    const keys = new RelayKeys();
    const certificate = createCertificate();
    const secret = new Uint8Array(32).fill(7);
    const clock = () => world.now;
    this.logic = new RelayLogic({
      keys,
      load: new LoadMeter(counters()),
      emit: () => {},
      log: (_level, message) => {
        if (message === "Node unlinked") this.unlinked.push(message);
      },
      allocate: pinnedRegion,
      clock,
      ground: {
        ...{ reader: 0, readers: 2, counters: counters(), allocate: pinnedRegion },
        wish: ({ index }) => this.logic.mark(index, world.now),
        news: () => {},
        random: () => 0.5,
        wearLimits: { packets: WORN_PACKETS, ageUs: Number.POSITIVE_INFINITY, forged: 64 },
      },
      dial: (address) => this.host.dialAny(sockaddrOf(address), keys.knockKey(keys.kids[0]!)!),
      close: (session, reason, now) => this.host.sessions.close(session, reason, now),
    });
    const node = idOf(certificate);
    keys.set("test", [secret]);
    const knocks = keys.knockKey(keys.kids[0]!)!;
    this.host = world.node({ certificate, keys: [knocks], logic: this.#media() });
    this.logic.command(
      {
        type: "cluster",
        setup: {
          ...{ cluster: "test", secrets: [secret], node, boot: number, role: "core" },
          ...{
            region: "",
            names: "mesh",
            version: "test",
            url: "",
            addresses: [],
            childrenMax: 8,
            linkRate: null,
          },
        },
      },
      world.now,
    );
  }

  #media(): MediaLogic {
    const { logic, sessions } = this;
    return {
      connected: (peer, now) => {
        sessions.add(peer.session);
        logic.connected(peer, now);
      },
      rtp: (peer, now, region, offset, arrival) => {
        logic.received(peer, now, region, offset, arrival || now);
      },
      rtcp: () => {},
      closed: (session, now) => logic.closed(session, now),
      command: () => {},
      mark: () => {},
      received: () => logic.batchEnds(),
      drained: (readAt) => logic.judge(readAt),
      work: () => false,
      workAt: () => Number.POSITIVE_INFINITY,
      late: false,
      nextTimeout: () => 0,
      handleTimeout: (now) => {
        logic.mark(this.ring.index, now);
        logic.handleTimeout(now);
        logic.forward(now, Number.POSITIVE_INFINITY);
      },
    };
  }
}

/** Of an address as `members` have it: 10.0.0.NUMBER:8300. */
function sockaddrOf(address: string): Uint8Array {
  return sockaddr(Number(/^10\.0\.0\.(\d+):8300$/.exec(address)![1]), 8300);
}

function idOf({ certificatePem }: Certificate): string {
  const spki = new X509Certificate(certificatePem).publicKey.export({
    type: "spki",
    format: "der",
  });
  return createHash("sha256").update(spki).digest("hex").slice(0, 32);
}
