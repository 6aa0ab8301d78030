import type { Init } from "./part.ts";

/** The codecs of all that a playlist lists, as players ask for decoders before they read any of it. */
export class ListedCodecs {
  /** The oldest first. */
  #inits: Init[] = [];

  add(init: Init): void {
    this.#inits.push(init);
  }

  /** As RFC 6381 has them, what comes now first; `oldest`: number of the first init that is listed. */
  from(oldest: number): string {
    this.#inits = this.#inits.filter(({ number }) => number >= oldest);
    const newestFirst = this.#inits.toReversed();
    const pictures = newestFirst.map(({ video }) => video?.codecs);
    const sound = newestFirst.map(({ audio }) => audio?.codec);
    const all = new Set([...pictures, ...sound].filter((codec) => codec !== undefined));
    return [...all].join(",");
  }
}
