/** AV1 RTP A.8.2: frame number in bytes 1 and 2; five flags behind, the second: active targets follow. */
const MANDATORY_BITS = 24;
const FLAGS_END = MANDATORY_BITS + 5;
const ACTIVE_BIT = 25;
const TARGETS_MAX = 32;

/**
 * Whether a dependency descriptor is the publisher's: with another frame number, and, if so, with a
 * mask of active decode targets put in or replaced. Every other bit must be as it came.
 */
export function isDescriptorOf(own: Uint8Array, found: Uint8Array): boolean {
  const before = bitsOf(own);
  const after = bitsOf(found);
  if (before === after) return true;
  if (after.length <= MANDATORY_BITS || after[ACTIVE_BIT] !== "1") return false;
  const had = before[ACTIVE_BIT] === "1";
  const extended = before.length > MANDATORY_BITS;
  // A descriptor of three bytes has no flags yet: all but the one are off.
  const head = extended ? withActive(before) : `${before}01000`;
  for (let at = FLAGS_END; at <= head.length && head[at - 1] === after[at - 1]; at += 1) {
    if (at === FLAGS_END && head.slice(0, at) !== after.slice(0, at)) return false;
    for (let targets = 1; targets <= TARGETS_MAX && at + targets <= after.length; targets += 1) {
      const tail = extended ? before.slice(at + (had ? targets : 0)) : "";
      const rest = after.slice(at + targets);
      const padding = rest.slice(tail.length);
      if (rest.startsWith(tail) && padding.length < 8 && !padding.includes("1")) return true;
    }
  }
  return false;
}

/** All bits; those of the frame number, which is each viewer's own, are zeros. */
function bitsOf(bytes: Uint8Array): string {
  let bits = "";
  for (let i = 0; i < bytes.length; i += 1) {
    bits += (i === 1 || i === 2 ? 0 : bytes[i]!).toString(2).padStart(8, "0");
  }
  return bits;
}

function withActive(bits: string): string {
  return `${bits.slice(0, ACTIVE_BIT)}1${bits.slice(ACTIVE_BIT + 1)}`;
}
