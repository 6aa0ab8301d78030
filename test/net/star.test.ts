/** The star of namespaces itself, with small UDP flows of the server's own sender. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { inTime, timed } from "../support/timed.ts";
import { lacksEmulator } from "./emulator.ts";
import { type FlowEnd, runFlow } from "./flow.ts";
import { StarEmulator } from "./star.ts";
import type { Arrival } from "./udp-end.ts";

const FLOW = { segments: 2, messages: 25, everyMs: 4, bytes: 200 };

describe.skipIf(lacksEmulator("the star of namespaces"))("star emulator", () => {
  let star: StarEmulator | null = null;
  beforeAll(async () => {
    star = await StarEmulator.open({ seed: 3, nodes: 3, link, seconds: 120 });
  });
  afterAll(async () => {
    const names = star?.namespaces ?? [];
    await star?.close();
    expect(names.filter((name) => existsSync(`/run/netns/${name}`))).toEqual([]);
  });
  const run = async (from: number, to: number): Promise<Arrival[]> =>
    await runFlow(endOf(star!, from), endOf(star!, to), FLOW);

  timed("every ordered pair has a delay of its own", async () => {
    await star!.figures();
    for (const [from, to] of [
      [0, 1],
      [1, 0],
      [2, 0],
    ] as const) {
      const delays = (await run(from, to)).map(({ sent, at }) => at - sent).sort((a, b) => a - b);
      expect(delays).toHaveLength(50);
      expect(delays[0]!).toBeGreaterThanOrEqual(delayUs(from, to));
      inTime(() => expect(delays[25]!).toBeLessThan(delayUs(from, to) + 10_000));
    }
    const figures = await star!.figures();
    const packets = ([from, to]: readonly [number, number]) =>
      star!.between(figures, from, to).packets;
    expect(
      (
        [
          [0, 1],
          [1, 0],
          [2, 0],
          [0, 2],
          [1, 2],
          [2, 1],
        ] as const
      ).map(packets),
    ).toEqual([50, 50, 50, 0, 0, 0]);
  });

  test("a lossy pair loses, others do not", async () => {
    expect((await run(1, 2)).length).toBeLessThan(40);
    expect((await run(0, 2)).length).toBe(50);
    star!.calm(true);
    expect((await run(1, 2)).length).toBe(50);
    star!.calm(false);
    expect((await run(1, 2)).length).toBeLessThan(40);
  }, 80_000);

  test("a cut stops one way between two nodes only", async () => {
    star!.cut(0, 1, true);
    expect(await run(0, 1)).toEqual([]);
    expect((await run(1, 0)).length).toBe(50);
    expect((await run(0, 2)).length).toBe(50);
    star!.cut(0, 1, false);
    expect((await run(0, 1)).length).toBe(50);
  }, 80_000);
});

function link(from: number, to: number) {
  return { delayUs: delayUs(from, to), loss: from === 1 && to === 2 ? 0.5 : 0 };
}

function delayUs(from: number, to: number): number {
  return 10_000 * (1 + from) + 5_000 * to;
}

function endOf(star: StarEmulator, node: number): FlowEnd {
  return { address: star.address(node), inside: (command) => star.inside(node, command) };
}
