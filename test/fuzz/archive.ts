/**
 * A recording over a disk that fails, fills up, hangs and breaks off as it likes: what it says it has it
 * gives back byte by byte, files hold whole segments alone, and nothing stays open or behind.
 */
import { sameBytes } from "../../src/wire/bytes.ts";
import { bytesOf, Desk, joined, STATE, segmentOf } from "../archive/reels.ts";
import { Dice } from "./dice.ts";
import { demand } from "./judge.ts";

const STEPS = 120;
const DIR = "/recordings";
const RENDITIONS = 3;

/** One case: how many segments were read again. Throws when a rule is broken. */
export async function fuzzArchive(seed: number): Promise<number> {
  const dice = new Dice(seed);
  const desk = new Desk(1000);
  const stays = dice.chance(0.5);
  const dvrUs = dice.pick([60_000_000, 120_000_000, 600_000_000]);
  const recording = desk.archive.open("a", { dvrUs, folder: stays ? DIR : null })!;
  const msns = Array.from({ length: RENDITIONS }, () => 0);
  const added = new Map<string, Uint8Array>();
  let [breaks, read] = [0, 0];
  for (let step = 0; step < STEPS; step += 1) {
    trouble(dice, desk);
    const rendition = dice.below(RENDITIONS);
    if (dice.chance(0.05)) msns[rendition]! += dice.between(1, 40);
    const breaksHere = dice.chance(0.1) ? 1 : 0;
    breaks += breaksHere;
    const msn = msns[rendition]!;
    const init = `e-${rendition}-init${dice.chance(0.9) ? 0 : 1}.mp4`;
    const name = `e-${rendition}-${msn}.m4s`;
    const segment = segmentOf(msn, { name, init, breaks: breaksHere, era: breaks });
    msns[rendition] = msn + 1;
    const bytes = bytesOf(segment);
    added.set(name, joined(bytes.parts));
    recording.add(rendition, segment, bytes);
    desk.nowUs += dice.pick([0, 500_000, 2_000_000]);
    if (dice.chance(0.7)) await desk.archive.settled();
    read += await readSome(dice, desk, recording, added);
  }
  heal(desk);
  await desk.archive.settled();
  judgeFiles(desk, stays ? DIR : STATE);
  demand(desk.disk.openFiles <= RENDITIONS, "a file a rendition is open at most");
  const { bytes, segments, lost } = desk.archive.totals;
  const told = segments + Object.values(lost).reduce((sum, each) => sum + each, 0);
  demand(told === added.size && bytes > 0 === segments > 0, "each segment is written or lost");
  await recording.close();
  demand(desk.disk.openFiles === 0, "no file stays open");
  const left = desk.disk.names(STATE).filter((file) => file.endsWith(".mp4"));
  demand(left.length === 0, "nothing that is to go stays behind");
  return read;
}

/** The disk gets worse, or better. */
function trouble(dice: Dice, { disk }: Desk): void {
  if (dice.chance(0.9)) return;
  disk.fault = dice.chance(0.2) ? dice.pick(["EIO", "EROFS", "EACCES"]) : null;
  disk.freeBytes = dice.chance(0.2) ? 999 : 1e12;
  disk.breaksAfter = dice.chance(0.3) ? dice.below(5000) : Number.POSITIVE_INFINITY;
}

function heal(desk: Desk): void {
  desk.disk.fault = null;
  desk.disk.freeBytes = 1e12;
  desk.disk.breaksAfter = Number.POSITIVE_INFINITY;
  desk.nowUs += 10_000_000;
}

async function readSome(
  dice: Dice,
  { disk }: Desk,
  recording: { has(name: string): boolean; read(name: string): Promise<Uint8Array | null> },
  added: ReadonlyMap<string, Uint8Array>,
): Promise<number> {
  const known = [...added.keys()].filter((name) => recording.has(name));
  if (known.length === 0) return 0;
  const name = dice.pick(known);
  const found = await recording.read(name);
  // A folder that failed is opened again with the next segment.
  if (found === null && (disk.fault !== null || recording.has(name))) return 0;
  demand(found === null || sameBytes(found, added.get(name)!), "what is read is what came");
  return 1;
}

/** Init and whole segments, one behind the other. */
function judgeFiles({ disk }: Desk, path: string): void {
  const { init, parts } = bytesOf(segmentOf(0));
  const length = joined(parts).length;
  for (const name of disk.names(path).filter((each) => each.endsWith(".mp4"))) {
    const bytes = disk.bytes(path, name);
    demand(sameBytes(bytes.slice(0, init.length), init), "a file begins with its init");
    const rest = bytes.length - init.length;
    demand(rest > 0 && rest % length === 0, "behind it are whole segments");
  }
}
