/** A session by TCP from its first check to its end: real peers in virtual time, a kernel of the test's. */
import { beforeEach, expect, test } from "bun:test";
import { Counter } from "../../src/contract/counters.ts";
import type { WorkerCommand, WorkerEvent } from "../../src/contract/messages.ts";
import { Connections } from "../../src/host/connections.ts";
import type { MediaLogic } from "../../src/host/media-logic.ts";
import { Sessions } from "../../src/host/sessions.ts";
import { Sockets } from "../../src/host/sockets.ts";
import { pinnedRegion } from "../../src/io/pinned.ts";
import { CONSENT_SESSION_TIMEOUT_US, TCP_BLOCKED_US } from "../../src/limits.ts";
import { NO_LIMITS } from "../../src/media/layer-choice.ts";
import { createTransmit } from "../../src/peer/transmit.ts";
import { WorkerBlock } from "../../src/ring/doorbell.ts";
import { cutFrames } from "../../src/wire/framing.ts";
import { PLI_BYTES, writePli } from "../../src/wire/rtcp/pli.ts";
import {
  ciphers,
  clientCertificate,
  clientOf,
  filler,
  region,
  SERVER,
  serverDtls,
  sockaddr,
} from "../peer/pair.ts";
import { seeded } from "../support/random.ts";
import { VIA } from "../support/transport.ts";
import { FakeReceiver, FakeSender } from "./fake-sockets.ts";
import { FakeKernel, framed } from "./fake-streams.ts";

const CLIENT = sockaddr(2);
const SESSION = 7;
const OPEN: Extract<WorkerCommand, { type: "viewer-open" }> = {
  ...{ type: "viewer-open", session: SESSION, stream: 1, media: [], cname: "c", source: null },
  ...{ playoutDelay: null, limits: NO_LIMITS },
  peer: {
    localUfrag: "srvU",
    localPwd: "server-password-0123456789",
    remoteUfrag: "cliU",
    remotePwd: "client-password-0123456789",
    dtlsRole: "server",
    fingerprints: [clientCertificate.fingerprint],
  },
};

/** A worker without UDP traffic, and its one client. */
class World {
  now = 1_000_000;
  readonly kernel = new FakeKernel();
  readonly counters = WorkerBlock.create().counters;
  readonly emitted: WorkerEvent[] = [];
  readonly told: string[] = [];
  readonly peer = clientOf(OPEN.peer, filler(seeded(4)), this.now);
  readonly sessions: Sessions;
  /** The client's connection; 0 before it has one. */
  fd = 0;
  /** The client says nothing any more. */
  mute = false;
  readonly #transmit = createTransmit();
  /** What has come to the client and is no whole frame yet. */
  #rest = new Uint8Array(0);

  constructor() {
    this.kernel.allocate = pinnedRegion;
    const poller = { wantWritable: () => {} };
    const sockets = new Sockets([9], new FakeReceiver(), [new FakeSender()], poller, this.counters);
    this.sessions = new Sessions(
      {
        sockets,
        counters: this.counters,
        dtls: serverDtls,
        ciphers,
        emit: (event) => this.emitted.push(event),
        clock: () => this.now,
        random: filler(seeded(3)),
      },
      new Connections(this.kernel.ground),
    );
    const note = (what: string) => void this.told.push(what);
    this.sessions.serve({
      connected: () => note("connected"),
      rtp: () => note("rtp"),
      rtcp: (_, __, ___, ____, arrival) => note(`rtcp ${arrival === this.now}`),
      closed: () => note("closed"),
      ...{ command: () => {}, mark: () => {}, received: () => {}, handleTimeout: () => {} },
      ...{ workAt: () => Infinity, work: () => false, nextTimeout: () => Infinity, late: false },
    } satisfies MediaLogic);
    this.sessions.addPeer(OPEN, 4, this.now);
  }

  of(type: WorkerEvent["type"]): WorkerEvent[] {
    return this.emitted.filter((event) => event.type === type);
  }

  /** Both have their turns until `done`, for so long at most. */
  run(done: () => boolean, forUs = 3_000_000): void {
    for (const end = this.now + forUs; !done() && this.now < end; this.now += 5_000) {
      this.kernel.now = this.now;
      this.#speak();
      // The bit behind those of the sockets.
      this.sessions.receive(2, this.now);
      this.sessions.handleTimeout(this.now);
      this.sessions.flush();
      this.#listen();
    }
  }

  connect(): void {
    this.run(() => this.peer.state === "connected" && this.of("connected").length > 0);
  }

  sendPli(): void {
    writePli(region.bytes, 0, 1, 2);
    const length = this.peer.sender!.sealRtcp(region, 0, PLI_BYTES);
    this.#send(region.bytes.slice(0, length));
  }

  /** The client's next datagram comes by another connection. */
  reconnect(): void {
    this.fd = 0;
    this.#rest = new Uint8Array(0);
  }

  #speak(): void {
    this.peer.handleTimeout(this.now);
    while (this.peer.pollTransmit(this.#transmit)) {
      const { bytes, length } = this.#transmit;
      if (!this.mute) this.#send(bytes.slice(0, length));
    }
  }

  #send(bytes: Uint8Array): void {
    const frame = framed(bytes);
    if (this.fd !== 0) {
      this.kernel.streams.get(this.fd)?.coming.push(frame);
      return;
    }
    this.fd = 30 + this.kernel.streams.size;
    const { fd } = this;
    const from = sockaddr(2, 4000 + fd);
    this.sessions.handleCommand({ type: "connection", fd, sockaddr: from, bytes: frame });
  }

  #listen(): void {
    const stream = this.kernel.streams.get(this.fd);
    if (stream === undefined) return;
    const came = new Uint8Array(
      Buffer.concat([this.#rest, new Uint8Array(stream.written.splice(0))]),
    );
    const next = cutFrames(came, 0, came.length, 2_000, (offset, length) => {
      region.bytes.set(came.subarray(offset, offset + length));
      this.peer.handleDatagram(this.now, region, 0, length, VIA, SERVER, 0);
      return true;
    });
    this.#rest = came.slice(next);
  }
}

let world: World;

beforeEach(() => {
  world = new World();
});

test("tcp-line: a session connects by the connection that control hands over, and says by what", () => {
  world.connect();
  expect(world.of("connected")).toMatchObject([
    { session: SESSION, path: "10.0.0.2:4030", transport: "tcp" },
  ]);
  world.sendPli();
  world.run(() => world.told.length > 1);
  expect(world.told).toEqual(["connected", "rtcp true"]);
  world.sessions.copyCounters();
  expect(world.counters[Counter.datagramsIn]).toBeGreaterThan(3);
  expect(world.counters[Counter.datagramsOut]).toBeGreaterThan(2);
  const before = world.counters[Counter.datagramsOut]!;
  world.sessions.copyCounters();
  expect(world.counters[Counter.datagramsOut]).toBe(before);
});

test("tcp-line: a client whose connection breaks comes back by another one", () => {
  world.connect();
  const { fd } = world;
  world.kernel.streams.get(fd)!.over = true;
  world.run(() => world.of("connection-over").length > 0);
  expect(world.of("connection-over")).toEqual([{ type: "connection-over", fd }]);
  const peer = world.sessions.table.bySession(SESSION)!;
  expect(peer.path).toBeNull();
  world.reconnect();
  world.run(() => peer.path !== null && peer.mediaAllowed, 10_000_000);
  expect([world.of("closed"), peer.mediaAllowed]).toEqual([[], true]);
  world.run(() => world.of("moved").length > 0);
  expect(world.of("moved").at(-1)).toMatchObject({ path: "10.0.0.2:4031", transport: "tcp" });
});

test("tcp-line: without another one its session ends like all who are not heard of", () => {
  world.connect();
  world.mute = true;
  world.kernel.streams.get(world.fd)!.over = true;
  world.run(() => world.of("closed").length > 0, 2 * CONSENT_SESSION_TIMEOUT_US);
  expect(world.of("closed")).toMatchObject([{ session: SESSION, reason: "consent-expired" }]);
});

test("tcp-line: one that takes nothing for ten seconds ends, and so does its session", () => {
  world.connect();
  const start = world.now;
  world.kernel.streams.get(world.fd)!.room = 0;
  world.run(() => world.of("closed").length > 0, 60_000_000);
  expect(world.of("closed")).toMatchObject([{ session: SESSION, reason: "blocked" }]);
  expect(world.now - start).toBeGreaterThanOrEqual(TCP_BLOCKED_US);
  // From the first check that the server wants to send, and the look of the next second.
  expect(world.now - start).toBeLessThan(TCP_BLOCKED_US + 5_000_000 + 2_000_000);
  expect(world.of("connection-over")).toHaveLength(1);
});

test("tcp-line: a session that ends says so before its connection does", () => {
  world.connect();
  world.sessions.handleCommand({ type: "close", session: SESSION, reason: "kicked" });
  world.run(() => world.peer.state === "closed");
  expect(world.peer.closeReason).toBe("peer-closed");
  world.run(() => world.of("connection-over").length > 0, 10_000_000);
  expect(world.kernel.ended).toEqual([world.fd]);
});

test("tcp-line: a connection of nobody's ends by itself, without an answer", () => {
  const frame = framed(new Uint8Array(40));
  world.mute = true;
  world.sessions.handleCommand({ type: "connection", fd: 90, sockaddr: CLIENT, bytes: frame });
  world.run(() => world.of("connection-over").length > 0, 10_000_000);
  expect(world.of("connection-over")).toEqual([{ type: "connection-over", fd: 90 }]);
  expect(world.kernel.streams.get(90)!.written).toEqual([]);
});
