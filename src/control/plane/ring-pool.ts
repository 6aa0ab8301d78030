import type { RingGrant } from "../../contract/source.ts";
import {
  AUDIO_SLOTS,
  RINGS_MAX,
  SLOT_BYTES,
  VIDEO_SLOTS_MAX,
  VIDEO_SLOTS_START,
} from "../../limits.ts";
import { createRing, formatRing, Header, RingViews } from "../../ring/layout.ts";

type Kind = "audio" | "video";

/** A ring that nobody writes yet. */
type Ring = Omit<RingGrant, "writer">;

interface Pooled extends Ring {
  readonly kind: Kind;
  readonly words: Int32Array;
  inUse: boolean;
}

/**
 * Rings by size class. A ring's memory is reserved for its largest size but costs only the slots it
 * uses: the writer asks for more in its header, and this pool grants it within `bytesMax`. Buffers
 * are never freed, since foreign calls know their addresses; what a returned ring used is given back
 * to the kernel by `release`.
 */
export class RingPool {
  private readonly rings: Pooled[] = [];

  constructor(
    private readonly bytesMax: number,
    /** Gives a buffer's pages back and zeroes them (madvise in src/io). */
    private readonly release: (buffer: SharedArrayBuffer) => void,
  ) {}

  /**
   * An empty ring; null when --ring-memory or the number of rings is used up, or the system has no
   * room for another one's largest size (RLIMIT_AS, vm.overcommit_memory=2).
   */
  take(kind: Kind): Ring | null {
    const bytes = startSlots(kind) * SLOT_BYTES;
    if (this.bytesUsed + bytes > this.bytesMax) return null;
    const free = this.rings.find((ring) => !ring.inUse && ring.kind === kind);
    if (free !== undefined) {
      formatRing(free.buffer, kind);
      free.inUse = true;
      return free;
    }
    if (this.rings.length === RINGS_MAX) return null;
    const buffer = createIfPossible(kind);
    if (buffer === null) return null;
    const { words } = new RingViews(buffer);
    const ring: Pooled = { index: this.rings.length, buffer, kind, words, inUse: true };
    this.rings.push(ring);
    return ring;
  }

  /** Whether memory and numbers are left for all of these. */
  has(kinds: readonly Kind[]): boolean {
    const bytes = kinds.reduce((sum, kind) => sum + startSlots(kind) * SLOT_BYTES, 0);
    if (this.bytesUsed + bytes > this.bytesMax) return false;
    return kinds.length <= RINGS_MAX - this.ringsInUse;
  }

  /** No thread reads or writes the ring any more. */
  give(grant: Ring): void {
    const ring = this.rings[grant.index]!;
    if (!ring.inUse) return;
    this.release(ring.buffer);
    ring.inUse = false;
  }

  /** Lets rings grow that ask for it, while the memory lasts; call a few times a second. */
  grant(): void {
    let used = this.bytesUsed;
    for (const ring of this.rings) {
      if (!ring.inUse) continue;
      const granted = ring.words[Header.slotsGranted]!;
      const wanted = ring.words[Header.slotsWanted]!;
      if (wanted <= granted || granted * 2 > maxSlots(ring.kind)) continue;
      // Another that asks for less may still fit.
      if (used + granted * SLOT_BYTES > this.bytesMax) continue;
      Atomics.store(ring.words, Header.slotsGranted, granted * 2);
      used += granted * SLOT_BYTES;
    }
  }

  /** A reader thread is gone: its words must not keep rings wanted. */
  forgetReader(reader: number): void {
    for (const ring of this.rings) {
      if (!ring.inUse) continue;
      const views = new RingViews(ring.buffer);
      Atomics.store(views.words, views.readerWord(reader, 0), 0);
    }
  }

  get bytesUsed(): number {
    let bytes = 0;
    for (const ring of this.rings) {
      if (ring.inUse) bytes += ring.words[Header.slotsGranted]! * SLOT_BYTES;
    }
    return bytes;
  }

  get ringsInUse(): number {
    return this.rings.filter((ring) => ring.inUse).length;
  }
}

/** JavaScript's word for "out of memory" is RangeError: no reason to lose the sessions that run. */
function createIfPossible(kind: Kind): SharedArrayBuffer | null {
  try {
    return createRing(kind);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function startSlots(kind: Kind): number {
  return kind === "audio" ? AUDIO_SLOTS : VIDEO_SLOTS_START;
}

function maxSlots(kind: Kind): number {
  return kind === "audio" ? AUDIO_SLOTS : VIDEO_SLOTS_MAX;
}
