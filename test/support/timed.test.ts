/** The verdict on time bounds, from invented readings and beside real busy loops. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type ProcessTime, type Reading, reading } from "../../src/processors.ts";
import { machineWasTaken, taken, told, watchOthers } from "./others.ts";
import { inTime, judge, Late } from "./timed.ts";
import { Patience, until } from "./until.ts";

const SECOND = 1_000_000;
const IDLE = { mean: 0.02, peak: 0.1 };
const TAKEN = { mean: 0.5, peak: 0.6 };

const process_ = (parent: number, ran: number, children = 0): ProcessTime => {
  return { name: "x", parent, started: 1, ranUs: ran * SECOND, childrenUs: children * SECOND };
};

/** init, kernel threads, a shell with this test run in it, and somebody else's compiler. */
function tree(changes: Readonly<Record<number, ProcessTime | null>> = {}) {
  const all: Record<number, ProcessTime | null> = {
    1: process_(0, 5),
    2: process_(0, 0),
    3: process_(2, 9),
    50: process_(1, 1),
    100: process_(50, 30),
    101: process_(100, 20),
    102: process_(101, 10),
    200: process_(1, 3),
    201: process_(200, 7),
    ...changes,
  };
  const kept = Object.entries(all).filter((entry): entry is [string, ProcessTime] => !!entry[1]);
  return new Map(kept.map(([id, one]) => [Number(id), one]));
}

const machine = (stolen: number) => {
  return { cores: 2, busyUs: 0, idleUs: 0, stolenUs: stolen * SECOND };
};
const read = (seconds: number, processes: Map<number, ProcessTime>, stolen = 0): Reading =>
  reading(seconds * SECOND, machine(stolen), processes, 100);

test("O8: our own tree and the kernel's threads are never others", () => {
  const before = read(10, tree());
  const after = read(
    12,
    tree({
      100: process_(50, 32),
      101: process_(100, 24),
      102: process_(101, 14),
      3: process_(2, 11),
    }),
  );
  expect(taken([before, after]).mean).toBe(0);
});

test("O8: what others run, what others ran that has ended, and stolen time count", () => {
  const before = read(10, tree());
  expect(taken([before, read(12, tree({ 201: process_(200, 9) }))]).mean).toBeCloseTo(0.5);
  // The compiler has ended after two more seconds: its parent has them now, and its seven before.
  const ended = tree({ 201: null, 200: process_(1, 3, 9) });
  expect(taken([before, read(12, ended)]).mean).toBeCloseTo(0.5);
  expect(taken([before, read(12, tree(), 1)]).mean).toBeCloseTo(0.25);
});

test("O8: an orphan of ours is ours still, and a circle of numbers ends", () => {
  const before = read(10, tree());
  // 101 is gone; this process is the next reaper of its child and has what 101 had.
  const orphaned = tree({ 100: process_(50, 30, 20), 101: null, 102: process_(100, 12) });
  expect(taken([before, read(12, orphaned)]).mean).toBe(0);
  const circle = tree({ 200: process_(201, 3), 201: process_(200, 7) });
  expect(taken([read(0, circle), read(1, circle)]).mean).toBe(0);
});

test("O8: a short burst counts by its worst second", () => {
  const readings = [0, 1, 2, 3, 4].map((second) =>
    read(second, tree({ 201: process_(200, second < 3 ? 7 : 7.8) })),
  );
  const others = taken(readings);
  expect(others.mean).toBeCloseTo(0.1);
  expect(others.peak).toBeCloseTo(0.4);
  expect(machineWasTaken({ mean: 0.05, peak: others.peak })).toBe(true);
  expect(machineWasTaken(IDLE)).toBe(false);
  expect(told(others)).toBe("others took 10 % of the machine (40 % in the worst second)");
  expect(taken([])).toEqual({ mean: 0, peak: 0 });
});

test("O8: a missed bound fails on a machine of its own; beside others it is tried three times", () => {
  const late = new Late("too slow");
  expect([1, 2, 3].map((run) => judge(late, IDLE, run))).toEqual(["failed", "failed", "failed"]);
  expect([1, 2, 3].map((run) => judge(late, TAKEN, run))).toEqual(["repeat", "repeat", "void"]);
  expect(judge(null, TAKEN, 3)).toBe("passed");
  // Beside the other half of the run it may have been that.
  expect([judge(late, IDLE, 1, true), judge(late, TAKEN, 1, true)]).toEqual(["repeat", "repeat"]);
});

test("O8: what is no bound of time is never void", () => {
  const wrong = new Error("expected 1, received 2");
  expect([1, 2, 3].map((run) => judge(wrong, TAKEN, run))).toEqual(["failed", "failed", "failed"]);
  expect(judge(wrong, TAKEN, 1, true)).toBe("failed");
});

test("O8: only what is checked in time is a bound of time", async () => {
  expect(inTime(() => 7)).toBe(7);
  expect(() => inTime(() => expect(9).toBeLessThan(5))).toThrow(Late);
  expect(inTime(async () => Promise.reject(new Error("x")))).rejects.toThrow(Late);
  expect(await inTime(async () => 8)).toBe(8);
});

test("O8: patience is granted for as long as others have the machine", () => {
  let at = 0;
  let others = 0;
  const patience = new Patience(60_000, () => ({ at, cores: 2, othersUs: others }));
  expect(patience.untouched).toBe(true);
  expect(patience.more(5_000)).toBe(true);
  [at, others] = [SECOND, SECOND];
  expect(patience.more(6_000)).toBe(true);
  expect(patience.granted).toBe(true);
  [at, others] = [2 * SECOND, SECOND];
  expect(patience.more(7_000)).toBe(false);
  expect(patience.granted).toBe(false);
  expect(new Patience(60_000).more(60_001)).toBe(false);
});

// -- For real: another test run, of which this one's busy loops are others ----------------------

const folder = mkdtempSync(join(tmpdir(), "spillway-timed-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const LOOP = ["sh", "-c", "while :; do :; done"];
const INNER = `
import { afterEach, expect, test } from "bun:test";
import { inTime, timed } from "${resolve(import.meta.dir, "timed.ts")}";
let runs = 0;
let cleaned = 0;
afterEach(() => { cleaned += 1; });
timed("misses its bound", async () => {
  runs += 1;
  await Bun.sleep(1_200);
  expect(cleaned).toBe(runs - 1);
  inTime(() => expect(5).toBeLessThan(1));
});
timed("is wrong", async () => {
  await Bun.sleep(1_200);
  if (process.env.WRONG) expect("wrong").toBe("right");
});
test("how often", () => console.log("runs:", runs));
`;

async function inner(env: Readonly<Record<string, string>>) {
  const file = join(folder, "inner.test.ts");
  const voids = join(folder, "voids");
  writeFileSync(file, INNER);
  writeFileSync(voids, "");
  const child = Bun.spawn([process.execPath, "test", file], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? "", VOID_TESTS: voids, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  const code = await child.exited;
  return { code, out, err, voids: readFileSync(voids, "utf8") };
}

/** Runs `work` beside a busy loop on each core: foreign to the inner test run, ours to this one. */
async function besideLoops<T>(work: () => Promise<T>): Promise<T> {
  const loops = Array.from({ length: navigator.hardwareConcurrency }, () =>
    Bun.spawn(["timeout", "30", ...LOOP]),
  );
  try {
    return await work();
  } finally {
    for (const loop of loops) loop.kill();
    await Promise.all(loops.map(({ exited }) => exited));
  }
}

test("O8: beside busy loops a missed bound is void after three runs, and nothing fails", async () => {
  const { code, out, voids } = await besideLoops(() => inner({}));
  expect(out).toContain("runs: 3");
  expect(voids).toMatch(/^void: misses its bound \(others took \d+ % of the machine \(.*\)\)\n$/);
  expect(code).toBe(0);
}, 240_000);

test("O8: beside busy loops a wrong result fails at the first run", async () => {
  const { code, err } = await besideLoops(() => inner({ WRONG: "1" }));
  expect(code).toBe(1);
  expect(err).toContain("(fail) is wrong");
}, 240_000);

test("O8: our own busy children are not others", async () => {
  const stop = watchOthers();
  const own = await besideLoops(async () => {
    await Bun.sleep(1_500);
    return stop();
  });
  const alone = watchOthers();
  await Bun.sleep(1_500);
  // Whatever others do on this machine, loops of ours would be all of it.
  expect(own.mean).toBeLessThan(0.9 + alone().mean);
}, 240_000);

test("until: what comes too late is an error, whether it comes or not", async () => {
  const started = performance.now();
  const late = () => performance.now() - started > 300;
  const outcome = await until("soon", 100, late).catch((error: Error) => error.message);
  const expected = [true, "not within 100 ms: soon; it came later"];
  expect(expected).toContain(outcome);
});
