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
});
