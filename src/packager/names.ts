/**
 * The file names of one rendition of a session. Parts have one counter, so that the name of the next is
 * known before anyone knows whether it begins a segment.
 */
export class Names {
  readonly #prefix: string;

  /** `session`: as long as it is not to be guessed; in URIs as it is. */
  constructor(session: string, rendition: number) {
    this.#prefix = `${session}-${rendition}`;
  }

  get playlist(): string {
    return `${this.#prefix}.m3u8`;
  }

  init(number: number): string {
    return `${this.#prefix}-init${number}.mp4`;
  }

  part(number: number): string {
    return `${this.#prefix}-${number}.m4s`;
  }

  /** By the numbers of its parts. */
  segment(first: number, last: number): string {
    return `${this.#prefix}-${first}-${last}.m4s`;
  }
}
