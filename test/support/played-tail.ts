import type { TailNews, TailSegment, TailVariant } from "../../src/contract/tail.ts";
import { Harness, settle } from "./control-harness.ts";

/** The packager played: a stream with a tail, a segment of which was whole before, and parts that come when the test says. */
export class PlayedTail {
  edition = "";
  stream = 0;
  #part = -1;
  #msn = 1;

  private constructor(readonly h: Harness) {}

  /** `config`: TOML. The first request is made and answered. */
  static async start(config = "", name = "a", token = ""): Promise<PlayedTail> {
    const show = new PlayedTail(await Harness.start({ config }));
    await show.h.publish(name + token);
    const asked = show.h.request("GET", `/hls/${name}/index.m3u8${token}`);
    await settle();
    show.adopt();
    show.part();
    const { status } = await asked;
    if (status !== 200) throw new Error(`index.m3u8 is ${status}`);
    return show;
  }

  /** Of a server where one has been asked for. */
  static of(h: Harness): PlayedTail {
    const show = new PlayedTail(h);
    show.adopt();
    return show;
  }

  /** Plays the tail that was opened last. */
  adopt(): void {
    const opened = this.h.plane.packaged.findLast(({ type }) => type === "tail-open");
    if (opened?.type !== "tail-open") throw new Error("no tail was opened");
    this.#part = -1;
    this.#msn = 1;
    this.edition = opened.edition;
    this.stream = opened.stream;
  }

  get playlist(): string {
    return `${this.edition}-0.m3u8`;
  }

  name(part: number): string {
    return `${this.edition}-0-${part}.m4s`;
  }

  /** The next part comes; four make a segment. */
  part(more: Partial<TailNews> & { readonly ended?: boolean } = {}): void {
    this.#part += 1;
    const number = this.#part;
    const part = number % 4;
    if (part === 0 && number > 0) this.#msn += 1;
    const whole = part === 3 ? this.#msn : this.#msn - 1;
    const text = `#EXTM3U\n#EXT-X-PART:URI="${this.name(number)}"\n${this.edition}-0-0-3.m4s\n`;
    this.h.plane.events.tail({
      type: "tail-news",
      stream: this.stream,
      edition: this.edition,
      rendition: 0,
      files: [
        ...(number === 0 ? [{ name: `${this.edition}-0-init0.mp4`, bytes: playedBytes(9) }] : []),
        { name: this.name(number), bytes: playedBytes(number) },
      ],
      segments:
        part === 3 ? [{ ...playedSegment(this.edition, this.#msn - 1), msn: this.#msn }] : [],
      gone: [],
      playlist: {
        name: this.playlist,
        list: { text, gzip: Bun.gzipSync(text) },
        msn: this.#msn,
        part,
        whole,
        hint: more.ended === true ? null : this.name(number + 1),
        ended: more.ended ?? false,
      },
      variant: number === 0 ? variantOf(this.playlist) : null,
      ...more,
    });
  }

  /** Another layer has a rendition, too: its first part comes. */
  layer(number: number, changes: Partial<TailVariant>): void {
    const name = (file: string) => `${this.edition}-${number}${file}`;
    const text = `#EXTM3U\n#EXT-X-PART:URI="${name("-0.m4s")}"\n`;
    this.h.plane.events.tail({
      ...{ type: "tail-news", stream: this.stream, edition: this.edition, rendition: number },
      files: [{ name: name("-0.m4s"), bytes: playedBytes(number) }],
      ...{ segments: [], gone: [] },
      playlist: {
        ...{ name: name(".m3u8"), list: { text, gzip: Bun.gzipSync(text) } },
        ...{ msn: 1, part: 0, whole: 0, hint: name("-1.m4s"), ended: false },
      },
      variant: variantOf(name(".m3u8"), changes),
    });
  }

  get(file: string, headers: Record<string, string> = {}, address = "127.0.0.1") {
    return this.h.request("GET", `/hls/a/${file}`, { headers, address });
  }
}

/** A segment of rendition 0: of four parts of half a second each, from the first on. */
export function playedSegment(edition: string, msn: number): TailSegment {
  const prefix = `${edition}-0-`;
  const [first, last] = [4 * msn, 4 * msn + 3];
  return {
    name: `${prefix}${first}-${last}.m4s`,
    parts: [0, 1, 2, 3].map((part) => `${prefix}${first + part}.m4s`),
    msn,
    durationUs: 2_000_000,
    wallUs: PLAYED_FROM_US + msn * 2_000_000,
    init: `${prefix}init0.mp4`,
    ...{ era: 0, breaks: 0, gap: false },
  };
}

/** Wall clock at the beginning of what is played. */
export const PLAYED_FROM_US = 1_790_000_000_000_000;

export function playedBytes(value: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(value, value);
}

/** A rendition of 720 lines with sound. */
export function variantOf(uri: string, changes: Partial<TailVariant> = {}): TailVariant {
  return {
    ...{ uri, bandwidth: 2_400_000, averageBandwidth: 1_900_000, bitrate: 1_800_000 },
    ...{ codecs: "avc1.42c01f,opus", size: { width: 1280, height: 720 }, pictureRate: 30 },
    ...{ independent: true, gap: false },
    ...changes,
  };
}
