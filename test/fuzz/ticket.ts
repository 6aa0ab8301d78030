/** Tickets of redirects: what was signed comes back, and nothing else does, whatever it is. */
import { createHmac } from "node:crypto";
import {
  NONCE_BYTES,
  readTicket,
  type Ticket,
  ticketKeys,
  writeTicket,
} from "../../src/control/http/ticket.ts";
import { viewLimits } from "../../src/control/streams/layer-limits.ts";
import { STREAM_NAME_LENGTH_MAX, TICKET_HOPS_MAX } from "../../src/limits.ts";
import { encodeElements } from "../../src/wire/cascade/elements.ts";
import { NODE_ID_BYTES } from "../../src/wire/cascade/kinds.ts";
import { Dice, join } from "./dice.ts";
import { demand } from "./judge.ts";

const STEPS = 200;
const LETTERS = "ABCXYZabcxyz0189-_=.+/% é\u0000";

/** One case: how many of what was made up came to a ticket. Throws when a rule is broken. */
export function fuzzTicket(seed: number): number {
  const dice = new Dice(seed);
  const keys = ticketKeys("spillway", [dice.bytes(32), dice.bytes(32)]);
  let read = 0;
  for (let step = 0; step < STEPS; step += 1) {
    const ticket = ticketOf(dice);
    const key = dice.pick(keys);
    const text = writeTicket(ticket, key);
    demand(Bun.deepEquals(readTicket(text, keys), ticket), "a ticket comes back as it was");
    demand(readTicket(altered(dice, text), keys) === null, "no altered one does");
    demand(readTicket(letters(dice), keys) === null, "nor any text");
    const made = readTicket(signed(dice.bytes(dice.below(300)), key), keys);
    demand(made === null, "bytes that are signed and no list are none");
    const listed = readTicket(signed(encodeElements(listOf(dice, ticket)), key), keys);
    if (listed !== null) {
      read += 1;
      demand(isWhole(listed), "what is read of a list has all that a ticket has");
    }
  }
  return read;
}

function ticketOf(dice: Dice): Ticket {
  const id = () => Buffer.from(dice.bytes(NODE_ID_BYTES)).toString("hex");
  const limit = () => (dice.chance(0.5) ? undefined : dice.between(1, 2 ** 31));
  const name = Array.from({ length: dice.between(1, STREAM_NAME_LENGTH_MAX) }, () =>
    String.fromCharCode(dice.between(0x20, 0xd7ff)),
  );
  return {
    stream: name.join(""),
    limits: viewLimits({ width: limit(), height: limit(), bitrate: limit() }),
    audience: id(),
    via: Array.from({ length: dice.between(1, TICKET_HOPS_MAX) }, id),
    expiresMs: dice.below(2 ** 42),
    nonce: Buffer.from(dice.bytes(NONCE_BYTES)).toString("hex"),
    boot: dice.chance(0.5) ? null : dice.below(2 ** 32),
  };
}

/** With some of its bits, or its length, another. */
function altered(dice: Dice, text: string): string {
  const bytes = Buffer.from(text, "base64url");
  if (dice.chance(0.2))
    return bytes.subarray(dice.below(2), dice.below(bytes.length)).toString("hex");
  if (dice.chance(0.2)) return `${text}${dice.pick([...LETTERS])}`;
  const at = dice.below(bytes.length);
  bytes[at]! ^= dice.between(1, 255);
  return bytes.toString("base64url");
}

function letters(dice: Dice): string {
  return Array.from({ length: dice.below(400) }, () => dice.pick([...LETTERS])).join("");
}

/** The elements of a ticket of which some are others, or none, or more. */
function listOf(dice: Dice, { stream, via, expiresMs }: Ticket): unknown[] {
  const node = () => dice.bytes(NODE_ID_BYTES);
  const list: unknown[] = ["spillway ticket 1", "view", stream, node(), via.map(node), expiresMs];
  list.push(dice.bytes(NONCE_BYTES), 0, dice.below(5000), 1e6);
  if (dice.chance(0.5)) list.push(dice.below(2 ** 32));
  for (let changes = dice.below(3); changes > 0; changes -= 1) {
    list[dice.below(list.length)] = other(dice);
  }
  if (dice.chance(0.2)) list.length = dice.below(list.length);
  return dice.chance(0.2) ? [...list, other(dice)] : list;
}

function other(dice: Dice): unknown {
  return dice.pick([
    ...[
      0,
      -1,
      0.5,
      2 ** 53,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      null,
      true,
      "",
      "view",
      "publish",
    ],
    ...["x".repeat(500), dice.bytes(16), dice.bytes(15), [], [[[[]]]], [dice.bytes(16)]],
    ...[Array(200).fill(0), Array(3).fill(dice.bytes(16)), { a: 1 }, new Date(0)],
  ]);
}

function signed(list: Uint8Array, key: Uint8Array): string {
  const mac = createHmac("sha256", key).update(list).digest();
  return Buffer.from(join(list, mac)).toString("base64url");
}

function isWhole({ stream, audience, via, expiresMs, nonce, limits }: Ticket): boolean {
  const ids = [audience, ...via, nonce].every((each) => /^[0-9a-f]{32}$/.test(each));
  const { widthMax, heightMax, bitrateMax } = limits;
  return (
    ids &&
    stream.length <= STREAM_NAME_LENGTH_MAX &&
    via.length > 0 &&
    Number.isSafeInteger(expiresMs) &&
    [widthMax, heightMax, bitrateMax].every((most) => most > 0)
  );
}
