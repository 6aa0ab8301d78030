/** A silent worker that hangs against one that waits for its turn, look by look in virtual time. */
import { expect, test } from "bun:test";
import {
  HEARTBEAT_LOOK_MS,
  Heartbeat,
  hangs,
  isLate,
  type Pressure,
  RUNNING,
  STARTING,
  underPressure,
} from "../../../src/control/plane/heartbeat.ts";

const LOOK = HEARTBEAT_LOOK_MS * 1000;
const CALM: Pressure = { waiting: 0.05, stolen: 0 };
const BUSY: Pressure = { waiting: 1.2, stolen: 0 };

/** What happens from one look to the next, us, for `looks` looks. */
interface Stretch {
  readonly looks: number;
  readonly every?: number;
  readonly ran?: number;
  readonly waited?: number;
  readonly runnable?: boolean;
  readonly unknown?: boolean;
  readonly beats?: boolean;
  readonly pressure?: Pressure;
}

/** The time after which the thread is found to hang, us; null when it is not. */
function foundAfter(stretches: readonly Stretch[], patience = RUNNING): number | null {
  const heartbeat = new Heartbeat();
  let [at, beat, ranUs, waitedUs] = [1e9, 1, 5e6, 1e6];
  const first = { ranUs, waitedUs, runnable: false };
  heartbeat.look({ at, beat, thread: first, pressure: CALM });
  const began = at;
  for (const stretch of stretches) {
    for (let i = 0; i < stretch.looks; i += 1) {
      at += stretch.every ?? LOOK;
      ranUs += stretch.ran ?? 0;
      waitedUs += stretch.waited ?? 0;
      if (stretch.beats) beat += 1;
      const thread = { ranUs, waitedUs, runnable: stretch.runnable ?? false };
      const { unknown, pressure = CALM } = stretch;
      const silence = heartbeat.look({ at, beat, thread: unknown ? null : thread, pressure });
      if (hangs(silence, patience) !== null) return at - began;
    }
  }
  return null;
}

const CASES: readonly (readonly [string, readonly Stretch[], number | null])[] = [
  ["beats", [{ looks: 100, ran: 2_000, beats: true }], null],
  ["runs a core without a sign of life", [{ looks: 20, ran: LOOK, runnable: true }], 1_000_000],
  ["is blocked in the kernel", [{ looks: 20 }], 1_000_000],
  ["ran for a part and is blocked", [{ looks: 20, ran: LOOK / 2 }], 1_000_000],
  ["waits, and the kernel counts it", [{ looks: 400, waited: LOOK, runnable: true }], null],
  ["waits, and the kernel has not counted it yet", [{ looks: 400, runnable: true }], null],
  ["had waited by the time of the look", [{ looks: 400, waited: LOOK, pressure: BUSY }], null],
  [
    "hangs with a tenth of a core",
    [{ looks: 60, ran: LOOK / 10, waited: (LOOK * 9) / 10, runnable: true, pressure: BUSY }],
    10_000_000,
  ],
  ["is blocked while the machine is under pressure", [{ looks: 40, pressure: BUSY }], 5_000_000],
  [
    "waits, then is blocked",
    [{ looks: 8, waited: LOOK, runnable: true, pressure: BUSY }, { looks: 40 }],
    3_000_000,
  ],
  [
    "ran while the hypervisor had half of the time",
    [{ looks: 40, ran: LOOK, runnable: true, pressure: { waiting: 0, stolen: 0.5 } }],
    2_000_000,
  ],
  ["was stopped for a minute together with the looker", [{ looks: 1, every: 60e6 }], null],
  ["is looked at late again and again", [{ looks: 9, every: 3e6, runnable: true }], null],
  ["is unknown to the kernel", [{ looks: 20, unknown: true }], 1_000_000],
  ["is unknown, and the looker was starved", [{ looks: 3, every: 4e6, unknown: true }], null],
];

for (const [name, stretches, expected] of CASES) {
  const verdict = expected === null ? "does not hang" : `hangs after ${expected / 1e6} s`;
  test(`O1: a thread that ${name} ${verdict}`, () => {
    expect(foundAfter(stretches)).toBe(expected);
  });
}

test("O1: a thread that has not begun yet has ten times the patience", () => {
  expect(foundAfter([{ looks: 80 }], STARTING)).toBe(10_000_000);
});

test("O1: the end of a silence tells how it was spent", () => {
  const heartbeat = new Heartbeat();
  const look = (at: number, beat: number, ranUs: number, waitedUs: number) =>
    heartbeat.look({ at, beat, thread: { ranUs, waitedUs, runnable: true }, pressure: BUSY });
  look(LOOK, 1, 0, 0);
  for (let i = 2; i <= 9; i += 1) look(i * LOOK, 1, i * 1_000, 0);
  expect(heartbeat.ended).toBeNull();
  look(10 * LOOK, 2, 20_000, 9 * LOOK - 20_000);
  expect(heartbeat.ended).toMatchObject({ lateUs: 9 * LOOK, ranUs: 20_000, blockedUs: 0 });
  expect(isLate(heartbeat.ended!)).toBe(true);
  look(11 * LOOK, 3, 21_000, 9 * LOOK);
  expect(heartbeat.ended).toBeNull();
});

test("O1: pressure is our threads' waiting, or a hypervisor's share", () => {
  expect(underPressure(CALM)).toBe(false);
  expect(underPressure({ ...CALM, waiting: 0.3 })).toBe(true);
  expect(underPressure({ ...CALM, stolen: 0.1 })).toBe(true);
});
