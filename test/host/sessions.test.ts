/** Sessions as the guest of a loop: real peers in virtual time, between sockets of the test's own. */
import { beforeEach, expect, test } from "bun:test";
import { Counter } from "../../src/contract/counters.ts";
import type { WorkerCommand, WorkerEvent } from "../../src/contract/messages.ts";
import type { MediaLogic } from "../../src/host/media-logic.ts";
import { Sessions } from "../../src/host/sessions.ts";
import { Sockets } from "../../src/host/sockets.ts";
import { CONNECT_TIMEOUT_US, RECEIVE_BATCH } from "../../src/limits.ts";
import { NO_LIMITS } from "../../src/media/layer-choice.ts";
import type { Peer } from "../../src/peer/peer.ts";
import { createTransmit } from "../../src/peer/transmit.ts";
import { WorkerBlock } from "../../src/ring/doorbell.ts";
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

const CLIENT = sockaddr(2);
const SESSION = 7;
const OPEN: Extract<WorkerCommand, { type: "viewer-open" }> = {
  type: "viewer-open",
  session: SESSION,
  stream: 1,
  peer: {
    localUfrag: "srvU",
    localPwd: "server-password-0123456789",
    remoteUfrag: "cliU",
    remotePwd: "client-password-0123456789",
    dtlsRole: "server",
    fingerprints: [clientCertificate.fingerprint],
  },
  media: [],
  cname: "c",
  source: null,
  playoutDelay: null,
  limits: NO_LIMITS,
};

/** Notes what it is told; what a test wants to throw, throws. */
class Logic implements MediaLogic {
  readonly told: string[] = [];
  throwing = "";
  dueAt = Infinity;
  readonly late = false;
  sent?: () => void;

  connected = (peer: Peer) => this.#note("connected", peer.session);
  rtp = (peer: Peer) => this.#note("rtp", peer.session);
  rtcp = (peer: Peer) => this.#note("rtcp", peer.session, peer.length);
  closed = (session: number) => this.#note("closed", session);
  command = ({ type }: WorkerCommand) => this.#note(type);
  mark = (index: number) => this.#note("mark", index);
  received = () => {};
  workAt = () => Infinity;
  work = () => false;
  nextTimeout = () => this.dueAt;
  handleTimeout = () => this.#note("handleTimeout");

  #note(what: string, ...details: number[]): void {
    this.told.push([what, ...details].join(" "));
    if (what === this.throwing) throw new Error(what);
  }
}

class Worker {
  now = 1_000_000;
  readonly counters = WorkerBlock.create().counters;
  readonly receiver = new FakeReceiver();
  readonly sender = new FakeSender();
  /** Of a second socket, which the client of these tests does not use. */
  readonly other = new FakeSender();
  readonly logic = new Logic();
  /** Everything that control was told, and where datagrams left between. */
  readonly emitted: (WorkerEvent | "flushed")[] = [];
  readonly sessions: Sessions;

  constructor() {
    const poller = { wantWritable: () => {} };
    const senders = [this.sender, this.other];
    const sockets = new Sockets([9, 10], this.receiver, senders, poller, this.counters);
    this.sessions = new Sessions({
      sockets,
      counters: this.counters,
      dtls: serverDtls,
      ciphers,
      emit: (event) => this.emitted.push(event),
      clock: () => this.now,
      random: filler(seeded(3)),
    });
    this.sessions.serve(this.logic);
  }

  of(type: WorkerEvent["type"]): WorkerEvent[] {
    return this.emitted.filter(
      (event) => event !== "flushed" && event.type === type,
    ) as WorkerEvent[];
  }

  /** What a loop does in a turn. */
  turn(): void {
    this.sessions.receive(1, this.now);
    this.sessions.handleTimeout(this.now);
    this.sessions.flush();
  }
}

/** The client at the other end of the worker's socket. */
class Client {
  readonly peer = clientOf(OPEN.peer, filler(seeded(4)), 1_000_000);
  readonly #worker: Worker;
  readonly #transmit = createTransmit();

  constructor(worker: Worker) {
    this.#worker = worker;
  }

  /** Both have their turns until `done`, for three seconds at most. */
  run(done: () => boolean): void {
    const worker = this.#worker;
    for (const end = worker.now + 3_000_000; !done() && worker.now < end; worker.now += 5_000) {
      this.peer.handleTimeout(worker.now);
      while (this.peer.pollTransmit(this.#transmit)) {
        const { bytes, length } = this.#transmit;
        worker.receiver.waiting.push({ bytes: bytes.slice(0, length), from: CLIENT });
      }
      worker.turn();
      for (const bytes of worker.sender.sent.splice(0)) {
        region.bytes.set(bytes);
        this.peer.handleDatagram(worker.now, region, 0, bytes.length, VIA, SERVER, 0);
      }
    }
  }

  sendPli(): void {
    writePli(region.bytes, 0, 1, 2);
    const length = this.peer.sender!.sealRtcp(region, 0, PLI_BYTES);
    const bytes = region.bytes.slice(0, length);
    this.#worker.receiver.waiting.push({ bytes, from: CLIENT });
  }
}

let worker: Worker;
let client: Client;

beforeEach(() => {
  worker = new Worker();
  worker.sessions.addPeer(OPEN, 4, worker.now);
  client = new Client(worker);
});

function connect(): void {
  client.run(() => client.peer.state === "connected" && worker.of("connected").length > 0);
}

test("a session connects: control and the logic are told, and its RTCP comes to the logic", () => {
  connect();
  expect(worker.emitted).toEqual([
    {
      type: "connected",
      session: SESSION,
      path: "10.0.0.2:4000",
      transport: "udp",
      srtpProfile: client.peer.srtpProfile!,
    },
  ]);
  expect(worker.logic.told).toEqual([`connected ${SESSION}`]);
  client.sendPli();
  worker.turn();
  expect(worker.logic.told.at(-1)).toBe(`rtcp ${SESSION} ${PLI_BYTES}`);
  worker.sessions.copyCounters();
  expect([worker.counters[Counter.joins], worker.counters[Counter.sessions]]).toEqual([1, 1]);
});

test("a session that control closes says so to its client before control hears of it", () => {
  connect();
  worker.sender.sent.length = 0;
  worker.sender.flush = () => worker.emitted.push("flushed") > 0;
  worker.sessions.handleCommand({ type: "close", session: SESSION, reason: "deleted" });
  const closed = { type: "closed", session: SESSION, reason: "deleted" } as const;
  expect(worker.emitted.slice(-2)).toEqual(["flushed", closed]);
  expect(worker.sender.sent.length).toBe(1);
  expect(worker.logic.told.at(-1)).toBe(`closed ${SESSION}`);
  expect(worker.sessions.table.size).toBe(0);
});

test("the logic hears of the end of a turn when what it queued is with the kernel", () => {
  const told: string[] = [];
  worker.sender.flush = () => told.push("flushed") > 0;
  worker.logic.sent = () => told.push("sent");
  worker.turn();
  expect(told).toEqual(["flushed", "sent"]);
});

test("a client that never comes fails to connect, and control hears why", () => {
  worker.now += CONNECT_TIMEOUT_US;
  worker.turn();
  const reason = "connect-timeout";
  expect(worker.of("closed")).toEqual([{ type: "closed", session: SESSION, reason }]);
  const fields = { session: SESSION, reason, detail: "no valid ICE check" };
  expect(worker.of("log")[0]).toMatchObject({ message: "Session failed to connect", fields });
  expect(worker.counters[Counter.joinsFailed]).toBe(1);
});

test("a timer waits for what stands unread in a socket", () => {
  worker.now += CONNECT_TIMEOUT_US;
  // More than the batches of a turn, of nothing that anybody knows.
  const datagram = { bytes: Uint8Array.of(255, 1, 2), from: CLIENT };
  worker.receiver.waiting.push(...Array(5 * RECEIVE_BATCH).fill(datagram));
  worker.turn();
  expect(worker.sessions.table.size).toBe(1);
  worker.turn();
  worker.turn();
  expect(worker.sessions.table.size).toBe(0);
  expect(worker.counters[Counter.datagramsIn]).toBe(5 * RECEIVE_BATCH);
});

test("S2: a command that throws costs the session that it is about, and is answered", () => {
  worker.logic.throwing = "stats";
  worker.sessions.handleCommand({ type: "stats", request: 5, session: SESSION });
  expect(worker.of("closed")).toEqual([
    { type: "closed", session: SESSION, reason: "internal-error" },
  ]);
  expect(worker.of("stats")).toEqual([{ type: "stats", request: 5, sessions: [] }]);
  expect(worker.sessions.table.size).toBe(0);
  expect(worker.counters[Counter.faults]).toBe(1);
  const all = { type: "stats", request: 6, session: null } as const;
  expect(() => worker.sessions.handleCommand(all)).toThrow("stats");
});

test("the logic's timer and marks are the loop's, and it wants its turn when the first is due", () => {
  const { sessions, logic } = worker;
  const { now } = worker;
  logic.dueAt = now + 500;
  expect(sessions.nextTimeout()).toBe(now + 500);
  worker.turn();
  expect(logic.told).toEqual([]);
  worker.now += 500;
  worker.turn();
  sessions.mark(3);
  expect(logic.told).toEqual(["handleTimeout", "mark 3"]);
  logic.dueAt = Infinity;
  expect(sessions.nextTimeout()).toBe(sessions.table.nextTimeout());
});

test("a wait for a full socket ends in a turn", () => {
  const { sessions, other } = worker;
  for (const { counters } of [worker.sender, other]) counters.datagrams += 1;
  sessions.copyCounters();
  other.full = true;
  sessions.flush();
  expect([sessions.blocked, sessions.nextTimeout()]).toEqual([true, worker.now + 10_000]);
  worker.now += 10_000;
  sessions.flush();
  expect([sessions.blocked, sessions.nextTimeout() > worker.now]).toEqual([false, true]);
});
