/** A player of a tail without pictures: asks as hls.js does, for the playlist and then for its newest part. */

/** What has come of one request. */
export interface Came {
  /** The last segment of the path, with the query. */
  readonly what: string;
  readonly status: number;
  /** When it was asked for, and when its last byte had come; ms of performance.now(). */
  readonly askedAt: number;
  readonly cameAt: number;
  readonly bytes: number;
}

export class TailPlayer {
  readonly #index: string;
  readonly #note: (came: Came) => void;

  /** `index`: URL of index.m3u8. */
  constructor(index: string, note: (came: Came) => void) {
    this.#index = index;
    this.#note = note;
  }

  /** Plays until then, ms of performance.now(). */
  async play(until: number): Promise<void> {
    const index = await this.#get(this.#index);
    const media = new URL(lastLine(index), this.#index);
    let text = await this.#get(media.href);
    while (performance.now() < until) {
      const { msn, part } = nextOf(text);
      const url = new URL(media);
      url.searchParams.set("_HLS_msn", String(msn));
      url.searchParams.set("_HLS_part", String(part));
      text = await this.#get(url.href);
      const newest = [...text.matchAll(/#EXT-X-PART:.*?URI="([^"]*)"/g)].at(-1)?.[1];
      if (newest !== undefined) await this.#get(new URL(newest, media).href);
    }
  }

  async #get(address: string): Promise<string> {
    const { pathname, search } = new URL(address);
    const askedAt = performance.now();
    const response = await fetch(address, { headers: { "Accept-Encoding": "gzip" } });
    const body = await response.bytes();
    this.#note({
      what: pathname.slice(pathname.lastIndexOf("/") + 1) + search,
      status: response.status,
      askedAt,
      cameAt: performance.now(),
      bytes: body.length,
    });
    if (!response.ok) throw new Error(`${address}: ${response.status}`);
    return pathname.endsWith(".m3u8") ? new TextDecoder().decode(body) : "";
  }
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1)!;
}

/** The part that comes behind those that a playlist lists. */
function nextOf(text: string): { readonly msn: number; readonly part: number } {
  const first = Number(/#EXT-X-MEDIA-SEQUENCE:(\d+)/.exec(text)?.[1]);
  const whole = text.match(/^#EXTINF:/gm)?.length ?? 0;
  const open = text.slice(Math.max(0, text.lastIndexOf("#EXTINF:")));
  return { msn: first + whole, part: open.match(/^#EXT-X-PART:/gm)?.length ?? 0 };
}

/** The media playlist that index.m3u8 names last, and which segment comes behind those it lists. */
export async function openMedia(
  index: string,
): Promise<{ readonly media: URL; readonly msn: number }> {
  const media = new URL(lastLine(await (await fetch(index)).text()), index);
  return { media, msn: nextOf(await (await fetch(media)).text()).msn };
}
