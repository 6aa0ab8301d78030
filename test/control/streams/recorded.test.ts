/** What is kept of streams: by the rules of a server without threads, on a disk in memory. */
import { expect, test } from "bun:test";
import type { TailFile } from "../../../src/contract/tail.ts";
import { MemoryDisk } from "../../archive/memory-disk.ts";
import { bytesOf, segmentOf } from "../../archive/reels.ts";
import { Harness, settle } from "../../support/control-harness.ts";
import { variantOf } from "../../support/played-tail.ts";

const DIR = "/recordings";
const STATE = "/state/dvr";
const BOTH = `[[streams]]\nmatch = "kept/*"\ndvr = "2h"\nrecord = "${DIR}"\n`;

/** A server that records, and what its packager tells. */
class Kept {
  readonly disk = new MemoryDisk();
  h!: Harness;
  #edition = "";
  #stream = 0;

  static async start(config: string, dvrFolder: string | null = STATE): Promise<Kept> {
    const kept = new Kept();
    kept.h = await Harness.start({ config, archive: { disk: kept.disk, dvrFolder } });
    return kept;
  }

  async publish(name: string): Promise<void> {
    await this.h.publish(encodeURIComponent(name).replace("%2F", "/"));
    const opened = this.h.plane.packaged.findLast(({ type }) => type === "tail-open");
    if (opened?.type !== "tail-open") throw new Error("no tail was opened");
    this.#edition = opened.edition;
    this.#stream = opened.stream;
  }

  /** A segment is complete. */
  async segment(
    msn: number,
    {
      gap = false,
      ended = false,
      more = [],
      gone = [],
    }: { gap?: boolean; ended?: boolean; more?: readonly TailFile[]; gone?: string[] } = {},
  ): Promise<string> {
    const prefix = `${this.#edition}-0`;
    const name = `${prefix}-${2 * msn}-${2 * msn + 1}.m4s`;
    const init = `${prefix}-init0.mp4`;
    const parts = [0, 1].map((part) => `${prefix}-${2 * msn + part}.m4s`);
    const segment = segmentOf(msn, { name, init, parts, gap });
    const bytes = bytesOf(segment);
    this.h.plane.events.tail({
      ...{ type: "tail-news", stream: this.#stream, edition: this.#edition, rendition: 0 },
      files: [
        ...more,
        ...(msn === 0 ? [{ name: init, bytes: bytes.init }] : []),
        ...(gap
          ? []
          : parts.map((part, i) => ({ name: part, bytes: new Uint8Array(bytes.parts[i]!) }))),
      ],
      ...{ segments: [segment], gone },
      playlist: {
        name: `${prefix}.m3u8`,
        list: { text: "#EXTM3U\n", gzip: Bun.gzipSync("#EXTM3U\n") },
        ...{ msn, part: 1, whole: msn, hint: null, ended },
      },
      variant: msn === 0 ? variantOf(`${prefix}.m3u8`) : null,
    });
    await Bun.sleep(1);
    return name;
  }

  /** There can be no tail of it. */
  refuse(reason: string): void {
    const [stream, edition] = [this.#stream, this.#edition];
    const why = { reason, tooHeavy: false };
    this.h.plane.events.tail({ type: "tail-unavailable", stream, edition, ...why });
  }

  films(path: string): string[] {
    return this.disk.names(path).filter((name) => name.endsWith(".mp4"));
  }

  async told(): Promise<unknown> {
    const answer = await this.h.request("GET", "/api/v1/streams/kept%2Fa");
    return ((await answer.json()) as { readonly recording: unknown }).recording;
  }

  async metric(name: string): Promise<number> {
    const text = await (await this.h.request("GET", "/metrics")).text();
    const line = text.split("\n").find((each) => each.startsWith(`spillway_${name} `));
    return Number(line?.split(" ")[1]);
  }
}

test("a stream that is kept is cut from its beginning on, and lies in its folder", async () => {
  const kept = await Kept.start(BOTH);
  await kept.h.publish("other");
  expect(kept.h.plane.packaged).toEqual([]);
  await kept.publish("kept/a");
  for (const msn of [0, 1]) await kept.segment(msn);
  expect(kept.films(DIR)).toHaveLength(1);
  expect(kept.films(STATE)).toEqual([]);
  const bytes = bytesOf(segmentOf(0)).parts.reduce((sum, { length }) => sum + length, 0);
  expect(await kept.told()).toEqual({
    ...{ dvrSeconds: 7200, stays: true, state: "on", reason: null },
    ...{ bytes: 2 * bytes, segmentsLost: 0 },
  });
  expect(await kept.metric("recorded_bytes_total")).toBe(2 * bytes);
  expect(await kept.metric("recorded_segments_total")).toBe(2);
  expect(await kept.metric('recording_folders{state="on"}')).toBe(2);
});

test("with dvr alone it lies in the state's folder, and goes with the tail", async () => {
  const kept = await Kept.start('[[streams]]\nmatch = "**"\ndvr = "1h"\n');
  await kept.publish("kept/a");
  await kept.segment(0);
  expect(kept.films(STATE)).toHaveLength(1);
  expect(await kept.told()).toMatchObject({ dvrSeconds: 3600, stays: false });
  kept.h.plane.events.closed(kept.h.plane.publishers.at(-1)!.session, "peer-closed");
  await settle();
  for (let i = 0; i < 62; i += 1) kept.h.pass(1);
  await Bun.sleep(1);
  expect(kept.films(STATE)).toEqual([]);
  expect(kept.disk.openFiles).toBe(0);
});

test("an edition that broke off is closed, and the next one begins a file", async () => {
  const kept = await Kept.start(BOTH);
  await kept.publish("kept/a");
  await kept.segment(0);
  kept.h.plane.events.packagerStarted();
  await Bun.sleep(1);
  expect(kept.disk.openFiles).toBe(0);
  const opened = kept.h.plane.packaged.findLast(({ type }) => type === "tail-open");
  expect(opened).toBeDefined();
  expect(kept.films(DIR)).toHaveLength(1);
});

test("a gap is no segment, and what is not in memory is lost, told apart", async () => {
  const kept = await Kept.start(BOTH);
  await kept.publish("kept/a");
  await kept.segment(0);
  await kept.segment(1, { gap: true });
  await kept.segment(2);
  expect(kept.films(DIR)).toHaveLength(2);
  expect(await kept.told()).toMatchObject({ segmentsLost: 0 });
});

test("a disk that fails costs the recording alone: parts and playlists go on", async () => {
  const kept = await Kept.start(BOTH);
  await kept.publish("kept/a");
  kept.disk.fault = "EIO";
  const name = await kept.segment(0);
  expect(await kept.told()).toMatchObject({ state: "failed", segmentsLost: 1 });
  expect((await kept.h.request("GET", `/hls/kept/a/${name}`)).status).toBe(200);
  expect(await kept.metric('recorded_segments_lost_total{reason="failed"}')).toBe(1);
});

test("one that finds no memory is told, once, and recorded as soon as there is some", async () => {
  const kept = await Kept.start(`hls-memory = "32m"\n${BOTH}`);
  await kept.publish("kept/a");
  const file = (bytes: number) => ({ name: "big", bytes: new Uint8Array(bytes) });
  await kept.segment(0, { more: [file(2 ** 25)] });
  await kept.h.publish("kept/b");
  kept.h.pass(0.25);
  const opened = () => kept.h.plane.packaged.filter(({ type }) => type === "tail-open").length;
  expect(opened()).toBe(1);
  const told = kept.h.lines.filter((line) => line.includes("No memory to record a stream"));
  expect(told.map((line) => JSON.parse(line))).toMatchObject([{ stream: "kept/b" }]);
  await kept.segment(1, { gone: ["big"] });
  kept.h.pass(0.25);
  expect(opened()).toBe(2);
});

test("why a stream cannot be recorded is told", async () => {
  const kept = await Kept.start(BOTH);
  await kept.publish("kept/a");
  kept.refuse("its video is VP8");
  const told = kept.h.lines.filter((line) => line.includes("A stream cannot be recorded"));
  expect(told.map((line) => JSON.parse(line))).toMatchObject([
    { stream: "kept/a", cause: "its video is VP8" },
  ]);
});

test("what is recorded ends whole when the server stops", async () => {
  const kept = await Kept.start(BOTH);
  await kept.publish("kept/a");
  await kept.segment(0);
  kept.h.plane.events.closed(kept.h.plane.publishers.at(-1)!.session, "peer-closed");
  const stopped = kept.h.control.stop();
  await Bun.sleep(1);
  expect(kept.h.plane.packaged.at(-1)).toMatchObject({ type: "tail-end" });
  // The segment that was open then.
  await kept.segment(1, { ended: true });
  await stopped;
  expect(kept.disk.openFiles).toBe(0);
  const list = JSON.parse(new TextDecoder().decode(kept.disk.bytes(DIR, "index.json")));
  expect(list.files[0]).toMatchObject({ stream: "kept/a", seconds: 4 });
});
