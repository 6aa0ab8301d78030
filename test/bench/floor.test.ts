import { describe, expect, test } from "bun:test";
import { type FloorOptions, measureFloor } from "../../src/bench/floor.ts";
import { ownCores } from "../../src/io/affinity.ts";

const PLAN = {
  ...{ audio: true, video: true, bitrate: 600_000, fps: 30, spreadUs: 0 },
  ...{ packetBytes: 1100, gopSeconds: 2, keyframeRatio: 4, layers: 1 },
};
const FEW: FloorOptions = {
  ...{ plan: PLAN, viewers: 5, seconds: 0.5, settleSeconds: 0.1, gro: true, cores: null },
};

describe("the floor", () => {
  test("counts what was sent and what the thread that sent it took", async () => {
    const floor = await measureFloor(FEW);
    expect(floor.errors).toBe(0);
    expect(floor.packets % FEW.viewers).toBe(0);
    expect(floor.packets).toBeGreaterThan(0);
    expect(floor.seconds).toBeGreaterThanOrEqual(FEW.seconds);
    expect(floor.userUsPerPacket).toBeGreaterThan(0);
    expect(floor.cpuUsPerPacket).toBeGreaterThanOrEqual(floor.userUsPerPacket);
  });

  test("with receivers that take each datagram, the other profile, and threads on a core", async () => {
    const core = [ownCores()[0]!];
    const cores = { server: core, load: core };
    const floor = await measureFloor({ ...FEW, gro: false, profile: "cm", cores });
    expect(floor).toMatchObject({ errors: 0 });
    expect(floor.packets).toBeGreaterThan(0);
  });

  test("a thread that fails ends it", async () => {
    const cores = { server: [1023], load: ownCores() };
    await expect(measureFloor({ ...FEW, cores })).rejects.toThrow("sched_setaffinity");
  });
});
