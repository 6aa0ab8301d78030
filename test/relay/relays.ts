/** Two relays and the link between them, in virtual time. */
import { LinkEnd } from "../../src/cascade/keyring.ts";
import { LINK_PAYLOAD_MAX } from "../../src/cascade/path-size.ts";
import type { LinkPort } from "../../src/relay/link-port.ts";
import { Relay } from "../../src/relay/relay.ts";
import type { Cut } from "../../src/wire/cascade/cut.ts";
import { DataFrame } from "../../src/wire/cascade/data.ts";
import { readDatagram } from "../../src/wire/cascade/datagram.ts";
import type { Elements } from "../../src/wire/cascade/elements.ts";
import type { NumberedRemark } from "../../src/wire/cascade/remark.ts";
import { EXPORTED, idOf, KEYRING, selfOf } from "../cascade/ends.ts";
import { allocate, counters, NO_WEAR } from "./slots.ts";

const SESSION = 1;
const STEP_US = 1_000;
/** What a turn begins is out of the node so much later. */
export const SENT_US = 300;

/** One node's relay, and what it told control. */
export class Side {
  readonly relay: Relay;
  readonly heard: string[] = [];
  readonly answers: boolean[] = [];
  /** Parts of what others answer, each of which says what it was asked. */
  readonly parts: Uint8Array[] = [];
  /** What it was told of how others cut, and who wants to hear how it does. */
  readonly cuts: (Cut & { readonly stream: number })[] = [];
  readonly wished: string[] = [];
  children = 0;
  /** What was said of its streams, as control keeps it. */
  readonly said: NumberedRemark[] = [];
  readonly news = new Set<number>();
  readonly counters = counters();
  /** Rings that this node writes itself. */
  readonly own = new Set<number>();

  constructor(
    readonly number: number,
    readonly world: Relays,
    linkRate: number | null,
  ) {
    const reading = { reader: 0, counters: this.counters, allocate };
    const load = () => ({ busy: 0, lagUs: 0, filled: null });
    const wish = ({ index }: { index: number }) => this.relay.mark(index, world.now);
    const news = (index: number) => this.news.add(index);
    this.relay = new Relay(
      selfOf(number),
      KEYRING,
      8,
      { ...reading, wish, readers: 2, news, random: () => 0.5, load, linkRate },
      {
        dial: () => {},
        heard: (name, known) => this.heard.push(`${name} ${known?.epoch ?? "gone"}`),
        outranked: () => {},
        wanted: () => {},
        children: (_stream, count) => {
          this.children = count;
        },
        owner: (_request, alive) => this.answers.push(alive),
        asked: (asker, nonce, question) => this.relay.asks.answer(asker, nonce, question),
        answered: ({ part }) => this.parts.push(part),
        lookedUp: () => {},
        linkOpened: () => {},
        linkClosed: () => {},
        turned: () => {},
        remarks: (stream, remarks) => {
          this.said.push(...remarks.map(({ id, json }) => ({ id, json: json.slice() })));
          this.relay.remarks.tell(stream, remarks);
        },
        remarksWished: (child, since) => {
          this.relay.remarks.give(
            child,
            this.said.filter(({ id }) => id > since),
          );
        },
        cut: (stream, cut) => this.cuts.push({ stream, ...cut, body: cut.body.slice() }),
        cutsWished: (stream, wished) => this.wished.push(`${stream} ${wished}`),
      },
    );
  }

  turn(): void {
    const { now } = this.world;
    for (const index of this.own) this.relay.mark(index, now);
    this.relay.judge(now);
    this.relay.handleTimeout(now);
    this.relay.forward(now, Number.POSITIVE_INFINITY, () => now);
    this.relay.flush();
    this.relay.sent(() => now + SENT_US);
  }
}

export class Relays {
  now = 1_000_000;
  delayUs = 5_000;
  readonly parent: Side;
  readonly child = new Side(2, this, null);
  /** Frames that passed but DATA, by their sender's number and type. */
  readonly frames: { from: number; type: number; elements: Elements }[] = [];
  /** Datagrams of this sender for which it is true are lost. */
  lost: (from: Side, datagram: Uint8Array) => boolean = () => false;
  readonly #flying: { at: number; to: Side; bytes: Uint8Array }[] = [];

  /** `linkRate`: what the parent may send to the child, bits a second. */
  constructor(linkRate: number | null = null) {
    this.parent = new Side(1, this, linkRate);
    const security = (end: LinkEnd, other: Side) => ({
      end,
      node: idOf(other.number),
      exported: EXPORTED,
    });
    const { parent, child } = this;
    const { kid } = KEYRING.first;
    const callee = security(LinkEnd.callee, child);
    parent.relay.linked(this.#port(parent, child), callee, kid, null, this.now);
    const caller = security(LinkEnd.caller, parent);
    child.relay.linked(this.#port(child, parent), caller, kid, null, this.now);
    this.run(200_000);
  }

  run(us: number, each: () => void = () => {}): void {
    for (const end = this.now + us; this.now < end; this.now += STEP_US) {
      for (const { to, bytes } of this.#due()) {
        to.relay.received(SESSION, bytes, 0, bytes.length, this.now, this.now);
      }
      each();
      for (const side of [this.parent, this.child]) side.turn();
    }
  }

  /** How many frames of this type the parent has sent since this was asked last. */
  told(type: number): number {
    const count = this.frames.filter((frame) => frame.from === 1 && frame.type === type).length;
    this.frames.length = 0;
    return count;
  }

  #due(): { to: Side; bytes: Uint8Array }[] {
    const due = this.#flying.filter(({ at }) => at <= this.now);
    for (const each of due) this.#flying.splice(this.#flying.indexOf(each), 1);
    return due;
  }

  #port(from: Side, to: Side): LinkPort {
    const buffer = new Uint8Array(LINK_PAYLOAD_MAX);
    return {
      session: SESSION,
      buffer,
      wear: NO_WEAR,
      transmit: (length) => {
        const bytes = buffer.slice(0, length);
        readDatagram(bytes, 0, length, new DataFrame(), {
          data: () => {},
          frame: (type, elements) => this.frames.push({ from: from.number, type, elements }),
        });
        if (this.lost(from, bytes)) return true;
        this.#flying.push({ at: this.now + this.delayUs, to, bytes: buffer.slice(0, length) });
        return true;
      },
      close: () => {},
    };
  }
}
