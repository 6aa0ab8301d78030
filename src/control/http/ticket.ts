/**
 * What a full node gives a viewer for another one: its verdict, good for one POST there. In the URL:
 * base64url of a msgpack list and its HMAC-SHA256, by a key that comes of the cluster's secret. Nothing
 * of it is read before the HMAC was found right.
 */
import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { STREAM_NAME_LENGTH_MAX, TICKET_HOPS_MAX, TICKET_LENGTH_MAX } from "../../limits.ts";
import { decodeElements, type Elements, encodeElements } from "../../wire/cascade/elements.ts";
import { NODE_ID_BYTES } from "../../wire/cascade/kinds.ts";
import { type ViewLimits, viewLimits } from "../streams/layer-limits.ts";

/** Says which list it is, and keeps the HMAC from being taken for one of something else. */
const FORM = "spillway ticket 1";
const KEY_INFO = "redirect ticket v1";
const KEY_BYTES = 32;
const MAC_BYTES = 32;
export const NONCE_BYTES = 16;
/** A ticket lets watch, and nothing else. */
const RIGHT = "view";
/** One more than there may be: who is sent on once too often is to hear just that. */
const VIA_MAX = TICKET_HOPS_MAX + 1;

export interface Ticket {
  readonly stream: string;
  /** The largest layer. */
  readonly limits: ViewLimits;
  /** Id of the node that it is for. */
  readonly audience: string;
  /** Ids of the nodes that sent the viewer on, the first one first; the last has signed. */
  readonly via: readonly string[];
  /** By the clock of that node's process; without one, ms since 1970. */
  readonly expiresMs: number;
  /** Hex. */
  readonly nonce: string;
  /** The process whose clock it expires by; null where the sender did not know that clock. */
  readonly boot: number | null;
}

/** A key of each secret; the first signs, all verify. */
export function ticketKeys(cluster: string, secrets: readonly Uint8Array[]): readonly Uint8Array[] {
  return secrets.map(
    (secret) => new Uint8Array(hkdfSync("sha256", secret, cluster, KEY_INFO, KEY_BYTES)),
  );
}

export function writeTicket(ticket: Ticket, key: Uint8Array): string {
  const { widthMax, heightMax, bitrateMax } = ticket.limits;
  const list = encodeElements([
    FORM,
    RIGHT,
    ticket.stream,
    Buffer.from(ticket.audience, "hex"),
    ticket.via.map((node) => Buffer.from(node, "hex")),
    ticket.expiresMs,
    Buffer.from(ticket.nonce, "hex"),
    ...[widthMax, heightMax, bitrateMax].map((most) => (Number.isFinite(most) ? most : 0)),
    ...(ticket.boot === null ? [] : [ticket.boot]),
  ]);
  return Buffer.concat([list, macOf(list, key)]).toString("base64url");
}

/** Null for what no key has signed, or is no ticket. */
export function readTicket(text: string, keys: readonly Uint8Array[]): Ticket | null {
  if (text.length > TICKET_LENGTH_MAX) return null;
  const bytes = Buffer.from(text, "base64url");
  // A decoder leaves out what is none of its letters: then it was written otherwise.
  if (bytes.length <= MAC_BYTES || bytes.toString("base64url") !== text) return null;
  const list = bytes.subarray(0, -MAC_BYTES);
  const mac = bytes.subarray(-MAC_BYTES);
  if (!keys.some((key) => timingSafeEqual(mac, macOf(list, key)))) return null;
  const elements = decodeElements(list);
  return elements === null ? null : readList(elements);
}

function readList(elements: Elements): Ticket | null {
  const isOurs = elements.text(FORM.length) === FORM && elements.text(RIGHT.length) === RIGHT;
  const ticket: Ticket = {
    stream: elements.text(STREAM_NAME_LENGTH_MAX),
    audience: hex(elements.bytes(NODE_ID_BYTES)),
    via: elements.list(VIA_MAX, (each) => hex(each.bytes(NODE_ID_BYTES))),
    expiresMs: elements.uint(Number.MAX_SAFE_INTEGER),
    nonce: hex(elements.bytes(NONCE_BYTES)),
    limits: viewLimits({
      width: limitOf(elements),
      height: limitOf(elements),
      bitrate: limitOf(elements),
    }),
    boot: elements.more ? elements.uint() : null,
  };
  return isOurs && elements.ok && ticket.via.length > 0 ? ticket : null;
}

/** 0 where there is none. */
function limitOf(elements: Elements): number | undefined {
  return elements.uint(Number.MAX_SAFE_INTEGER) || undefined;
}

function macOf(list: Uint8Array, key: Uint8Array): Buffer {
  return createHmac("sha256", key).update(list).digest();
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
