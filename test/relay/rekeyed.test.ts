/** Links whose associations are replaced under traffic: real peers and DTLS, from one socket to the other. */
import { expect, test } from "bun:test";
import { createHash, X509Certificate } from "node:crypto";
import type { MediaLogic } from "../../src/host/media-logic.ts";
import { type Certificate, createCertificate } from "../../src/io/certificate.ts";
import { pinnedRegion } from "../../src/io/pinned.ts";
import { RelayKeys } from "../../src/relay/keys.ts";
import { LoadMeter } from "../../src/relay/own-load.ts";
import { RelayLogic } from "../../src/relay/relay-logic.ts";
import { RingReader } from "../../src/ring/reader.ts";
import { RingWriter } from "../../src/ring/writer.ts";
import type { NamedTrack } from "../../src/wire/cascade/name.ts";
import { type LinkNode, LinkWorld } from "../host/link-world.ts";
import { sockaddr } from "../peer/pair.ts";
import { counters, grantOf, KEYFRAME, writePacket } from "./slots.ts";

const TRACKS: readonly NamedTrack[] = [
  { kind: "video", rid: null, codec: "h264", fmtp: "", channels: 0 },
];
const VIEWER = 1;
const WORN_PACKETS = 1_000;
const STEP_US = 5_000;

/** A node's relay on sessions of its own. */
class RelayNode {
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
        wish: ({ index }) => this.logic.relay?.mark(index, world.now),
        news: () => {},
        random: () => 0.5,
        wearLimits: { packets: WORN_PACKETS, ageUs: Number.POSITIVE_INFINITY, forged: 64 },
      },
      dial: () => this.host.dialAny(sockaddr(1, 8300), keys.knockKey(keys.kids[0]!)!),
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
          ...{ region: "", version: "test", url: "", addresses: [], childrenMax: 8 },
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
      drained: (readAt) => logic.relay?.judge(readAt),
      work: () => false,
      workAt: () => Number.POSITIVE_INFINITY,
      late: false,
      nextTimeout: () => 0,
      handleTimeout: (now) => {
        logic.relay?.mark(this.ring.index, now);
        logic.handleTimeout(now);
        logic.forward(now, Number.POSITIVE_INFINITY);
      },
    };
  }
}

function idOf({ certificatePem }: Certificate): string {
  const spki = new X509Certificate(certificatePem).publicKey.export({
    type: "spki",
    format: "der",
  });
  return createHash("sha256").update(spki).digest("hex").slice(0, 32);
}

test("cascade-rekey: one association after the other, by the sockets in turn, and no packet is lost", () => {
  const world = new LinkWorld();
  const parent = new RelayNode(world, 1);
  const child = new RelayNode(world, 2);
  child.logic.command({ type: "seeds", addresses: ["10.0.0.1:8300"] }, world.now);
  const open = () => [...(child.logic.relay?.node.links.open() ?? [])];
  world.run(() => open().length > 0);
  const [link] = open();
  const writer = new RingWriter(parent.ring.buffer);
  const reader = new RingReader(child.ring.buffer, VIEWER, () => {});
  reader.want(true);
  parent.logic.setSource(1, { epoch: 1, audio: null, video: [parent.ring] });
  parent.logic.command({ type: "publish", name: "a", stream: 1, tracks: TRACKS }, world.now);
  world.run(() => false, 100_000);
  child.logic.command({ type: "pull", name: "a", stream: 1, rings: [child.ring] }, world.now);
  world.run(() => false, 300_000);
  let sent = 0;
  let came = 0;
  let newest = world.now;
  let gapUs = 0;
  for (const end = world.now + 30_000_000; world.now < end; ) {
    writePacket(writer, sent, world.now, KEYFRAME);
    sent += 1;
    world.run(() => false, STEP_US);
    while (reader.read(came, new Uint8Array(2048), 0) === 0) {
      came += 1;
      newest = world.now;
    }
    gapUs = Math.max(gapUs, world.now - newest);
  }
  // A turn there, a turn on.
  expect(sent - came).toBeLessThan(4);
  expect(gapUs).toBeLessThan(20_000);
  expect(child.sessions.size).toBeGreaterThan(5);
  expect(parent.sessions.size).toBe(child.sessions.size);
  expect(open()).toEqual([link!]);
  expect([...parent.unlinked, ...child.unlinked]).toEqual([]);
  // The old ones are over, and only the one in use is left.
  world.run(() => false, 2_000_000);
  expect([parent, child].map(({ host }) => host.sessions.table.size)).toEqual([1, 1]);
}, 60_000);
