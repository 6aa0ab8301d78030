import { expect } from "bun:test";
import { closePollFd, createPollFd } from "../../src/io/epoll.ts";
import { createEventFd, ringEventFd } from "../../src/io/event-fd.ts";
import { Poller } from "../../src/io/poller.ts";
import { inTime, timed } from "../support/timed.ts";

timed("a bell still wakes after its memory could have been collected and used again", () => {
  const pollFd = createPollFd();
  const doorbell = createEventFd();
  const poller = new Poller(pollFd, [], doorbell);
  const keep: BigUint64Array[] = [];
  for (let round = 0; round < 20; round += 1) {
    Bun.gc(true);
    for (let i = 0; i < 10_000; i += 1) keep.push(new BigUint64Array(1));
    ringEventFd(doorbell);
    const start = performance.now();
    poller.wait(200);
    inTime(() => expect(performance.now() - start, `round ${round}`).toBeLessThan(150));
  }
  // What the drain wrote went to its own place.
  expect(keep.every((array) => array[0] === 0n)).toBe(true);
  closePollFd(pollFd);
});
