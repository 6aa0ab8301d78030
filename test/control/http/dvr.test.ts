/** A tail that viewers may go back in: a packager's files on a disk in memory, and what is handed out of them. */
import { beforeAll, describe, expect, test } from "bun:test";
import { gunzipSync } from "node:zlib";
import type { TailEvent } from "../../../src/contract/tail.ts";
import { MemoryDisk } from "../../archive/memory-disk.ts";
import { Broadcast, STREAM } from "../../packager/broadcast.ts";
import { Harness } from "../../support/control-harness.ts";
import { MergedPlaylist, saidBy, skippedBy } from "../../support/merged-playlist.ts";
import { readPlaylist } from "../../support/playlist-text.ts";

const TOKEN = "view".repeat(10);
const CONFIG = `
[[streams]]
match = "a"
dvr = "10m"
[[auth.tokens]]
token = "${TOKEN}"
rights = ["view", "publish"]
`;
const SECONDS = 140;

/** A stream's packager, which tells the server. */
class Told {
  readonly show = new Broadcast({ frameBytes: 600 });
  edition = "";
  #stream = 0;
  #told = 0;

  constructor(readonly h: Harness) {}

  async begin(name: string): Promise<this> {
    await this.h.publish(`${name}?token=${TOKEN}`);
    const opened = this.h.plane.packaged.findLast(({ type }) => type === "tail-open");
    if (opened?.type !== "tail-open" || !opened.dvr) throw new Error("no tail with DVR was opened");
    const { edition, partUs } = opened;
    this.edition = edition;
    this.#stream = opened.stream;
    this.show.command({ type: "source", stream: STREAM, source: this.show.publisher.source });
    this.show.command({ type: "tail-open", stream: STREAM, edition, partUs, dvr: true });
    return this;
  }

  async run(seconds: number): Promise<void> {
    for (let i = 0; i < seconds; i += 1) {
      this.show.run(1);
      this.tell();
      await Bun.sleep(0);
    }
  }

  tell(): void {
    for (const event of this.show.events.slice(this.#told)) {
      this.h.plane.events.tail({ ...event, stream: this.#stream } as TailEvent);
    }
    this.#told = this.show.events.length;
  }

  get playlist(): string {
    return `${this.edition}-0.m3u8`;
  }
}

describe("a tail with DVR", () => {
  let h: Harness;
  let told: Told;
  const get = (path: string, headers: Record<string, string> = {}) =>
    h.request("GET", `/hls/${path}`, { headers });
  const read = async (query = "") => {
    const response = await get(`a/${told.playlist}?token=${TOKEN}${query}`);
    expect(response.status).toBe(200);
    return (await response.text()).replaceAll(`?token=${TOKEN}`, "");
  };

  beforeAll(async () => {
    const archive = { disk: new MemoryDisk(), dvrFolder: "/state/dvr" };
    h = await Harness.start({ config: CONFIG, archive });
    told = await new Told(h).begin("a");
    await told.run(SECONDS);
  });

  test("D01 D04 a playlist lists all of it, and delta updates what is new", async () => {
    const full = await read();
    const { segments } = readPlaylist(full);
    const us = segments.reduce((sum, segment) => sum + segment.us, 0);
    expect(us / 1e6).toBeGreaterThan(SECONDS - 5);
    expect(segments.some(({ gap }) => gap)).toBeFalse();
    const player = new MergedPlaylist(full);
    await told.run(3);
    for (const skip of ["YES", "v2"]) {
      const delta = await read(`&_HLS_skip=${skip}`);
      expect(skippedBy(delta)).toBeGreaterThan(20);
      player.merge(delta);
      expect(player.said).toEqual(saidBy(await read()));
    }
    expect(await read("&_HLS_skip=maybe")).not.toContain("#EXT-X-SKIP");
  });

  test("D01 a delta update is waited for as a playlist is", async () => {
    const { msn, part } = told.show.news.at(-1)!.playlist;
    let come = false;
    const query = `&_HLS_msn=${msn}&_HLS_part=${part + 1}&_HLS_skip=v2`;
    const waiting = read(query).then((text) => {
      come = true;
      return text;
    });
    await Bun.sleep(5);
    expect(come).toBeFalse();
    await told.run(1);
    expect(await waiting).toContain("#EXT-X-SKIP");
  });

  test("D05 each file that it lists is there, old ones from the disk", async () => {
    const { segments } = readPlaylist(await read());
    const names = new Set(
      segments.flatMap(({ uri, map }) => [map, ...(uri === null ? [] : [uri])]),
    );
    for (const name of names) {
      const response = await get(`a/${name}?token=${TOKEN}`);
      expect([name, response.status]).toEqual([name, 200]);
      expect(response.headers.get("Content-Type")).toBe("video/mp4");
      const bytes = await response.bytes();
      if (!name.endsWith(".mp4")) expect(bytes).toEqual(joined(told, name));
    }
    // Parts go with memory.
    const old = segments[0]!.uri!.replace(/-(\d+)-\d+\.m4s$/, "-$1.m4s");
    expect((await get(`a/${old}?token=${TOKEN}`)).status).toBe(404);
    expect((await get(`a/${told.edition}-0-99000-99003.m4s?token=${TOKEN}`)).status).toBe(404);
  });

  test("D05 it is there under no other stream's name", async () => {
    await h.publish(`b?token=${TOKEN}`);
    const [oldest] = readPlaylist(await read()).segments;
    expect((await get(`a/${oldest!.uri}?token=${TOKEN}`)).status).toBe(200);
    expect((await get(`b/${oldest!.uri}?token=${TOKEN}`)).status).toBe(404);
  });

  test("C01 F05 gzipped, with the token of who asked or without", async () => {
    const [gzip, bearer] = [{ "Accept-Encoding": "gzip" }, { Authorization: `Bearer ${TOKEN}` }];
    for (const query of ["", "&_HLS_skip=v2"]) {
      const path = `a/${told.playlist}?x=1${query}`;
      const plain = await (await get(path, bearer)).text();
      const zipped = await get(path, { ...gzip, ...bearer });
      expect(zipped.headers.get("Content-Encoding")).toBe("gzip");
      expect(gunzipSync(await zipped.bytes()).toString()).toBe(plain);
      expect(plain).not.toContain("token");
      const withToken = await get(`${path}&token=${TOKEN}`, gzip);
      const text = gunzipSync(await withToken.bytes()).toString();
      expect(text.replaceAll(`?token=${TOKEN}`, "")).toBe(plain);
      const uris = readPlaylist(text).segments.flatMap(({ uri }) => (uri === null ? [] : [uri]));
      expect(uris.every((uri) => uri.endsWith(`?token=${TOKEN}`))).toBeTrue();
    }
  });

  test("B08 at its end all of it is there, and nothing is left out", async () => {
    const before = readPlaylist(await read()).segments[0]!;
    told.show.end();
    await told.run(1);
    const text = await read("&_HLS_skip=YES&_HLS_msn=90000");
    expect(text).toEndWith("#EXT-X-ENDLIST\n");
    expect(readPlaylist(text).segments[0]).toEqual(before);
    expect((await get(`a/${before.uri}?token=${TOKEN}`)).status).toBe(200);
  });
});

/** A segment as its parts were told. */
function joined({ show }: Told, name: string): Uint8Array {
  const segment = show.news.flatMap(({ segments }) => segments).find((each) => each.name === name)!;
  return new Uint8Array(Buffer.concat(segment.parts.map((part) => show.files.get(part)!)));
}
