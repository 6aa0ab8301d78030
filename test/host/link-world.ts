/** Nodes whose workers hold links to each other: real peers and DTLS, sockets of the test's own. */
import type { WorkerEvent } from "../../src/contract/messages.ts";
import type { MediaLogic } from "../../src/host/media-logic.ts";
import { Sessions } from "../../src/host/sessions.ts";
import { Sockets } from "../../src/host/sockets.ts";
import { type Certificate, createCertificate } from "../../src/io/certificate.ts";
import { OpenSslDtlsFactory } from "../../src/io/dtls-openssl.ts";
import { type OpenSsl, openOpenSsl } from "../../src/io/openssl.ts";
import { pinnedRegion } from "../../src/io/pinned.ts";
import { RECEIVE_BATCH } from "../../src/limits.ts";
import { GuardedDtls } from "../../src/peer/guarded-dtls.ts";
import type { KnockKey } from "../../src/peer/knock.ts";
import type { Peer } from "../../src/peer/peer.ts";
import { WorkerBlock } from "../../src/ring/doorbell.ts";
import type { Region } from "../../src/srtp/cipher.ts";
import { LINK_HEADER_BYTES, LINK_SSRC, writeLinkHeader } from "../../src/wire/link-header.ts";
import type { Path } from "../../src/wire/path.ts";
import { ciphers, filler, sockaddr } from "../peer/pair.ts";
import { seeded } from "../support/random.ts";
import { FakeReceiver, FakeSender } from "./fake-sockets.ts";

export const AES_128 = "SRTP_AEAD_AES_128_GCM";
export const KEY: KnockKey = { kid: "kid00001", key: new Uint8Array(32).fill(1) };
const scratch = pinnedRegion(2048);

export interface Datagram {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
  readonly bytes: Uint8Array;
}

export interface NodeOptions {
  readonly keys?: readonly KnockKey[];
  readonly certificate?: Certificate;
  readonly srtpProfiles?: string;
  readonly openSsl?: OpenSsl;
  /** Has what its links bring, in place of what only keeps it. */
  readonly logic?: MediaLogic;
}

/** A socket that remembers where things went. */
class WireSender extends FakeSender {
  constructor(
    private readonly address: Uint8Array,
    private readonly out: Datagram[],
  ) {
    super();
  }

  override commit({ sockaddr: to }: Path, length: number): void {
    this.out.push({ from: this.address, to, bytes: this.region.bytes.slice(0, length) });
  }

  override send({ sockaddr: to }: Path, bytes: Uint8Array, length: number): void {
    this.out.push({ from: this.address, to, bytes: bytes.slice(0, length) });
  }
}

/** Keeps what a relay would be told. */
class Links implements MediaLogic {
  readonly opened: Peer[] = [];
  readonly ended: number[] = [];
  /** Indices and payloads, in the order of arrival. */
  readonly came: { readonly index: number; readonly payload: string }[] = [];
  readonly late = false;

  connected(peer: Peer): void {
    this.opened.push(peer);
  }

  closed(session: number): void {
    this.ended.push(session);
  }

  rtp(peer: Peer, _now: number, region: Region, offset: number): void {
    const payload = region.bytes.slice(offset + LINK_HEADER_BYTES, offset + peer.length);
    this.came.push({ index: peer.index, payload: payload.toHex() });
  }

  rtcp = () => {
    throw new Error("a link has no RTCP");
  };
  command = () => {};
  mark = () => {};
  received = () => {};
  work = () => false;
  workAt = () => Infinity;
  nextTimeout = () => Infinity;
  handleTimeout = () => {};
}

export class LinkNode {
  readonly certificate: Certificate;
  readonly links = new Links();
  readonly emitted: WorkerEvent[] = [];
  readonly sessions: Sessions;
  readonly receiver = new FakeReceiver();
  /** Where it is called, and its second socket. */
  readonly address: Uint8Array;
  readonly second: Uint8Array;
  readonly atSecond: { readonly bytes: Uint8Array; readonly from: Uint8Array }[] = [];
  readonly #senders: readonly WireSender[];
  readonly #world: LinkWorld;
  readonly #out: Datagram[] = [];

  constructor(world: LinkWorld, host: number, options: NodeOptions = {}) {
    const { keys = [KEY], certificate = createCertificate(), srtpProfiles = AES_128 } = options;
    const { openSsl = openOpenSsl("system") } = options;
    this.#world = world;
    this.certificate = certificate;
    this.address = sockaddr(host, 8300);
    this.second = sockaddr(host, 50_000 + host);
    this.#senders = [this.address, this.second].map((own) => new WireSender(own, this.#out));
    const { counters } = WorkerBlock.create();
    const poller = { wantWritable: () => {} };
    const factory = new OpenSslDtlsFactory(openSsl, certificate, srtpProfiles);
    this.sessions = new Sessions({
      sockets: new Sockets([9, 10], this.receiver, this.#senders, poller, counters),
      counters,
      dtls: new GuardedDtls(factory),
      ciphers,
      emit: (event) => this.emitted.push(event),
      clock: () => world.now,
      random: filler(seeded(100 + host)),
      knocks: { knockKey: (kid) => keys.find((key) => key.kid === kid) ?? null },
    });
    this.sessions.serve(options.logic ?? this.links);
  }

  /** Calls another node by one of its sockets. */
  dial(to: LinkNode, key = KEY, socket = 0): Peer {
    const path = { via: this.#senders[socket]!, sockaddr: to.address };
    return this.sessions.dial(key, [path], this.#world.now);
  }

  /** The same by whichever of its sockets has no link to there. */
  dialAny(to: Uint8Array, key: KnockKey): Peer {
    const paths = this.#senders.map((via) => ({ via, sockaddr: to }));
    return this.sessions.dial(key, paths, this.#world.now);
  }

  /** The only link there is. */
  get link(): Peer {
    return [...this.sessions.table.peers()][0]!;
  }

  /** One turn of its loop; what it sent in it. */
  turn(): Datagram[] {
    while (this.receiver.waiting.length > 0) this.sessions.receive(1, this.#world.now);
    this.receiver.waiting.push(...this.atSecond.splice(0));
    while (this.receiver.waiting.length > 0) this.sessions.receive(2, this.#world.now);
    this.sessions.receive(0, this.#world.now);
    this.sessions.handleTimeout(this.#world.now);
    this.sessions.flush();
    return this.#out.splice(0);
  }

  /** Hands it one datagram as if from `from`; what it sends then. */
  give(bytes: Uint8Array, from: Uint8Array): Datagram[] {
    this.receiver.waiting.push({ bytes, from });
    return this.turn();
  }
}

export class LinkWorld {
  now = 1_000_000;
  /** Nothing arrives. */
  cut = false;
  /** Everything that was ever sent. */
  readonly seen: Datagram[] = [];
  readonly #nodes: LinkNode[] = [];
  readonly #loss: number;
  readonly #random: () => number;

  /** `loss`: the share of datagrams that do not arrive. */
  constructor(loss = 0, seed = 1) {
    this.#loss = loss;
    this.#random = seeded(seed);
  }

  node(options: NodeOptions = {}): LinkNode {
    const node = new LinkNode(this, 1 + this.#nodes.length, options);
    this.#nodes.push(node);
    return node;
  }

  /** Everybody has turns until `done`, for so long at most. */
  run(done: () => boolean, forUs = 3_000_000): boolean {
    for (const end = this.now + forUs; this.now < end; this.now += 5_000) {
      if (done()) return true;
      for (const node of this.#nodes) {
        for (const datagram of node.turn()) {
          this.seen.push(datagram);
          if (this.cut || this.#random() < this.#loss) continue;
          this.#queueAt(datagram.to)?.push(datagram);
        }
      }
    }
    return done();
  }

  #queueAt(address: Uint8Array): { bytes: Uint8Array; from: Uint8Array }[] | undefined {
    for (const node of this.#nodes) {
      if (Buffer.compare(node.address, address) === 0) return node.receiver.waiting;
      if (Buffer.compare(node.second, address) === 0) return node.atSecond;
    }
    return undefined;
  }
}

/** Two nodes with a link from `a` to `b`. */
export function linked(options: { readonly a?: NodeOptions; readonly b?: NodeOptions } = {}) {
  const world = new LinkWorld();
  const [a, b] = [world.node(options.a), world.node(options.b)];
  const peer = a.dial(b);
  const connected = () => a.links.opened.length + b.links.opened.length === 2;
  world.run(() => connected() || peer.state === "closed");
  return { world, a, b, peer };
}

/** A datagram that `peer` seals under `index`, whose payload is the index. */
export function seal(peer: Peer, index: number): Uint8Array {
  const sender = peer.sender!;
  writeLinkHeader(scratch.bytes, 0, index);
  new DataView(scratch.bytes.buffer).setFloat64(LINK_HEADER_BYTES, index);
  const stream = sender.stream(LINK_SSRC);
  const at = LINK_HEADER_BYTES;
  const length = sender.sealRtp(stream, scratch, 0, at, scratch, at, 8, index);
  return scratch.bytes.slice(0, length);
}

/** More than fit into one batch go in several. */
export function giveAll(node: LinkNode, packets: readonly Uint8Array[], from: Uint8Array): void {
  for (let i = 0; i < packets.length; i += RECEIVE_BATCH) {
    for (const bytes of packets.slice(i, i + RECEIVE_BATCH)) {
      node.receiver.waiting.push({ bytes, from });
    }
    node.turn();
  }
}
