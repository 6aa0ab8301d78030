import { describe, expect, test } from "bun:test";
import { type Bookkeeper, Ledger } from "../../src/egress/ledger.ts";
import { RECENT_PACKETS } from "../../src/feed/recent.ts";
import { STAGE_PACKETS } from "../../src/limits.ts";
import { seeded } from "../support/random.ts";

type Entry = readonly [name: string, packets: number, first: number, header: number, now: number];

class Keeper implements Bookkeeper {
  constructor(
    readonly name: string,
    readonly books: Entry[],
  ) {}

  enter(packets: number, transportSequence: number, headerLength: number, now: number): void {
    this.books.push([this.name, packets, transportSequence, headerLength, now]);
  }
}

function open(): { ledger: Ledger; books: Entry[]; names: string[] } {
  const books: Entry[] = [];
  const ledger = new Ledger();
  const names = ["audio", "video", "more"];
  names.forEach((name, i) => void expect(ledger.add(new Keeper(name, books))).toBe(i));
  return { ledger, books, names };
}

describe("the ledger", () => {
  test("tells nobody before it is settled, and then once, in order", () => {
    const { ledger, books } = open();
    expect(ledger.open(3)).toBe(0);
    ledger.post(1, 3, 20, 1e12);
    expect(ledger.take()).toBe(3);
    expect(ledger.open(1)).toBe(4);
    ledger.post(0, 1, 255, 1e12 + 5);
    expect(books).toEqual([]);
    ledger.settle();
    ledger.settle();
    expect(books).toEqual([
      ["video", 3, 0, 20, 1e12],
      ["audio", 1, 4, 255, 1e12 + 5],
    ]);
  });

  test("settles by itself before it is full, and before its rings forget", () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const random = seeded(seed);
      const { ledger, books, names } = open();
      const posted: Entry[] = [];
      let numbers = 0;
      for (let now = 0; now < 5_000; now += 1) {
        if (random() < 0.1) expect(ledger.take()).toBe(numbers++ & 0xffff);
        const visit = 1 + Math.floor(random() * STAGE_PACKETS);
        expect(ledger.open(visit)).toBe(numbers & 0xffff);
        for (let left = visit; left > 0; ) {
          const packets = 1 + Math.floor(random() * left);
          const keeper = Math.floor(random() * 3);
          posted.push([names[keeper]!, packets, numbers & 0xffff, 12 + (now % 200), now]);
          ledger.post(keeper, packets, 12 + (now % 200), now);
          numbers += packets;
          left -= packets;
        }
        const waiting = posted.slice(books.length).reduce((sum, [, packets]) => sum + packets, 0);
        expect(waiting, `seed ${seed}`).toBeLessThanOrEqual(RECENT_PACKETS);
      }
      expect(books).toEqual(posted.slice(0, books.length));
      expect(books.length).toBeGreaterThan(0);
      ledger.settle();
      expect(books, `seed ${seed}`).toEqual(posted);
    }
  });
});
