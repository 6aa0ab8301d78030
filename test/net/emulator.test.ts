/** The link emulator itself, with small UDP flows of the server's own sender. */
import { afterEach, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { Link, type LinkOptions } from "../sim/link.ts";
import { seeded } from "../support/random.ts";
import { inTime, timed } from "../support/timed.ts";
import { until } from "../support/until.ts";
import { LinkEmulator, lacksEmulator } from "./emulator.ts";
import { type Flow, type FlowEnd, runFlow } from "./flow.ts";
import { sweepNamespaces } from "./namespaces.ts";
import type { Arrival } from "./udp-end.ts";

const SEED = 7;
/** IPv4 and UDP headers. */
const HEADER_BYTES = 28;

describe.skipIf(lacksEmulator("the link emulator"))("link emulator", () => {
  let emulator: LinkEmulator | null = null;
  afterEach(async () => {
    const { near = "", far = "" } = emulator ?? {};
    await emulator?.close();
    emulator = null;
    expect([near, far].filter((name) => existsSync(`/run/netns/${name || "-"}`))).toEqual([]);
  });
  const open = async (down: Omit<LinkOptions, "rate">): Promise<LinkEmulator> => {
    emulator = await LinkEmulator.open({ seed: SEED, down, up: { delayUs: 5000 }, seconds: 60 });
    return emulator;
  };

  timed(
    "segments of one message come one by one, in order, after the delay",
    async () => {
      const path = await open({ delayUs: 20_000 });
      const flow = { segments: 8, messages: 25, everyMs: 10, bytes: 1200 };
      const arrivals = await run(path, flow);
      expect(arrivals.map(({ number }) => number)).toEqual(
        Array.from({ length: 200 }, (_, i) => i),
      );
      expect(arrivals.every(({ bytes }) => bytes === 1200)).toBe(true);
      const delays = arrivals.map(({ sent, at }) => at - sent).sort((a, b) => a - b);
      expect(delays[0]!).toBeGreaterThanOrEqual(20_000);
      inTime(() => expect(delays[100]!).toBeLessThan(30_000));
      const { down } = await path.figures();
      expect(down).toMatchObject({
        packets: 200,
        largest: 1200 + HEADER_BYTES,
        dropped: 0,
        lost: 0,
      });
    },
    20_000,
  );

  timed(
    "the rate holds, the queue fills and drops what does not fit",
    async () => {
      const path = await open({ queueBytes: 40 * 1228 });
      path.setRate("down", [[0, 1e6]]);
      const flow = { segments: 8, messages: 8, everyMs: 1, bytes: 1200 };
      const arrivals = await run(path, flow);
      const { down } = await path.figures();
      expect(down.packets).toBe(64);
      expect(down.dropped).toBe(64 - arrivals.length);
      // 40 fit, and what the line took away while they came.
      expect(arrivals.length).toBeGreaterThanOrEqual(40);
      inTime(() => expect(arrivals.length).toBeLessThan(50));
      const seconds = (arrivals.at(-1)!.at - arrivals[0]!.at) / 1e6;
      const bps = ((arrivals.length - 1) * 1228 * 8) / seconds;
      inTime(() => {
        expect(bps).toBeGreaterThan(0.95e6);
        expect(bps).toBeLessThan(1.05e6);
        expect(down.queueMs.max).toBeGreaterThan(300);
        expect(down.queueMs.max).toBeLessThanOrEqual(393);
      });
    },
    20_000,
  );

  timed(
    "a rate that is changed holds from then on",
    async () => {
      const path = await open({});
      path.setRate("down", [
        [0, 4e6],
        [1, 0.5e6],
      ]);
      await Bun.sleep(1000);
      const arrivals = await run(path, {
        segments: 4,
        messages: 5,
        everyMs: 1,
        bytes: 1200,
      });
      expect(arrivals.length).toBe(20);
      const seconds = (arrivals.at(-1)!.at - arrivals[0]!.at) / 1e6;
      inTime(() => expect((19 * 1228 * 8) / seconds / 0.5e6).toBeCloseTo(1, 1));
    },
    20_000,
  );

  test("the same packets are lost as in the simulation with the same seed", async () => {
    const options: LinkOptions = { loss: 0.1, burst: { enter: 0.02, leave: 0.3, loss: 0.9 } };
    const path = await open(options);
    const flow = { segments: 5, messages: 60, everyMs: 2, bytes: 200 };
    const arrived = new Set((await run(path, flow)).map(({ number }) => number));
    const model = new Link(seeded(SEED), { ...options, rate: { times: [0], bps: [1e12] } });
    const expected = new Set<number>();
    for (let i = 0; i < 300; i += 1) if (model.send(i, 228) > 0) expected.add(i);
    expect(expected.size).toBeLessThan(285);
    expect([...arrived]).toEqual([...expected]);
  }, 80_000);

  timed(
    "reordered packets come behind their successors",
    async () => {
      const path = await open({ reorder: { share: 0.1, byUs: 20_000 } });
      const flow = { segments: 1, messages: 200, everyMs: 2, bytes: 200 };
      const arrivals = await run(path, flow);
      expect(arrivals.length).toBe(200);
      const late = arrivals.filter(({ number }, i) => i > 0 && number < arrivals[i - 1]!.number);
      inTime(() => expect(late.length).toBeGreaterThan(5));
    },
    20_000,
  );

  test("a cut stops one way only", async () => {
    const path = await open({});
    path.cut("down", true);
    const flow = { segments: 2, messages: 10, everyMs: 2, bytes: 200 };
    expect(await run(path, flow)).toEqual([]);
    expect((await path.figures()).down.cut).toBe(20);
    expect((await run(path, flow, "up")).length).toBe(20);
    path.cut("down", false);
    expect((await run(path, flow)).length).toBe(20);
  }, 80_000);

  test("the namespaces go with the process that made them, however it ends", async () => {
    const module = resolve(import.meta.dir, "emulator.ts");
    const script = `
      const { LinkEmulator } = await import(${JSON.stringify(module)});
      const path = await LinkEmulator.open({ seed: 1, down: {}, up: {}, seconds: 60 });
      Bun.spawn(path.inside("far", ["sleep", "60"]));
      console.log(path.near + " " + path.far);
      await Bun.sleep(60_000);`;
    const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe" });
    const { value } = await child.stdout.getReader().read();
    const names = new TextDecoder().decode(value).trim().split(" ");
    const left = () => names.filter((name) => existsSync(`/run/netns/${name}`));
    expect(left()).toEqual(names);
    child.kill("SIGKILL");
    await until("both are gone", 5_000, () => left().length === 0, left);
  }, 80_000);

  test("what an earlier run left is swept, not what a present one has", async () => {
    const path = await open({});
    // No process has such a number: Linux ends at 2^22.
    const left = "spillway-4194305-1-near";
    expect(Bun.spawnSync(["ip", "netns", "add", left]).success).toBe(true);
    sweepNamespaces();
    expect(existsSync(`/run/netns/${left}`)).toBe(false);
    expect(existsSync(`/run/netns/${path.near}`)).toBe(true);
  }, 80_000);
});

/** What of a flow arrives at the other side. */
async function run(
  path: LinkEmulator,
  flow: Flow,
  direction: "down" | "up" = "down",
): Promise<Arrival[]> {
  const end = (side: "near" | "far"): FlowEnd => ({
    address: side === "near" ? path.nearAddress : path.farAddress,
    inside: (command) => path.inside(side, command),
  });
  const [from, to] = direction === "down" ? (["near", "far"] as const) : (["far", "near"] as const);
  return await runFlow(end(from), end(to), flow);
}
