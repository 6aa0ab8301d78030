import { describe, expect, test } from "bun:test";
import { Agenda } from "../../src/web/agenda.ts";
import type { StreamEvent } from "../../src/web/streamevent.ts";

const AT = 1_790_000_000_000;

function event(id: number, at = AT, type = "chat", data = {}): StreamEvent {
  return { id, type, at, from: null, data };
}

function agendaOf(...events: readonly StreamEvent[]): Agenda {
  const agenda = new Agenda();
  for (const each of events) agenda.add(each, 0);
  return agenda;
}

const ids = (events: readonly StreamEvent[]) => events.map(({ id }) => id);

describe("EV13: what is said of a stream", () => {
  test("comes when its picture is shown, once, whichever way it came", () => {
    const agenda = agendaOf(event(1));
    expect(agenda.take(AT - 1, 0)).toEqual([]);
    agenda.add(event(1), 0);
    expect(ids(agenda.take(AT, 0))).toEqual([1]);
    agenda.add(event(1), 100);
    expect(agenda.take(AT + 60_000, 60_000)).toEqual([]);
  });

  test("of pictures that are over comes at once, in its order", () => {
    const agenda = agendaOf(event(3, AT - 5_000), event(2, AT - 1_000), event(4, AT + 50));
    expect(ids(agenda.take(AT, 0))).toEqual([2, 3]);
    expect(ids(agenda.take(AT + 60, 16))).toEqual([4]);
  });

  test("waits for 3 s where no picture moves", () => {
    const agenda = agendaOf(event(1, AT - 60_000), event(2, AT + 9_000));
    expect(agenda.take(null, 2_900)).toEqual([]);
    expect(ids(agenda.take(null, 3_000))).toEqual([1, 2]);
  });

  test("never waits for a picture that does not come", () => {
    const agenda = agendaOf(event(1, AT + 1e9));
    expect(agenda.take(AT, 19_000)).toEqual([]);
    expect(ids(agenda.take(AT, 20_000))).toEqual([1]);
  });

  test("and was taken back before is never seen; that is told at once, also to who said it", () => {
    const agenda = agendaOf(event(1, AT + 500), event(2, AT));
    expect(ids(agenda.take(AT, 0))).toEqual([2]);
    agenda.add(event(3, AT + 9_000, "retract", { id: 1 }), 0);
    agenda.add(event(4, AT + 9_000, "retract", { id: 2 }), 0);
    expect(ids(agenda.take(AT, 0))).toEqual([3, 4]);
    expect(agenda.take(AT + 9_000, 9_000)).toEqual([]);
  });

  test("of pictures that somebody went back to comes again, if it is told again", () => {
    const agenda = agendaOf(event(1, AT - 60_000), event(2, AT));
    expect(ids(agenda.take(AT, 0))).toEqual([1, 2]);
    agenda.rewind(AT - 30_000);
    for (const id of [1, 2]) agenda.add(event(id, id === 1 ? AT - 60_000 : AT), 0);
    expect(agenda.take(AT - 30_000, 0, true)).toEqual([]);
    expect(ids(agenda.take(AT, 0, true))).toEqual([2]);
  });

  test("of newer pictures waits for who went back, however long, and comes once", () => {
    const agenda = agendaOf(event(1));
    agenda.rewind(AT - 600_000);
    agenda.add(event(1), 0);
    expect(agenda.take(AT - 600_000, 60_000, true)).toEqual([]);
    expect(ids(agenda.take(AT, 600_000, true))).toEqual([1]);
    expect(agenda.take(AT, 600_000)).toEqual([]);
  });

  test("waits in bounded numbers: what came first is forgotten", () => {
    const agenda = new Agenda();
    for (let id = 1; id <= 1_100; id += 1) agenda.add(event(id), 0);
    const due = ids(agenda.take(AT, 0, true));
    expect([due.length, due[0], due.at(-1)]).toEqual([1_000, 101, 1_100]);
  });
});
