/** RFC 3711 3.3.1: the index closest to the highest one seen. May be negative: then too old. */
export function estimateIndex(highest: number, sequence: number): number {
  const highestSequence = highest % 65536;
  const cycle = highest - highestSequence;
  if (highestSequence < 32768) {
    return sequence - highestSequence > 32768 ? cycle - 65536 + sequence : cycle + sequence;
  }
  return highestSequence - 32768 > sequence ? cycle + 65536 + sequence : cycle + sequence;
}
