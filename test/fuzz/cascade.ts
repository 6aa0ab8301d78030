/**
 * A node with a member that lies: one that has the secret and says whatever it likes. The streams that
 * the node publishes, and those that it has from an honest member, are as if the liar were not there.
 */
import type { NodeSelf } from "../../src/cascade/greeting.ts";
import { LinkEnd } from "../../src/cascade/keyring.ts";
import { Link } from "../../src/cascade/link.ts";
import { nodeBytes } from "../../src/cascade/node-id.ts";
import { LINK_PAYLOAD_MAX } from "../../src/cascade/path-size.ts";
import type { RingGrant } from "../../src/contract/source.ts";
import type { LinkPort } from "../../src/relay/link-port.ts";
import { Relay } from "../../src/relay/relay.ts";
import { ReadResult, RingReader } from "../../src/ring/reader.ts";
import { RingWriter } from "../../src/ring/writer.ts";
import { writeCut } from "../../src/wire/cascade/cut.ts";
import { DataFrame } from "../../src/wire/cascade/data.ts";
import { readDatagram } from "../../src/wire/cascade/datagram.ts";
import type { Elements } from "../../src/wire/cascade/elements.ts";
import { Message } from "../../src/wire/cascade/kinds.ts";
import { type NamedTrack, writeName } from "../../src/wire/cascade/name.ts";
import { writeClose } from "../../src/wire/cascade/node.ts";
import { readSubscribe, writeAccept } from "../../src/wire/cascade/subscription.ts";
import { Codec } from "../../src/wire/codecs.ts";
import { EXPORTED, idOf, KEYRING, selfOf } from "../cascade/ends.ts";
import { allocate, counters, grantOf, KEYFRAME, NO_WEAR, writePacket } from "../relay/slots.ts";
import { dataBytes } from "../wire/cascade/data-frames.ts";
import { Dice } from "./dice.ts";
import { demand } from "./judge.ts";
import { Liar } from "./liar.ts";

const STEPS = 600;
const STEP_US = 1_000;
/** A CUT for so many packets. */
const CUT_PACKETS = 20;
const VIEWER = 1;
const [NODE, HONEST, LIAR] = [1, 2, 3];
const TRACKS: readonly NamedTrack[] = [
  { kind: "video", rid: null, codec: "vp9", fmtp: "", channels: 0 },
];

/** What happened in a case. */
export interface Outcome {
  /** Frames and datagrams of the liar, and how often it was let go. */
  readonly lies: number;
  readonly ended: number;
  /** Packets of the liar's own stream that are in its ring. */
  readonly taken: number;
}

/** One case. Throws when a rule is broken. */
export function fuzzCascade(seed: number): Outcome {
  const world = new World(seed);
  world.run();
  return world.judge();
}

/** Another node: its end of a link to the node that is tested. */
class Member implements LinkPort {
  link!: Link;
  session = 0;
  closed = false;
  readonly buffer = new Uint8Array(LINK_PAYLOAD_MAX);
  readonly wear = NO_WEAR;
  /** Its numbers of the streams that it was asked for, as SUB has them. */
  readonly asked = new Map<string, number>();
  readonly #self: NodeSelf;
  readonly #world: World;

  constructor(world: World, number: number) {
    this.#world = world;
    this.#self = selfOf(number);
  }

  connect(session: number): void {
    const { now, relay } = this.#world;
    this.session = session;
    this.closed = false;
    this.asked.clear();
    const { kid } = KEYRING.first;
    this.link = new Link({
      session,
      security: { end: LinkEnd.caller, node: idOf(NODE!), exported: EXPORTED },
      self: this.#self,
      keyring: KEYRING,
      kid,
      events: {
        opened: () => {},
        message: (_link, type, elements) => this.#message(type, elements),
        loose: () => {},
        closed: () => {},
      },
      output: (frame) => this.send(frame),
      load: () => ({ busy: 0, lagUs: 0, filled: null }),
      cores: () => 1,
      now,
    });
    const security = { end: LinkEnd.callee, node: this.#self.id, exported: EXPORTED };
    relay.linked(this, security, kid, null, now);
  }

  /** A datagram on its way to the node; it is read from a place of its own, which is reused. */
  send(datagram: Uint8Array): void {
    this.#world.deliver(this.session, datagram);
  }

  transmit(length: number): boolean {
    const { now } = this.#world;
    const bytes = this.buffer.slice(0, length);
    readDatagram(bytes, 0, length, new DataFrame(), {
      data: () => {},
      frame: (type, elements) => this.link.handleFrame(type, elements, now, now),
    });
    return true;
  }

  close(): void {
    this.closed = true;
  }

  #message(type: number, elements: Elements): void {
    if (type !== Message.subscribe) return;
    const sub = readSubscribe(elements);
    if (sub !== null) this.asked.set(sub.name, sub.alias);
  }
}

class World {
  now = 1_000_000;
  readonly relay: Relay;
  readonly honest = new Member(this, HONEST!);
  readonly liar = new Member(this, LIAR!);
  readonly #dice: Dice;
  readonly #lies: Liar;
  readonly #own = grantOf("video", 0);
  readonly #ownWriter = new RingWriter(this.#own.buffer);
  /** Rings of the honest member's stream and of the liar's. */
  readonly #grants: readonly RingGrant[] = [grantOf("video", 1), grantOf("video", 2)];
  readonly #readers = this.#grants.map(({ buffer }) => new RingReader(buffer, VIEWER, () => {}));
  readonly #datagram = new Uint8Array(4096);
  #sessions = 10;
  #sent = 0;
  #lied = 0;
  #ended = 0;
  /** Numbers of CUTs of the honest member's stream, and how many it has sent. */
  readonly #cuts: number[] = [];
  #cutsSent = 0;

  constructor(seed: number) {
    this.#dice = new Dice(seed);
    this.#lies = new Liar(this.#dice, [NODE!, HONEST!, LIAR!].map(idOf));
    const ground = { reader: 0, readers: 2, counters: counters(), allocate, wish: () => {} };
    const load = () => ({ busy: 0, lagUs: 0, filled: null });
    this.relay = new Relay(
      selfOf(NODE!),
      KEYRING,
      64,
      { ...ground, news: () => {}, random: this.#dice.random, load },
      {
        dial: (address) => this.relay.unreachable(address, this.now),
        heard: () => {},
        outranked: () => {},
        wanted: () => {},
        children: () => {},
        owner: () => {},
        asked: (asker, nonce, question) => this.relay.asks.answer(asker, nonce, question),
        answered: () => {},
        lookedUp: () => {},
        linkOpened: () => {},
        linkClosed: () => {},
        turned: () => {},
        remarks: (stream, remarks) => this.relay.remarks.tell(stream, remarks),
        remarksWished: (child) => this.relay.remarks.give(child, []),
        cut: (stream, { number }) => {
          if (stream === 2) this.#cuts.push(number);
        },
        cutsWished: () => {},
      },
    );
    for (const member of [this.honest, this.liar]) member.connect(this.#nextSession());
    this.relay.setSource(1, { epoch: 1, audio: null, video: [this.#own] });
    this.relay.publish("own", 1, TRACKS, this.now);
    for (const reader of this.#readers) reader.want(true);
  }

  run(): void {
    this.#turns(20);
    this.#tell(this.honest, HONEST!, "true");
    this.#tell(this.liar, LIAR!, "lie");
    this.#turns(10);
    this.relay.pull("true", 2, [this.#grants[0]!], this.now);
    this.relay.pull("lie", 3, [this.#grants[1]!], this.now);
    for (const stream of [2, 3]) this.relay.cuts.setOpen(stream, true);
    this.#turns(20);
    const alias = this.honest.asked.get("true");
    demand(alias !== undefined, "the honest member is asked for its stream");
    const path = [nodeBytes(idOf(HONEST!))];
    this.honest.link.send(writeAccept({ alias: alias!, path, heads: [0] }));
    for (let step = 0; step < STEPS; step += 1) {
      this.#media(alias!);
      for (let lies = this.#dice.below(6); lies > 0; lies -= 1) this.#lie();
      this.#turns(1);
      if (this.liar.closed) this.#reconnect();
    }
    this.#turns(50);
  }

  /** What must be as if the liar were not there. */
  judge(): Outcome {
    demand(this.honest.link.open && !this.honest.closed, "the honest member stays linked");
    demand(this.relay.isOpen(this.honest.session), "at both ends");
    const own = new RingReader(this.#own.buffer, VIEWER);
    const [pulled, lie] = this.#readers as [RingReader, RingReader];
    for (let sequence = Math.max(0, this.#sent - 100); sequence < this.#sent; sequence += 1) {
      demand(isPacket(own, sequence), `own packet ${sequence} is as it was`);
      demand(isPacket(pulled, sequence), `packet ${sequence} of the honest member is there`);
    }
    // From when it was asked for them on.
    const first = this.#cuts[0] ?? this.#cutsSent;
    const told = Array.from({ length: this.#cutsSent - first }, (_, i) => first + i);
    demand(told.length > this.#cutsSent / 2, "the honest member is asked for CUTs");
    demand(this.#cuts.join() === told.join(), "all of them are heard, and no others");
    const taken = lie.describe().packets;
    return { lies: this.#lied, ended: this.#ended, taken };
  }

  deliver(session: number, datagram: Uint8Array): void {
    const bytes = this.#datagram;
    bytes.fill(0xc1);
    bytes.set(datagram.subarray(0, 2000), 7);
    const length = Math.min(2000, datagram.length);
    this.relay.received(session, bytes, 7, length, this.now, this.now);
    bytes.fill(0xc1);
  }

  #tell({ link }: Member, node: number, name: string): void {
    const owner = nodeBytes(idOf(node));
    link.send(writeName({ name, epoch: 1, owner, relayed: false, tracks: TRACKS }));
  }

  #turns(count: number): void {
    for (let i = 0; i < count; i += 1) {
      this.now += STEP_US;
      for (const { link } of [this.honest, this.liar]) link.handleTimeout(this.now);
      this.relay.judge(this.now);
      this.relay.handleTimeout(this.now);
      this.relay.mark(this.#own.index, this.now);
      this.relay.forward(this.now, Number.POSITIVE_INFINITY, () => this.now);
      this.relay.flush();
    }
  }

  #media(alias: number): void {
    const sequence = this.#sent;
    this.#sent += 1;
    writePacket(this.#ownWriter, sequence, this.now, KEYFRAME);
    const payload = new Uint8Array(100).fill(sequence);
    const media = {
      alias,
      ring: 0,
      codec: Codec.vp9,
      sequence,
      ageUs: 0,
      flags: KEYFRAME,
      payload,
    };
    this.honest.send(dataBytes(media));
    if (sequence % CUT_PACKETS !== CUT_PACKETS - 1) return;
    const [number, body] = [this.#cutsSent, payload];
    this.#cutsSent += 1;
    this.honest.link.send(writeCut({ alias, edition: "01".repeat(16), number, body }));
    this.relay.cuts.decided(1, { edition: "02".repeat(16), number, body }, this.now);
  }

  #lie(): void {
    this.#lied += 1;
    const { liar } = this;
    if (this.#dice.chance(1 / 1500)) liar.link.send(writeClose("for a while"));
    const aliases = [...liar.asked.values(), ...this.honest.asked.values()];
    const lie = this.#lies.next(aliases, this.#sent);
    if (lie.message !== null && !liar.link.closed) liar.link.send(lie.message);
    if (lie.datagram !== null) liar.send(lie.datagram);
  }

  #reconnect(): void {
    this.#ended += 1;
    this.liar.connect(this.#nextSession());
    this.#turns(5);
    this.#tell(this.liar, LIAR!, "lie");
  }

  #nextSession(): number {
    this.#sessions += 1;
    return this.#sessions;
  }
}

/** Whether a ring has the packet, as it was sent. */
function isPacket(reader: RingReader, sequence: number): boolean {
  const slot = new Uint8Array(2048);
  if (reader.read(sequence, slot, 0) !== ReadResult.ok) return false;
  return slot.subarray(192, 292).every((byte) => byte === (sequence & 255));
}
