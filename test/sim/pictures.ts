/** Pictures of one stream put together from its packets and decoded, as far as it matters here. */
import type { SimPacket } from "./packet.ts";

/** What came of one packet's arrival. */
export const Progress = { waits: 0, goesOn: 1, broken: 2 } as const;

export class Pictures {
  /** Times at which pictures were complete, us, and how old each was then. */
  readonly shownAt: number[] = [];
  readonly latency: number[] = [];
  /** First packet index that is not decoded; -1 before the first keyframe. */
  private frontier = -1;
  /** How far the packets behind the frontier have come in a row. */
  private scan = -1;
  private timestamp = -1;
  private readonly packets = new Map<number, SimPacket>();
  /** First packets of keyframes beyond the frontier. */
  private readonly keyframes = new Set<number>();

  get started(): boolean {
    return this.frontier >= 0;
  }

  has(index: number): boolean {
    return index < this.frontier || this.packets.has(index);
  }

  /** A packet, original or repaired, with the index it has in the stream. */
  add(now: number, index: number, packet: SimPacket): number {
    if (this.has(index)) return Progress.waits;
    this.packets.set(index, packet);
    if (packet.picture?.keyframe === true) this.keyframes.add(index);
    const shown = this.shownAt.length;
    const broken = this.decode(now);
    // A keyframe that is whole is decoded, whatever is still missing before it.
    for (const at of this.keyframes) {
      if (at < this.frontier) this.keyframes.delete(at);
      else if (at >= this.scan && this.isWhole(at)) this.begin(now, at);
    }
    if (this.shownAt.length > shown) return Progress.goesOn;
    return broken ? Progress.broken : Progress.waits;
  }

  private begin(now: number, keyframe: number): void {
    for (const index of this.packets.keys()) if (index < keyframe) this.packets.delete(index);
    this.keyframes.delete(keyframe);
    this.frontier = keyframe;
    this.scan = keyframe;
    this.timestamp = -1;
    this.decode(now);
  }

  /** Shows what is whole behind the frontier. True when a picture ended before its marker. */
  private decode(now: number): boolean {
    if (this.frontier < 0) return false;
    for (;;) {
      const packet = this.packets.get(this.scan);
      if (packet === undefined) return false;
      if (packet.picture !== null) {
        const other = packet.timestamp !== this.timestamp;
        const cut = other && this.timestamp !== -1;
        // Only a keyframe can follow a picture that lacks its end.
        if (cut && !packet.picture.keyframe) return true;
        this.timestamp = packet.timestamp;
      }
      this.scan += 1;
      if (packet.picture !== null && packet.marker) this.show(now, packet);
    }
  }

  private show(now: number, { picture }: SimPacket): void {
    for (let index = this.frontier; index < this.scan; index += 1) this.packets.delete(index);
    this.frontier = this.scan;
    this.timestamp = -1;
    this.shownAt.push(now);
    this.latency.push(now - picture!.capturedAt);
  }

  private isWhole(keyframe: number): boolean {
    const { timestamp } = this.packets.get(keyframe)!;
    for (let index = keyframe; ; index += 1) {
      const packet = this.packets.get(index);
      if (packet === undefined) return false;
      if (packet.picture !== null && packet.timestamp !== timestamp) return false;
      if (packet.picture !== null && packet.marker) return true;
    }
  }
}
