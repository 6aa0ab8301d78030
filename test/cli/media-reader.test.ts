/** S12: whatever a file says, reading it ends in time, in bounds, and with one line. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { MediaReader, type ReaderOptions } from "../../src/cli/media-reader.ts";
import { MediaFileError } from "../../src/client/media.ts";
import type { ReaderReply, ReaderRequest } from "../../src/client/reader-messages.ts";
import { spawnWorker } from "../../src/io/spawn.ts";
import { Clips, H264, lacksFfmpeg, OPUS } from "../support/clips.ts";
import { seeded } from "../support/random.ts";
import { inTime, timed } from "../support/timed.ts";

const SEED = 0x512;
const ROUNDS = 240;
const GIVE_UP_MS = 2_000;
/** Tables may promise any number of frames; so many of them are progress enough. */
const ITEMS_MAX = 5_000;
const MEMORY_MAX = 2 ** 30;

/** Boxes whose numbers a reader trusts. */
const TABLES =
  "stts ctts stsc stsz stco stss trun tfhd tfdt trex mdhd mvhd tkhd elst stsd avcC dOps";
const NUMBERS = [0, 1, 2, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

describe.skipIf(lacksFfmpeg("damaged files"))("S12: damaged files", () => {
  const clips = new Clips();
  const samples: [string, Uint8Array][] = [];
  beforeAll(async () => {
    const make = async (name: string, ...args: string[]) => {
      const bytes = readFileSync(await clips.make(name, args));
      samples.push([name.split(".")[1]!, Uint8Array.from(bytes)]);
    };
    await make("plain.mp4", ...H264, ...OPUS);
    await make(
      "offsets.mov",
      "-c:v",
      "libx264",
      "-preset",
      "ultrafast",
      "-x264-params",
      "bframes=2:b-adapt=0",
      "-an",
    );
    await make(
      "pieces.mp4",
      ...H264,
      ...OPUS,
      "-movflags",
      "frag_keyframe+empty_moov+default_base_moof",
    );
    await make("vp8.webm", "-c:v", "libvpx", "-deadline", "realtime", ...OPUS);
    await make("live.mkv", ...H264, ...OPUS, "-live", "1");
  });
  afterAll(() => clips.remove());

  /** "" when the file was read to its end, else the complaint. */
  async function read(path: string, bounds: Partial<ReaderOptions>): Promise<string> {
    let reader: MediaReader | null = null;
    try {
      const selection = { audio: true, video: true };
      ({ reader } = await MediaReader.open({
        path,
        name: path,
        selection,
        loop: false,
        ...bounds,
      }));
      for (let i = 0; i < ITEMS_MAX; i += 1) if ((await reader.next()) === null) break;
      return "";
    } catch (error) {
      if (!(error instanceof MediaFileError)) throw error;
      return error.message;
    } finally {
      reader?.close();
    }
  }

  test(`files mutated by seed ${SEED}`, async () => {
    const random = seeded(SEED);
    const before = process.memoryUsage.rss();
    const outcomes = new Map<string, number>();
    const thread = new ReaderThread();
    for (let round = 0; round < ROUNDS; round += 1) {
      const [ending, sample] = samples[round % samples.length]!;
      const path = clips.path(`mutated.${ending}`);
      writeFileSync(path, mutated(sample, random));
      const complaint = await thread.read(path);
      expect(complaint, `round ${round}`).not.toContain("\n");
      if (complaint !== "") expect(complaint, `round ${round}`).toStartWith(`${path}: `);
      expect(complaint.replace(`${path}: `, ""), `round ${round}`).not.toMatch(/^Assertion/);
      const kind = complaint
        .replaceAll(path, "")
        .replace(/[0-9]+/g, "N")
        .slice(2, 50);
      outcomes.set(kind, (outcomes.get(kind) ?? 0) + 1);
    }
    thread.end();
    expect(process.memoryUsage.rss() - before).toBeLessThan(MEMORY_MAX);
    console.log([...outcomes].map(([kind, count]) => `${count} x ${kind || "read"}`).join("; "));
    // Mutations that every reader survives, or none, would show nothing.
    expect(outcomes.get("") ?? 0).toBeGreaterThan(ROUNDS / 10);
    expect(outcomes.size).toBeGreaterThan(4);
  }, 240_000);

  timed(
    "a table that would keep a reader busy for hours is given up, and the process goes on",
    async () => {
      const [, sample] = samples[0]!;
      const bytes = sample.slice();
      // Samples of one chunk: a reader adds up the sizes of all of them.
      new DataView(bytes.buffer).setUint32(find(bytes, "stsc") + 20, 0x7fffffff);
      const path = clips.path("chunk.mp4");
      writeFileSync(path, bytes);
      const started = performance.now();
      expect(await read(path, { patienceUs: 1_000_000 })).toBe(
        `${path}: damaged: reading it takes more than 1 s without a result`,
      );
      inTime(() => expect(performance.now() - started).toBeLessThan(5_000));
      expect(await read(clips.path("plain.mp4"), {})).toBe("");
    },
    20_000,
  );

  test("a table that asks for all memory is given up", async () => {
    const bytes = samples[1]![1].slice();
    // One run of four thousand million samples, each with an offset to be added and sorted.
    new DataView(bytes.buffer).setUint32(find(bytes, "stts") + 16, 0xfffffff0);
    const path = clips.path("samples.mov");
    writeFileSync(path, bytes);
    const bounds = { patienceUs: 20_000_000, memoryBytes: 128 * 2 ** 20 };
    expect(await read(path, bounds)).toBe(
      `${path}: damaged: reading it takes more than 128 MiB of memory`,
    );
  }, 160_000);
});

/** The reader's thread without what watches over it: one for many files, and anew when it hangs. */
class ReaderThread {
  #worker = spawnWorker("reader");

  /** "" when the file was read to its end or for long enough, else the complaint. */
  async read(path: string): Promise<string> {
    const selection = { audio: true, video: true };
    let reply = await this.#ask({ type: "open", path, name: path, selection, loop: false });
    for (let items = 0; items < ITEMS_MAX; ) {
      if (reply === null) return `${path}: given up`;
      if (reply.type === "failed") return reply.message;
      if (reply.type === "batch") {
        if (reply.done) break;
        items += reply.items.length;
      }
      reply = await this.#ask({ type: "read" });
    }
    return "";
  }

  end(): void {
    this.#worker.terminate();
  }

  #ask(request: ReaderRequest): Promise<ReaderReply | null> {
    const { promise, resolve } = Promise.withResolvers<ReaderReply | null>();
    const timer = setTimeout(() => {
      this.#worker.terminate();
      this.#worker = spawnWorker("reader");
      resolve(null);
    }, GIVE_UP_MS);
    this.#worker.onmessage = ({ data }: MessageEvent<ReaderReply>) => {
      clearTimeout(timer);
      resolve(data);
    };
    this.#worker.postMessage(request);
    return promise;
  }
}

/** Offset of the first box of a type. */
function find(bytes: Uint8Array, type: string): number {
  const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(type);
  if (at < 0) throw new Error(`no ${type}`);
  return at - 4;
}

/** One of: flipped bits, a cut, a table entry or a box size of its own choosing. */
function mutated(sample: Uint8Array, random: () => number): Uint8Array {
  const pick = (limit: number) => Math.floor(random() * limit);
  const bytes = sample.slice();
  const view = new DataView(bytes.buffer);
  const kind = pick(5);
  if (kind === 0) return bytes.subarray(0, pick(bytes.length));
  if (kind === 1) {
    for (let i = 1 + pick(8); i > 0; i -= 1) bytes[pick(bytes.length)]! ^= 1 << pick(8);
    return bytes;
  }
  const names = TABLES.split(" ").filter((name) => Buffer.from(bytes).includes(name));
  if (names.length === 0 || kind === 2) {
    // Headers stand at the beginning: elements of Matroska have one-byte sizes there.
    for (let i = 1 + pick(4); i > 0; i -= 1) bytes[pick(Math.min(600, bytes.length))] = pick(256);
    return bytes;
  }
  const box = find(bytes, names[pick(names.length)]!);
  const number = pick(3) === 0 ? pick(2 ** 32) : NUMBERS[pick(NUMBERS.length)]!;
  view.setUint32(kind === 3 ? box : Math.min(box + 8 + 4 * pick(6), bytes.length - 4), number);
  return bytes;
}
