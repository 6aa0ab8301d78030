import { expect, test } from "bun:test";
import { SourceSwitches } from "../../../src/control/plane/source-switches.ts";

/** Notes down in `done` when the switch is over. */
function note(promise: Promise<void>, name: string, done: string[]): void {
  void promise.then(() => done.push(name));
}

test("a switch is over when every reader has answered", async () => {
  const switches = new SourceSwitches<string>();
  const done: string[] = [];
  note(switches.begin(1, ["a", "b"]), "one", done);
  switches.answered("a", 1);
  switches.answered("b", 2);
  await Bun.sleep(0);
  expect(done).toEqual([]);
  switches.answered("b", 1);
  await Bun.sleep(0);
  expect(done).toEqual(["one"]);
});

test("answers belong to the oldest switch that waits for them", async () => {
  const switches = new SourceSwitches<string>();
  const done: string[] = [];
  note(switches.begin(1, ["a"]), "first", done);
  note(switches.begin(1, ["a"]), "second", done);
  switches.answered("a", 1);
  await Bun.sleep(0);
  expect(done).toEqual(["first"]);
  switches.answered("a", 1);
  await Bun.sleep(0);
  expect(done).toEqual(["first", "second"]);
});

test("a thread that is being ended holds the rings until it has ended", async () => {
  const switches = new SourceSwitches<string>();
  const done: string[] = [];
  note(switches.begin(1, ["dying", "b"]), "one", done);
  note(switches.begin(2, ["dying"]), "two", done);
  switches.answered("b", 1);
  await Bun.sleep(0);
  expect(done).toEqual([]);
  switches.gone("dying");
  await Bun.sleep(0);
  expect(done.sort()).toEqual(["one", "two"]);
});

test("without readers a switch is over at once", async () => {
  const switches = new SourceSwitches<string>();
  await switches.begin(1, []);
});
