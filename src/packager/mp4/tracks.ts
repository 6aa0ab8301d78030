/** The tracks of every file. */

export const Track = { video: 1, audio: 2 } as const;
export type Track = (typeof Track)[keyof typeof Track];

export const TICKS_PER_SECOND: Readonly<Record<Track, number>> = { 1: 90_000, 2: 48_000 };

/** ISO/IEC 14496-12 8.8.3.1: a sample that depends on no other, and one that does and is no sync sample. */
export const SampleFlags = { key: 0x02000000, between: 0x01010000 } as const;
