/** Publishes files with the executable and reads in Chromium what arrives, against what was drawn. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { binary } from "./binary.ts";
import {
  BITS,
  type FileCase,
  FPS,
  FRAMES,
  HEIGHT,
  LEFT_HZ,
  RIGHT_HZ,
  WIDTH,
} from "./file-matrix.ts";
import type { TestServer } from "./server.ts";
import { until } from "./until.ts";

/** For the server: viewers may be there before their file. */
export const WAITING = { args: ["--wait-for-stream"] };

/** The script that `show` needs in its page. */
export const FILE_VIEWER = readFileSync(join(import.meta.dir, "file-viewer.js"), "utf8");

const LAYOUT = { width: WIDTH, height: HEIGHT, bits: BITS, bitWidth: Math.floor(WIDTH / BITS) };
const COLORS = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
  [255, 255, 255],
];
/** What two conversions between RGB and YUV, and a lossy codec, may change. */
const COLOR_TOLERANCE = 60;
/** A bin of the spectrum is 12 Hz wide. */
const TONE_TOLERANCE = 24;
const FRAMES_SEEN = 45;

interface Seen {
  readonly frames: readonly { readonly number: number | null; readonly rtpTimestamp: number }[];
  readonly size: string;
  readonly colors: readonly (readonly number[])[];
  readonly left: number;
  readonly right: number;
}

export interface Shown {
  readonly name: string;
  readonly faults: readonly string[];
  /** Of `spillway publish`, ended by Ctrl-C. */
  readonly code: number;
  /** Lines that it wrote: one when it had nothing to say but that it is connected. */
  readonly lines: number;
}

/** Publishes the file at `path` in a loop and compares what a viewer gets with what was drawn. */
export async function show(
  server: Pick<TestServer, "base">,
  page: Page,
  file: FileCase,
  path: string,
): Promise<Shown> {
  const name = file.file.replace(".", "-");
  const args = [await binary(), "publish", path, `${server.base}/whip/${name}`, "--loop"];
  const child = Bun.spawn(args, { cwd: "/", stdio: ["ignore", "ignore", "pipe"] });
  const written = new Response(child.stderr).text();
  const faults = await faultsOf(page, name, file);
  child.kill("SIGINT");
  const code = await child.exited;
  const lines = (await written).trim().split("\n");
  if (lines.length > 1) faults.push(...lines);
  return { name: file.name, faults, code, lines: lines.length };
}

/** What is wrong with what a viewer gets of `file`; empty when nothing is. */
async function faultsOf(page: Page, name: string, file: FileCase): Promise<string[]> {
  const look = (): Promise<Seen> => page.evaluate(`seen[${JSON.stringify(name)}]`);
  let seen: Seen;
  try {
    await page.evaluate(`watchFile(${JSON.stringify(name)}, ${JSON.stringify(LAYOUT)})`);
    seen = await look();
    await until(
      `${file.name}: pictures and sound`,
      15_000,
      async () => {
        seen = await look();
        const pictures = file.size === null || seen.frames.length >= FRAMES_SEEN;
        const sound = file.sound === "none" || (seen.left > 0 && seen.right > 0);
        return pictures && sound;
      },
      () => JSON.stringify({ ...seen, frames: seen.frames.length }),
    );
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
  const { size, drawn } = file;
  if (size !== null && seen.size !== size) return [`size ${seen.size}`];
  return [...(size !== null && drawn ? pictureFaults(seen) : []), ...soundFaults(seen, file)];
}

function pictureFaults({ frames, colors }: Seen): string[] {
  const faults: string[] = [];
  for (const [bar, color] of colors.entries()) {
    const far = color.some((value, i) => Math.abs(value - COLORS[bar]![i]!) > COLOR_TOLERANCE);
    if (far) faults.push(`colour ${bar} is ${color.join(",")}`);
  }
  return [...faults, ...orderFaults(frames)];
}

/** Share of pictures that a page may draw a moment before or after it is told their clock. */
const LATE_SHARE = 0.1;

/** Identity: the number of each picture is what its clock says, counted from one place in the file. */
function orderFaults(frames: Seen["frames"]): string[] {
  const places = new Map<number, number>();
  for (const [index, { number, rtpTimestamp }] of frames.entries()) {
    if (number === null || number >= FRAMES) return [`picture ${index} is broken`];
    const ticks = (rtpTimestamp - frames[0]!.rtpTimestamp) >>> 0;
    const steps = Math.round((ticks * FPS) / 90_000) % FRAMES;
    const place = (number - steps + FRAMES) % FRAMES;
    places.set(place, (places.get(place) ?? 0) + 1);
  }
  const most = Math.max(...places.values());
  if (most >= frames.length * (1 - LATE_SHARE)) return [];
  return [`pictures are not where their clocks say: ${JSON.stringify([...places])}`];
}

function soundFaults({ left, right }: Seen, { sound }: FileCase): string[] {
  if (sound === "none") return left > 0 ? ["there is sound"] : [];
  const faults: string[] = [];
  if (sound === "other") return faults;
  if (Math.abs(left - LEFT_HZ) > TONE_TOLERANCE) faults.push(`left is ${left} Hz`);
  if (Math.abs(right - RIGHT_HZ) > TONE_TOLERANCE) faults.push(`right is ${right} Hz`);
  return faults;
}
