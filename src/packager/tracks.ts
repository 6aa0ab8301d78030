import { Pictures } from "./pictures.ts";
import { Sound, type SoundSource } from "./sound.ts";
import type { Timeline } from "./timeline.ts";

/** What comes in one epoch: of the rings with the pictures and with the sound, null without. */
export interface Source {
  readonly pictures: Timeline | null;
  readonly sound: SoundSource | null;
}

/** The pictures and the sound of one epoch, which keep to one clock. */
export class Tracks {
  readonly pictures: Pictures | null;
  readonly sound: Sound | null;
  readonly #maps: readonly Timeline[];

  constructor({ pictures, sound }: Source) {
    this.pictures = pictures === null ? null : new Pictures(pictures);
    this.sound = sound === null ? null : new Sound(sound);
    this.#maps = [pictures, sound?.timeline ?? null].filter((map) => map !== null);
  }

  /** Nothing can come. */
  get none(): boolean {
    return this.#maps.length === 0;
  }

  /** Frames that were dropped, since their times could not be. */
  get dropped(): number {
    return (this.pictures?.dropped ?? 0) + (this.sound?.dropped ?? 0);
  }

  /** Packets of silence that stand for missing ones. */
  get filled(): number {
    return this.sound?.filled ?? 0;
  }

  /** A time map is off by a step. */
  get off(): boolean {
    return this.#maps.some(({ off }) => off);
  }

  /** All time maps take their step. Returns that of the leading one, us. */
  step(): number {
    const [first] = this.#maps.map((map) => map.step());
    return first!;
  }

  /** Wall clock of the tail's zero. */
  get zeroUs(): number {
    return this.#maps[0]!.zeroUs;
  }

  /** Up to when (us) what was captured should be here. */
  capturedUs(nowUs: number): number {
    return nowUs - this.zeroUs - (this.pictures ?? this.sound)!.lagUs;
  }
}
