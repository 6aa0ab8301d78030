import { expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import {
  readTicket,
  type Ticket,
  ticketKeys,
  writeTicket,
} from "../../../src/control/http/ticket.ts";
import { viewLimits } from "../../../src/control/streams/layer-limits.ts";
import { TICKET_LENGTH_MAX } from "../../../src/limits.ts";
import { encodeElements } from "../../../src/wire/cascade/elements.ts";

const [KEY] = ticketKeys("spillway", [new Uint8Array(32).fill(1)]) as [Uint8Array];
const NODE = (digit: string) => digit.repeat(32);
const TICKET: Ticket = {
  stream: "show/éclair",
  limits: viewLimits({ width: 1280, bitrate: 2_000_000 }),
  audience: NODE("b"),
  via: [NODE("a")],
  expiresMs: 1_800_000_000_123,
  nonce: "0123456789abcdef".repeat(2),
  boot: null,
};

/** Signed as a node would. */
function signed(list: readonly unknown[]): string {
  const bytes = encodeElements(list);
  const mac = createHmac("sha256", KEY).update(bytes).digest();
  return Buffer.concat([bytes, mac]).toString("base64url");
}

function listOf(ticket: Ticket): unknown[] {
  const bytes = (text: string) => Buffer.from(text, "hex");
  const { stream, audience, via, expiresMs, nonce } = ticket;
  const first = ["spillway ticket 1", "view", stream, bytes(audience), via.map(bytes)];
  return [...first, expiresMs, bytes(nonce), 1280, 0, 2_000_000];
}

test("a ticket comes back as it was, and its letters need no escaping in a URL", () => {
  const text = writeTicket(TICKET, KEY);
  expect(text).toMatch(/^[\w-]+$/);
  expect(readTicket(text, [KEY])).toEqual(TICKET);
  expect(signed(listOf(TICKET))).toBe(text);
  const clocked = { ...TICKET, boot: 2 ** 32 - 1 };
  expect(readTicket(writeTicket(clocked, KEY), [KEY])).toEqual(clocked);
});

test("the longest name and way fit", () => {
  const stream = "\uffff".repeat(200);
  const text = writeTicket({ ...TICKET, stream, via: [NODE("a"), NODE("c")] }, KEY);
  expect(text.length).toBeLessThanOrEqual(TICKET_LENGTH_MAX);
  expect(readTicket(text, [KEY])?.stream).toBe(stream);
});

test("keys come of the secret and of the cluster's name; any that is accepted verifies", () => {
  const secrets = [2, 3].map((byte) => new Uint8Array(32).fill(byte));
  const [second, third] = ticketKeys("spillway", secrets) as [Uint8Array, Uint8Array];
  const text = writeTicket(TICKET, third);
  expect(readTicket(text, [second, third])).toEqual(TICKET);
  expect(readTicket(text, [second])).toBeNull();
  expect(readTicket(text, ticketKeys("other", secrets))).toBeNull();
  expect(readTicket(text, [])).toBeNull();
});

test("ticket-key: one letter of it changed, left out, added or written otherwise makes it none", () => {
  const text = writeTicket(TICKET, KEY);
  for (let i = 0; i < text.length; i += 1) {
    const other = text[i] === "A" ? "B" : "A";
    expect(readTicket(text.slice(0, i) + other + text.slice(i + 1), [KEY])).toBeNull();
    expect(readTicket(text.slice(0, i) + text.slice(i + 1), [KEY])).toBeNull();
  }
  for (const wrong of [`${text}=`, `${text}A`, ` ${text}`, `${text}.`, "", "A", "..", "é"]) {
    expect([wrong, readTicket(wrong, [KEY])]).toEqual([wrong, null]);
  }
  expect(readTicket("A".repeat(100_000), [KEY])).toBeNull();
});

test("what is signed and yet no ticket is none", () => {
  const list = listOf(TICKET);
  expect(readTicket(signed([...list, 7, "later"]), [KEY])).toEqual({ ...TICKET, boot: 7 });
  for (let length = 0; length < list.length; length += 1) {
    expect(readTicket(signed(list.slice(0, length)), [KEY])).toBeNull();
  }
  const wrong: [number, unknown][] = [
    ...([
      [0, "spillway ticket 2"],
      [1, "publish"],
      [1, "admin"],
      [2, 7],
    ] as [number, unknown][]),
    ...([
      [3, new Uint8Array(15)],
      [4, []],
      [4, [new Uint8Array(15)]],
      [5, -1],
      [5, 0.5],
    ] as [number, unknown][]),
    ...([
      [4, Array(4).fill(new Uint8Array(16))],
      [6, new Uint8Array(17)],
      [7, -1],
    ] as [number, unknown][]),
    ...([
      [8, null],
      [9, "2000000"],
      [9, Number.POSITIVE_INFINITY],
      [10, "later"],
      [10, 2 ** 32],
    ] as [number, unknown][]),
  ];
  for (const [at, value] of wrong) {
    const changed = [...list, 7].with(at, value);
    expect([at, value, readTicket(signed(changed), [KEY])]).toEqual([at, value, null]);
  }
});
