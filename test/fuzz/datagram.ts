/** RTP packets as a publisher may write them, strange ones among them. */
import { Extension } from "../../src/wire/extensions.ts";
import { type Dice, join } from "./dice.ts";

/** The publisher's ids of header extensions, by internal id. */
export const PUBLISHER_IDS: Readonly<Record<number, number>> = {
  [Extension.absCaptureTime]: 7,
  [Extension.audioLevel]: 8,
  [Extension.videoOrientation]: 9,
  [Extension.colorSpace]: 10,
  [Extension.dependencyDescriptor]: 11,
  [Extension.videoContentType]: 12,
  [Extension.playoutDelay]: 13,
  [Extension.transportCc]: 3,
  [Extension.mid]: 4,
  [Extension.rid]: 5,
  [Extension.repairedRid]: 6,
};
const UNKNOWN_ID = 2;

export interface Rtp {
  readonly payloadType: number;
  readonly marker: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly payload: Uint8Array;
  /** By internal id. */
  readonly elements: readonly (readonly [internal: number, data: Uint8Array])[];
}

/** The bytes of a packet, with CSRCs, elements that nobody knows and padding as chance wants them. */
export function writeRtp(dice: Dice, rtp: Rtp, padding: number): Uint8Array {
  const csrcs = dice.chance(0.1) ? dice.between(1, 15) : 0;
  const block = dice.chance(0.02) ? strangeBlock(dice) : extensionBlock(dice, rtp);
  const head = new Uint8Array(12 + 4 * csrcs);
  head.set(dice.bytes(4 * csrcs), 12);
  const view = new DataView(head.buffer);
  const extended = block.length > 0;
  head[0] = 0x80 | (padding > 0 ? 0x20 : 0) | (extended ? 0x10 : 0) | csrcs;
  head[1] = (rtp.marker ? 0x80 : 0) | rtp.payloadType;
  view.setUint16(2, rtp.sequence);
  view.setUint32(4, rtp.timestamp);
  view.setUint32(8, rtp.ssrc);
  // What a sender leaves in its padding is nobody's business.
  const tail = dice.bytes(padding);
  if (padding > 0) tail[padding - 1] = padding;
  return join(head, block, rtp.payload, tail);
}

/** A block of a profile that nobody knows. */
function strangeBlock(dice: Dice): Uint8Array {
  const words = dice.below(12);
  return Uint8Array.of(0x47, dice.below(256), 0, words, ...dice.bytes(4 * words));
}

/** RFC 8285, in the form that fits, or in the longer one. */
function extensionBlock(dice: Dice, { elements }: Rtp): Uint8Array {
  const named = elements.map(([internal, data]) => [PUBLISHER_IDS[internal]!, data] as const);
  if (dice.chance(0.1)) named.push([UNKNOWN_ID, dice.bytes(dice.between(1, 16))]);
  if (named.length === 0) return new Uint8Array(0);
  const short = named.every(([, data]) => data.length >= 1 && data.length <= 16);
  const long = !short || dice.chance(0.2);
  const data = named.flatMap(([id, bytes]) =>
    long ? [id, bytes.length, ...bytes] : [(id << 4) | (bytes.length - 1), ...bytes],
  );
  // One more, that is longer than the block.
  if (dice.chance(0.05)) data.push(...(long ? [UNKNOWN_ID, 255] : [(UNKNOWN_ID << 4) | 15]));
  while (data.length % 4 !== 0) data.push(0);
  const words = data.length / 4;
  const profile = long ? [0x10, dice.below(16)] : [0xbe, 0xde];
  return Uint8Array.of(...profile, words >> 8, words & 255, ...data);
}
