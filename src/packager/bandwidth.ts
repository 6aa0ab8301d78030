/** What is told exceeds what was seen by so much, since pictures change. */
const HEADROOM = 1.2;
/** Told rates lie on a ladder of such steps, from here: few changes, and no player measures finer. */
const STEP = 1.25;
const LEAST = 64_000;
/** The average is of this long, so that it follows a publisher who changes. */
const AVERAGE_US = 60_000_000;

/** What encoders are set to, bits a second: pictures by their size, at the rates that browsers use; sound. */
const EXPECTED_BITS_A_PIXEL = 2.7;
const EXPECTED_AUDIO_BPS = 64_000;

/** What a publisher is taken for until segments were weighed, bits a second. */
export function expectedOf(
  video: { readonly width: number; readonly height: number } | null,
): number {
  const pixels = video === null ? 0 : video.width * video.height;
  return Math.round(EXPECTED_AUDIO_BPS + pixels * EXPECTED_BITS_A_PIXEL);
}

/** What one segment of a rendition weighed. */
interface Weighed {
  readonly bytes: number;
  readonly us: number;
}

/**
 * The bit rates that a rendition's variant tells (RFC 8216bis 4.4.6.2): positive from the first, and
 * they only rise, by steps.
 */
export class Bandwidth {
  /** Highest of a segment, and over a while, in bits a second. */
  peak: number;
  average: number;
  /** As it was of late; null before the first segment. */
  recent: number | null = null;
  #bytes = 0;
  #us = 0;
  readonly #recent: Weighed[] = [];

  /** `expected`: bits a second that the publisher was allowed, or sent so far. */
  constructor(expected: number) {
    this.peak = stepFor(expected);
    this.average = stepFor(expected / STEP);
  }

  /** A segment is complete. */
  note(bytes: number, us: number): void {
    if (us <= 0) return;
    this.#recent.push({ bytes, us });
    this.#bytes += bytes;
    this.#us += us;
    while (this.#us - this.#recent[0]!.us >= AVERAGE_US) {
      const first = this.#recent.shift()!;
      this.#bytes -= first.bytes;
      this.#us -= first.us;
    }
    this.peak = Math.max(this.peak, told((bytes * 8e6) / us, this.peak));
    this.average = Math.max(this.average, told((this.#bytes * 8e6) / this.#us, this.average));
    this.peak = Math.max(this.peak, this.average);
    this.recent = Math.round((this.#bytes * 8e6) / this.#us);
  }
}

/** What is told of a rate that was seen, where `present` is told now. */
function told(seen: number, present: number): number {
  return seen <= present ? present : stepFor(seen * HEADROOM);
}

/** The lowest step that is not below a rate. */
function stepFor(rate: number): number {
  const steps = Math.max(0, Math.ceil(Math.log(rate / LEAST) / Math.log(STEP)));
  return Math.ceil((LEAST * STEP ** steps) / 1000) * 1000;
}
