/** Segments, and the files that a player reads before them, that are kept on a disk, by their names. */
export interface Shelf {
  /** It is there, and stays until the time is over for which it is kept. */
  has(name: string): boolean;
  /** All of it, as it came; null where there is none, or the disk does not give it back. */
  read(name: string): Promise<Uint8Array<ArrayBuffer> | null>;
}
