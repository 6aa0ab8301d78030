/** Two ends of links in virtual time, and what a test makes of one. */
import type { LinkSecurity, NodeSelf } from "../../src/cascade/greeting.ts";
import { Keyring, LinkEnd } from "../../src/cascade/keyring.ts";
import { Link, type OwnLoad } from "../../src/cascade/link.ts";
import type { NodeId } from "../../src/cascade/node-id.ts";
import { decodeElements, type Elements } from "../../src/wire/cascade/elements.ts";
import { Frame } from "../../src/wire/cascade/kinds.ts";
import { readOrdered } from "../../src/wire/cascade/ordered.ts";

export const SECRET = new Uint8Array(32).fill(7);
export const EXPORTED = new Uint8Array(32).fill(9);
export const KEYRING = new Keyring("test", [SECRET]);

/** The id of node `number`. */
export function idOf(number: number): NodeId {
  return number.toString(16).padStart(32, "0");
}

export function selfOf(number: number, change: Partial<NodeSelf> = {}): NodeSelf {
  return {
    id: idOf(number),
    boot: number,
    names: "mesh",
    wish: change.role ?? "core",
    role: "core",
    coresMax: null,
    region: "",
    version: "test",
    url: "",
    addresses: [`10.0.0.${number}:8300`],
    ...change,
  };
}

/** One end of a link and all that it told. */
export class End {
  readonly link: Link;
  /** Frames that wait to be delivered. */
  readonly out: Uint8Array[] = [];
  opens = 0;
  readonly messages: { type: number; elements: Elements }[] = [];
  readonly frames: { type: number; elements: Elements; arrival: number }[] = [];
  readonly reasons: string[] = [];
  load: OwnLoad = { busy: 0.5, lagUs: 1_000, filled: 0.25 };

  constructor(
    self: NodeSelf,
    security: LinkSecurity,
    now: number,
    keyring = KEYRING,
    kid = keyring.first.kid,
    cores = 5,
  ) {
    this.link = new Link({
      session: 1,
      security,
      self,
      keyring,
      kid,
      events: {
        opened: () => {
          this.opens += 1;
        },
        message: (_link, type, elements) => this.messages.push({ type, elements }),
        loose: (_link, type, elements, _now, arrival) =>
          this.frames.push({ type, elements, arrival }),
        closed: (_link, reason) => this.reasons.push(reason),
      },
      output: (frame) => this.out.push(frame),
      load: () => this.load,
      cores: () => cores,
      now,
    });
  }

  /** A frame comes in. */
  take(frame: Uint8Array, now: number, arrival = now): void {
    const elements = decodeElements(frame)!;
    this.link.handleFrame(elements.uint(255), elements, now, arrival);
  }
}

/** Two nodes and the link between them; the first has dialled. */
export class Pair {
  now = 1_000_000;
  delayUs = 10_000;
  readonly caller: End;
  readonly callee: End;
  readonly calleeSelf: NodeSelf;
  readonly #flying: { at: number; to: End; frame: Uint8Array }[] = [];

  constructor(
    caller: Partial<NodeSelf> = {},
    callee: Partial<NodeSelf> = {},
    keyrings: readonly [Keyring, Keyring] = [KEYRING, KEYRING],
    cores = 5,
  ) {
    const [first, second] = [selfOf(1, caller), selfOf(2, callee)];
    this.calleeSelf = second;
    const seenBy = (end: LinkEnd, node: NodeId): LinkSecurity => ({
      end,
      node,
      exported: EXPORTED,
    });
    const kid = keyrings[0].first.kid;
    this.caller = new End(first, seenBy(LinkEnd.caller, second.id), this.now, keyrings[0], kid);
    this.callee = new End(
      second,
      seenBy(LinkEnd.callee, first.id),
      this.now,
      keyrings[1],
      kid,
      cores,
    );
  }

  /** Frames that `from` sends are seen by `look`, and lost where it says so. */
  run(us: number, lost: (from: End, frame: Uint8Array) => boolean = () => false): void {
    for (const end = this.now + us; this.now < end; this.now += 1_000) {
      for (const each of this.#flying.filter(({ at }) => at <= this.now)) {
        this.#flying.splice(this.#flying.indexOf(each), 1);
        each.to.take(each.frame, this.now);
      }
      for (const from of [this.caller, this.callee]) {
        if (from.link.nextTimeout() <= this.now) from.link.handleTimeout(this.now);
        const to = from === this.caller ? this.callee : this.caller;
        for (const frame of from.out.splice(0)) {
          if (!lost(from, frame)) this.#flying.push({ at: this.now + this.delayUs, to, frame });
        }
      }
    }
  }
}

/** The messages in frames, each in one piece, with their types. */
export function messagesIn(frames: readonly Uint8Array[]): { type: number; elements: Elements }[] {
  const messages: { type: number; elements: Elements }[] = [];
  for (const frame of frames) {
    const elements = decodeElements(frame)!;
    if (elements.uint(255) !== Frame.ordered) continue;
    const message = decodeElements(readOrdered(elements)!.piece)!;
    messages.push({ type: message.uint(255), elements: message });
  }
  return messages;
}
