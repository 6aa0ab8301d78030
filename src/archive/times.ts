/**
 * The times in fragments (tfdt, ISO/IEC 14496-12 8.8.12). Those of a stream go on over hours and files;
 * in a file they begin at zero, or players would wait for what is not in it.
 */
import { readU32, writeU32 } from "../wire/bytes.ts";

/** Boxes: | size (32) | type (32) | content |. */
const HEADER_BYTES = 8;
const MOOF = 0x6d6f6f66;
const TRAF = 0x74726166;
const TFHD = 0x74666864;
const TFDT = 0x74666474;
/** tfhd: | header | version, flags | track |; tfdt: | header | version, flags | time (64) |. */
const TFHD_BYTES = 16;
const TFDT_BYTES = 20;

/** Ticks of each track, video and audio, in 1/6000 s: all ticks of both meet there. */
const TICKS_PER_BEAT: readonly number[] = [0, 15, 8];

/** Where the time of a track's fragment stands, and how fast it runs. */
interface TimePlace {
  readonly at: number;
  readonly ticks: number;
}

/** The latest whole beat (1/6000 s) that no sample is before; null of what are no fragments. */
export function beginningOf(fragments: Uint8Array): number | null {
  const places = timesIn(fragments);
  if (places === null || places.length === 0) return null;
  return Math.min(...places.map(({ at, ticks }) => Math.floor(readTime(fragments, at) / ticks)));
}

/** Adds `beats` to all times in place; false, with nothing done, where that makes no sense. */
export function shiftTimes(fragments: Uint8Array, beats: number): boolean {
  const places = timesIn(fragments);
  if (places === null) return false;
  const times = places.map(({ at, ticks }) => readTime(fragments, at) + beats * ticks);
  if (!times.every((time) => time >= 0 && Number.isSafeInteger(time))) return false;
  for (const [i, { at }] of places.entries()) {
    writeU32(fragments, at, Math.floor(times[i]! / 2 ** 32));
    writeU32(fragments, at + 4, times[i]! % 2 ** 32);
  }
  return true;
}

function readTime(bytes: Uint8Array, at: number): number {
  return readU32(bytes, at) * 2 ** 32 + readU32(bytes, at + 4);
}

/** Null where the boxes do not tile the bytes, or a time is not where the server writes it. */
function timesIn(bytes: Uint8Array): TimePlace[] | null {
  const places: TimePlace[] = [];
  const isWhole = eachBox(bytes, 0, bytes.length, (type, at, end) => {
    if (type !== MOOF) return true;
    return eachBox(bytes, at, end, (inner, from, to) => {
      return inner !== TRAF || noteTime(bytes, from, to, places);
    });
  });
  return isWhole ? places : null;
}

/** The time of one track's fragment. */
function noteTime(bytes: Uint8Array, from: number, to: number, places: TimePlace[]): boolean {
  let track = 0;
  return eachBox(bytes, from, to, (type, at, end) => {
    const size = end - at + HEADER_BYTES;
    if (type === TFHD && size >= TFHD_BYTES) track = readU32(bytes, at + 4);
    if (type !== TFDT) return true;
    const ticks = TICKS_PER_BEAT[track] ?? 0;
    // Version 1: 64 bits.
    if (ticks === 0 || size !== TFDT_BYTES || bytes[at] !== 1) return false;
    places.push({ at: at + 4, ticks });
    return true;
  });
}

/** Calls `see` with the content of each; false when it says so, or one goes beyond the end. */
function eachBox(
  bytes: Uint8Array,
  from: number,
  to: number,
  see: (type: number, at: number, end: number) => boolean,
): boolean {
  let at = from;
  while (at < to) {
    if (to - at < HEADER_BYTES) return false;
    const size = readU32(bytes, at);
    if (size < HEADER_BYTES || size > to - at) return false;
    if (!see(readU32(bytes, at + 4), at + HEADER_BYTES, at + size)) return false;
    at += size;
  }
  return true;
}
