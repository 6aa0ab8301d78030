import type { Source } from "./source.ts";

/**
 * Those of one kind for whom a stream's rings are read here. A stream is kept while it has any; what
 * is to be read, the plane tells the threads that read.
 */
export interface Audience {
  /** How many there are now. */
  readonly size: number;
  /** The stream's media comes from `source` from now on: codecs and layers may be others. */
  follow(source: Source): void;
}
