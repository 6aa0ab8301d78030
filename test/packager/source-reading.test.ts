/** Which rings of a source a tail is made of. */
import { describe, expect, test } from "bun:test";
import { Broadcast, READER } from "./broadcast.ts";
import { breaksIn, expectWell, filmOf } from "./film.ts";

describe("rings", () => {
  test("are all wanted, from the beginning on: nothing may come before", () => {
    const show = new Broadcast({ layers: 2 });
    show.publishes = false;
    show.open().run(1);
    expect(show.wants()).toEqual([true, true, true]);
    show.publishes = true;
    show.run(2);
    expect(show.wants()).toEqual([true, true, true]);
    expectWell(show);
  });

  test("are wanted by nobody when the tail is closed, or another source came", () => {
    const show = new Broadcast().open().run(2);
    const before = show.publisher;
    show.replace(1);
    expect(before.video[0]!.writer.wantedBy(READER)).toBeFalse();
    expect(before.audio!.writer.wantedBy(READER)).toBeFalse();
    show.run(2);
    expect(show.wants()).toEqual([true, true]);
    show.close();
    expect(show.wants()).toEqual([false, false]);
    const { length } = show.events;
    show.run(2);
    expect(show.events).toHaveLength(length);
    expect(show.packager.nextLook()).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("what a source consists of", () => {
  test("sound alone, where there is no ring of pictures", () => {
    const show = new Broadcast({ pictures: false }).open().run(8);
    expect(filmOf(show)).toMatchObject({ pictures: 0 });
    expect(filmOf(show).sounds).toBeWithin(350, 401);
    expectWell(show);
  });

  test("sound alone, until pictures come", () => {
    const show = new Broadcast().open();
    const [video] = show.publisher.video;
    show.publisher.silent.add(video!);
    show.run(6);
    expect(filmOf(show).sounds).toBeGreaterThan(150);
    show.publisher.silent.delete(video!);
    show.run(4);
    expect(filmOf(show).pictures).toBeGreaterThan(50);
    expect(breaksIn(show)).toBe(1);
    expectWell(show);
  });

  test("sound that begins a little later than the pictures breaks nothing", () => {
    const show = new Broadcast().open();
    show.publisher.soundIsSilent = true;
    show.run(0.3);
    show.publisher.soundIsSilent = false;
    show.run(5);
    expect(breaksIn(show)).toBe(0);
    expect(filmOf(show).sounds).toBeGreaterThan(190);
    expectWell(show);
  });

  test("sound that begins much later is heard from then on", () => {
    const show = new Broadcast().open();
    show.publisher.soundIsSilent = true;
    show.run(5);
    expect(filmOf(show)).toMatchObject({ sounds: 0 });
    show.publisher.soundIsSilent = false;
    show.run(5);
    expect(filmOf(show).sounds).toBeGreaterThan(190);
    expect(breaksIn(show)).toBe(1);
    expectWell(show);
  });

  test("pictures that stop: the last one stays, and the sound goes on", () => {
    const show = new Broadcast().open().run(5);
    show.publisher.silent.add(show.publisher.video[0]!);
    show.run(6);
    expect(filmOf(show).sounds).toBeGreaterThan(500);
    show.publisher.silent.clear();
    show.run(3);
    expect(filmOf(show).pictures).toBeGreaterThan(200);
    expect(breaksIn(show)).toBe(0);
    expectWell(show);
  });
});
