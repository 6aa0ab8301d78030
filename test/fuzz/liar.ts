/** What a member of a cascade may say that is not so, and what is nothing at all. */
import type { NodeId } from "../../src/cascade/node-id.ts";
import { nodeBytes } from "../../src/cascade/node-id.ts";
import { encodeElements } from "../../src/wire/cascade/elements.ts";
import { Frame, Message } from "../../src/wire/cascade/kinds.ts";
import { dataBytes } from "../wire/cascade/data-frames.ts";
import { type Dice, join } from "./dice.ts";

/** Either goes its way: a message in order, or a datagram. */
interface Lie {
  readonly message: readonly unknown[] | null;
  readonly datagram: Uint8Array | null;
}

const NUMBERS = [
  0,
  1,
  2,
  3,
  8,
  9,
  255,
  256,
  8192,
  65_535,
  65_536,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
];
const HUGE = [2 ** 32, 2 ** 53 - 1, 2 ** 53, 1e300, -1, -(2 ** 31), 0.5, Number.NaN, Infinity];
const NAMES = ["own", "true", "lie", "other", "", "x".repeat(300)];

export class Liar {
  readonly #dice: Dice;
  readonly #nodes: readonly Uint8Array[];

  constructor(dice: Dice, nodes: readonly NodeId[]) {
    this.#dice = dice;
    this.#nodes = [...nodes.map(nodeBytes), new Uint8Array(16).fill(0xff)];
  }

  /** `aliases`: numbers of streams on links of this member and of others; `head`: of true streams. */
  next(aliases: readonly number[], head: number): Lie {
    const dice = this.#dice;
    const alias = dice.chance(0.7) && aliases.length > 0 ? dice.pick(aliases) : dice.below(65_536);
    switch (dice.below(8)) {
      case 0:
        return { message: null, datagram: dice.bytes(dice.below(1_344)) };
      case 1:
        return { message: null, datagram: this.#broken(alias, head) };
      case 2:
        return { message: this.#message(alias, head), datagram: null };
      case 3:
        return { message: null, datagram: encodeElements(this.#loose(alias, head)) };
      case 4:
        return { message: null, datagram: encodeElements([dice.below(256), ...this.#values(3)]) };
      case 5: {
        // A close or hello would end it at once, each time.
        const type = dice.pick(Object.values(Message).filter((each) => each !== Message.close));
        return { message: [type, ...this.#values(2)], datagram: null };
      }
      case 6:
        return { message: null, datagram: this.#data(alias, head) };
      default:
        return { message: null, datagram: this.#deep() };
    }
  }

  #broken(alias: number, head: number): Uint8Array {
    const bytes = join(this.#data(alias, head), encodeElements(this.#loose(alias, head)));
    for (let i = this.#dice.below(6); i > 0; i -= 1) {
      bytes[this.#dice.below(bytes.length)] = this.#dice.below(256);
    }
    return bytes.subarray(0, this.#dice.between(1, bytes.length));
  }

  #data(alias: number, head: number): Uint8Array {
    const dice = this.#dice;
    return dataBytes({
      alias,
      ring: dice.chance(0.7) ? 0 : dice.below(16),
      codec: dice.chance(0.7) ? 5 : dice.below(16),
      sequence: this.#sequence(head),
      ageUs: dice.chance(0.7) ? dice.below(100_000) : dice.below(2 ** 32),
      flags: dice.below(65_536),
      timestamp: dice.below(2 ** 32),
      description: dice.bytes(dice.pick([0, 36, 36, 36, dice.below(256)])),
      extensions: dice.bytes(dice.pick([0, 0, 3, dice.below(256)])),
      payload: dice.bytes(dice.pick([0, 1, 100, 900])),
    });
  }

  #sequence(head: number): number {
    const dice = this.#dice;
    if (dice.chance(0.4)) return head + dice.between(-50, 50);
    return dice.chance(0.5) ? head + dice.between(-20_000, 20_000) : dice.below(2 ** 32) | 0;
  }

  /** Frames that may be lost, well made for the most part. */
  #loose(alias: number, head: number): unknown[] {
    const dice = this.#dice;
    const ring = dice.below(10);
    const far = this.#sequence(head) | 0;
    return dice.pick<unknown[]>([
      [Frame.heads, alias, [far, far], this.#number(), this.#number()],
      [Frame.keyframe, alias, ring, dice.below(4)],
      [Frame.fill, alias, ring, [far, 8192, 0, 8192, head, 50], dice.below(70_000)],
      [
        Frame.figures,
        alias,
        ring,
        [dice.below(33), this.#number(), this.#number()],
        [1, 2, 3, 4],
        5,
        true,
        false,
      ],
      [Frame.timing, alias, ring, this.#number(), this.#number(), this.#number()],
      [Frame.ping, this.#number()],
      [Frame.pong, this.#number(), this.#number(), dice.below(300), this.#number()],
      [Frame.pong, this.#number(), 0, 9, 9, dice.below(300), this.#number()],
      [Frame.half, dice.below(4), dice.chance(0.5), dice.bytes(dice.between(1, 700))],
      [Frame.acknowledge, this.#number()],
      [Frame.ordered, dice.below(100_000), dice.chance(0.5), dice.bytes(20)],
    ]);
  }

  #message(alias: number, head: number): unknown[] {
    const dice = this.#dice;
    const name = dice.pick(NAMES);
    const epoch = dice.pick([1, 2, 2 ** 31, 2 ** 31 + 1]);
    const owner = dice.pick(this.#nodes);
    const path = Array.from({ length: dice.below(6) }, () => dice.pick(this.#nodes));
    const have = [dice.chance(0.3) ? null : this.#sequence(head) | 0];
    const track = [1, null, dice.below(8), "", 0];
    const ring = dice.below(10);
    const reason = dice.below(9);
    return dice.pick<unknown[]>([
      [Message.name, name, epoch, owner, dice.chance(0.5), new Array(dice.below(10)).fill(track)],
      [Message.unname, name, epoch, owner],
      [Message.subscribe, alias, name, epoch, owner, dice.below(512), dice.below(2), have, path],
      [Message.accept, alias, path, have],
      [Message.accept, alias, [nodeBytes("3".padStart(32, "0"))], have],
      [Message.refuse, alias, reason, [[owner, ["10.9.9.9:1"]]], dice.below(70_000)],
      [Message.notReady, alias],
      [Message.update, alias, dice.below(512), dice.below(2), have],
      [Message.unsubscribe, alias],
      [Message.path, alias, path],
      [Message.ring, alias, ring, dice.below(8), this.#number(), name, name, 3, dice.bytes(32)],
      [Message.parameterSets, alias, ring, dice.bytes(dice.between(0, 1100))],
      [Message.ownQuestion, this.#number(), name],
      [Message.own, this.#number(), true],
      [Message.drain, this.#number()],
      [Message.role, dice.below(3)],
      [Message.rekey, dice.bytes(dice.pick([0, 0, 16, 15]))],
      this.#question(owner),
      [Message.cores, [[owner, [name, "10.9.9.8:1"], name, this.#number()]], dice.chance(0.5)],
      ...[[Message.where, name], this.#said(alias), this.#cut(alias, epoch)],
      [Message.nowhere, name, epoch],
    ]);
  }

  #said(alias: number): unknown[] {
    const dice = this.#dice;
    if (dice.chance(0.5)) return [Message.remarksWish, alias, this.#number()];
    const some = () => [this.#number(), dice.bytes(dice.below(300))];
    return [Message.remarks, alias, Array.from({ length: dice.below(130) }, some)];
  }

  #cut(alias: number, number: number): unknown[] {
    const dice = this.#dice;
    const edition = dice.chance(0.8)
      ? new Uint8Array(16).fill(1)
      : dice.bytes(dice.pick([0, 15, 16]));
    if (dice.chance(0.5)) return [Message.cutWish, alias, dice.chance(0.8), edition, number];
    return [Message.cut, alias, edition, this.#number(), dice.bytes(dice.between(1, 900))];
  }

  #question(owner: Uint8Array): unknown[] {
    const dice = this.#dice;
    const nonce = this.#number();
    if (dice.chance(0.5)) {
      const to = dice.pick([owner, dice.bytes(0)]);
      return [Message.ask, owner, nonce, to, dice.bytes(dice.below(1100))];
    }
    const part = [dice.below(200), true, dice.bytes(32), dice.bytes(900)];
    return [Message.answer, owner, nonce, owner, ...part];
  }

  #number(): number {
    return this.#dice.pick(this.#dice.chance(0.7) ? NUMBERS : HUGE);
  }

  #values(depth: number): unknown[] {
    return Array.from({ length: this.#dice.below(9) }, () => this.#value(depth));
  }

  #value(depth: number): unknown {
    const dice = this.#dice;
    return dice.pick<() => unknown>([
      () => this.#number(),
      () => dice.pick(NAMES),
      () => dice.bytes(dice.pick([0, 16, 32, 700])),
      () => dice.chance(0.5),
      () => null,
      () => (depth > 0 ? this.#values(depth - 1) : []),
    ])();
  }

  /** Lists within lists, which say that they are long. */
  #deep(): Uint8Array {
    const bytes = new Uint8Array(1_340);
    const length = this.#dice.pick([1, 15, 128, 16_384, 65_535]);
    for (let at = 0; at + 3 <= bytes.length; at += 3)
      bytes.set([0xdc, length >> 8, length & 255], at);
    return bytes;
  }
}
