import { expect, test } from "bun:test";
import type { ClusterCommand } from "../../../src/contract/cluster.ts";
import { LookUps } from "../../../src/control/streams/look-ups.ts";

function ground() {
  let now = 1_000_000;
  const asked: string[] = [];
  let runs = true;
  const send = (command: ClusterCommand): boolean => {
    if (command.type === "look-up") asked.push(command.name);
    return runs;
  };
  const relay = { worker: 1, addresses: [], send };
  const lookUps = new LookUps(relay, { now: () => now, wall: () => 0 });
  return {
    lookUps,
    asked,
    pass: (us: number) => {
      now += us;
    },
    stop: () => {
      runs = false;
    },
  };
}

test("whoever asks for a name waits for the one question, and nobody for another's", async () => {
  const { lookUps, asked } = ground();
  const waiting = [lookUps.ask("a"), lookUps.ask("a"), lookUps.ask("b")] as const;
  expect(asked).toEqual(["a", "b"]);
  lookUps.answered("a");
  await waiting[0];
  await waiting[1];
  expect(await Promise.race([waiting[2].then(() => "b"), "waits"])).toBe("waits");
  lookUps.answered("b");
  await waiting[2];
});

test("what nobody knew is not asked for again for 300 ms", async () => {
  const { lookUps, asked, pass } = ground();
  const first = lookUps.ask("a");
  lookUps.answered("a");
  await first;
  pass(299_999);
  await lookUps.ask("a");
  expect(asked).toEqual(["a"]);
  pass(1);
  void lookUps.ask("a");
  expect(asked).toEqual(["a", "a"]);
  lookUps.answered("a");
});

test("nobody waits longer than 300 ms, and not at all while there is no relay", async () => {
  const { lookUps, stop } = ground();
  const before = performance.now();
  await lookUps.ask("a");
  expect(performance.now() - before).toBeWithin(290, 2_000);
  stop();
  const without = performance.now();
  await lookUps.ask("b");
  expect(performance.now() - without).toBeLessThan(250);
});

test("a flood of names that nobody has reaches the others 2,000 times a second", async () => {
  const { lookUps, asked, pass } = ground();
  for (let i = 0; i < 5_000; i += 1) {
    void lookUps.ask(`x${i}`);
    lookUps.answered(`x${i}`);
  }
  expect(asked).toHaveLength(2_000);
  pass(100_000);
  for (let i = 5_000; i < 6_000; i += 1) {
    void lookUps.ask(`x${i}`);
    lookUps.answered(`x${i}`);
  }
  expect(asked).toHaveLength(2_200);
});
