/** How long a link takes, and how its other end fares: PING and PONG. */
import { type Elements, encodeElements } from "./elements.ts";
import { Frame } from "./kinds.ts";

const TIME_MAX = Number.MAX_SAFE_INTEGER;

/** PING: `at` is the asker's clock, us; it comes back unread. */
export function writePing(at: number): unknown[] {
  return [Frame.ping, at];
}

/** What a byte string of more than 255 bytes has in front. */
const PAD_HEAD_BYTES = 3;

/** The same with a second element that nobody reads, so that it has `bytes`: 300 or more. */
export function encodePaddedPing(at: number, bytes: number): Uint8Array {
  const pad = bytes - encodeElements(writePing(at)).length - PAD_HEAD_BYTES;
  return encodeElements([...writePing(at), new Uint8Array(pad)]);
}

export function readPing(elements: Elements): number | null {
  const at = elements.uint(TIME_MAX);
  return elements.ok ? at : null;
}

export interface Pong {
  /** Of the PING that it answers. */
  readonly at: number;
  /** Between the kernel's receive stamp of the PING and this, us. */
  readonly heldUs: number;
  /** Share of its time that the answering worker is busy, in 1/255. */
  readonly load: number;
  /** How late its media is, us. */
  readonly lagUs: number;
  /**
   * Share of what its node may give to viewers that it gives, in 1/255, of which 255 takes no more; null
   * where it does not say.
   */
  readonly filled: number | null;
  /** The answering node's clock when this leaves, us; said where `filled` is, and null of older nodes. */
  readonly clockUs: number | null;
}

export function writePong({ at, heldUs, load, lagUs, filled, clockUs }: Pong): unknown[] {
  const pong = [Frame.pong, at, heldUs, load, lagUs];
  if (filled === null) return pong;
  return clockUs === null ? [...pong, filled] : [...pong, filled, clockUs];
}

export function readPong(elements: Elements): Pong | null {
  const pong: Pong = {
    at: elements.uint(TIME_MAX),
    heldUs: elements.uint(),
    load: elements.uint(255),
    lagUs: elements.uint(),
    filled: elements.more ? elements.uint(255) : null,
    clockUs: elements.more ? elements.uint(TIME_MAX) : null,
  };
  return elements.ok ? pong : null;
}
