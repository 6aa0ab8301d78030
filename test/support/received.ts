/** What a light viewer has received, by source: enough to tell whether anything was lost. */
export interface Received {
  datagrams: number;
  packets: number;
  packet(ssrc: number, index: number, payloadType: number): void;
  /** Numbers that never came, between the first and the last that did, over all sources. */
  lost(): number;
  /** The latest packet of a payload type; null when there was none. */
  latest(payloadType: number): { readonly ssrc: number; readonly index: number } | null;
}

export function receivedBy(): Received {
  const latest = new Map<number, { ssrc: number; index: number }>();
  const sources = new Map<number, { first: number; last: number; seen: Set<number> }>();
  return {
    datagrams: 0,
    packets: 0,
    packet(ssrc, index, payloadType) {
      this.packets += 1;
      latest.set(payloadType, { ssrc, index });
      const source = sources.get(ssrc);
      if (source === undefined) {
        sources.set(ssrc, { first: index, last: index, seen: new Set([index]) });
        return;
      }
      source.first = Math.min(source.first, index);
      source.last = Math.max(source.last, index);
      source.seen.add(index);
    },
    lost() {
      let lost = 0;
      for (const { first, last, seen } of sources.values()) lost += last - first + 1 - seen.size;
      return lost;
    },
    latest: (payloadType) => latest.get(payloadType) ?? null,
  };
}
