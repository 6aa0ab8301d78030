import type { WorkerEvent } from "../contract/messages.ts";
import type { WorkerSetup } from "../contract/setup.ts";
import { OpenSslDtlsFactory } from "../io/dtls-openssl.ts";
import { Epoll } from "../io/epoll.ts";
import { ringEventFd } from "../io/event-fd.ts";
import { openOpenSsl } from "../io/openssl.ts";
import { pinnedRegion, unpin } from "../io/pinned.ts";
import { randomFill } from "../io/random.ts";
import { OpenSslSrtpFactory } from "../io/srtp-openssl.ts";
import { endTcp, tcpStream } from "../io/tcp-socket.ts";
import { GuardedDtls } from "../peer/guarded-dtls.ts";
import type { KnockKeys } from "../peer/knock.ts";
import { Doorbells, WorkerBlock } from "../ring/doorbell.ts";
import { PortableSrtpFactory } from "../srtp/cipher-portable.ts";
import { Connections } from "./connections.ts";
import type { Home } from "./home.ts";
import { Loop, openGround } from "./loop.ts";
import type { MediaLogic } from "./media-logic.ts";
import { Sessions, type SessionsGround } from "./sessions.ts";
import { Sockets } from "./sockets.ts";

/** OpenSSL's spelling. */
const LINK_SRTP_PROFILES = "SRTP_AEAD_AES_128_GCM";

/** TCP connections that one look finds ready; the next one finds the others. */
const CONNECTIONS_READY_MAX = 64;

/** What a worker with sessions lives in: a loop, its sockets, and the sessions as its guest. */
export class MediaHost implements Home {
  /** Of the worker's block. */
  readonly counters: Float64Array;
  readonly sockets: Sockets;
  readonly sessions: Sessions;
  /** Of all workers. */
  readonly bells: Doorbells;
  readonly allocate = pinnedRegion;
  /** What its sessions stand on. */
  readonly ground: SessionsGround;
  readonly #loop: Loop;
  readonly emit: (event: WorkerEvent) => void;

  /** `knocks`: its sessions are links between nodes, by these keys (see SessionsGround). */
  constructor(setup: WorkerSetup, emit: (event: WorkerEvent) => void, knocks?: KnockKeys) {
    const openSsl = openOpenSsl(setup.openssl);
    const ground = openGround(setup);
    const { counters } = ground.block;
    const profiles = knocks === undefined ? null : LINK_SRTP_PROFILES;
    this.emit = emit;
    this.counters = counters;
    this.bells = new Doorbells(
      setup.bells.map(({ block }) => new WorkerBlock(block)),
      setup.readers,
      (worker) => ringEventFd(setup.bells[worker]!.doorbellFd),
    );
    this.sockets = Sockets.open(setup, ground.poller, counters);
    this.ground = {
      sockets: this.sockets,
      counters,
      dtls: new GuardedDtls(new OpenSslDtlsFactory(openSsl, setup.certificate, profiles)),
      ciphers: setup.features.opensslCiphers
        ? new OpenSslSrtpFactory(openSsl)
        : new PortableSrtpFactory(),
      emit,
      clock: ground.clock,
      random: randomFill,
      ...(knocks === undefined ? {} : { knocks }),
    };
    const connections = new Connections({
      epoll: new Epoll(setup.streamPollFd, CONNECTIONS_READY_MAX),
      stream: tcpStream,
      end: endTcp,
      allocate: pinnedRegion,
      release: unpin,
      clock: ground.clock,
    });
    this.sessions = new Sessions(this.ground, connections);
    this.#loop = new Loop(ground, this.sessions);
  }

  /** Runs until the thread ends. */
  run(logic: MediaLogic): void {
    this.sessions.serve(logic);
    this.emit({ type: "ready" });
    this.#loop.run();
  }
}
