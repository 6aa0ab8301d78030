import { expect, test } from "bun:test";
import { ownCores, startedOn, stayOn } from "../../src/io/affinity.ts";

const all = ownCores();

async function coresOf(cores: readonly number[]): Promise<string> {
  const child = startedOn(cores, () =>
    Bun.spawn(["grep", "Cpus_allowed_list", "/proc/self/status"], { stdout: "pipe" }),
  );
  return /\S+$/m.exec((await new Response(child.stdout).text()).trim())![0];
}

test("what is started on a core stays there, and the starter where it was", async () => {
  expect(all.length).toBeGreaterThan(0);
  for (const core of [all[0]!, all.at(-1)!]) expect(await coresOf([core])).toBe(`${core}`);
  expect(ownCores()).toEqual(all);
});

test("a core that does not exist is refused, and the thread stays where it was", () => {
  expect(() => stayOn([1023])).toThrow("sched_setaffinity");
  expect(() => startedOn([1023], () => 0)).toThrow("sched_setaffinity");
  expect(ownCores()).toEqual(all);
});
