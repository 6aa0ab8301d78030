import { expect, test } from "bun:test";
import { PerfCounter, PerfEvent } from "../../../scripts/bench/hot/perf-event.ts";

test("an event that the kernel counts rises with the work, and one that it does not is null", () => {
  for (const event of Object.values(PerfEvent)) {
    const counter = PerfCounter.open(event);
    if (counter === null) continue;
    const before = counter.read();
    let sum = 0;
    for (let i = 0; i < 1e6; i += 1) sum += i % 7;
    expect(sum).toBeGreaterThan(0);
    expect(counter.read()).toBeGreaterThan(before);
    counter.close();
  }
});
