import { expect, test } from "bun:test";
import type { WorkerCommand } from "../../../src/contract/messages.ts";
import { RingLease } from "../../../src/control/plane/lease.ts";
import type { MediaPlane } from "../../../src/control/plane/plane.ts";
import { RingPool } from "../../../src/control/plane/ring-pool.ts";
import { type SourceListener, SourceSwitches } from "../../../src/control/plane/source-switches.ts";
import { RingReader } from "../../../src/ring/reader.ts";
import { audioSection } from "../../ingest/harness.ts";

/** A worker of a kind of this test's own: it answers when the test says so. */
class Listener implements SourceListener {
  ready = true;
  ending = false;
  readonly abilities: { readonly readsRings: boolean };
  readonly told: WorkerCommand[] = [];

  constructor(readsRings = true) {
    this.abilities = { readsRings };
  }

  send(command: WorkerCommand): boolean {
    if (this.ending) return false;
    this.told.push(command);
    return true;
  }
}

const switches = () => new SourceSwitches<Listener>();

/** Notes down in `done` when the switch is over. */
function note(promise: Promise<void>, name: string, done: string[]): void {
  void promise.then(() => done.push(name));
}

test("a switch is over when every reader has answered", async () => {
  const all = switches();
  const [a, b] = [new Listener(), new Listener()];
  const done: string[] = [];
  note(all.tell(1, null, [a, b]), "one", done);
  all.answered(a, 1);
  all.answered(b, 2);
  await Bun.sleep(0);
  expect(done).toEqual([]);
  all.answered(b, 1);
  await Bun.sleep(0);
  expect(done).toEqual(["one"]);
});

test("all that read rings are told, of whatever kind, and nobody else", async () => {
  const all = switches();
  const [writer, starting, reader] = [new Listener(false), new Listener(), new Listener()];
  starting.ready = false;
  const switched = all.tell(7, null, [writer, starting, reader]);
  expect([writer, starting, reader].map(({ told }) => told.length)).toEqual([0, 0, 1]);
  expect(reader.told).toEqual([{ type: "source", stream: 7, source: null }]);
  all.answered(reader, 7);
  await switched;
});

test("answers belong to the oldest switch that waits for them", async () => {
  const all = switches();
  const a = new Listener();
  const done: string[] = [];
  note(all.tell(1, null, [a]), "first", done);
  note(all.tell(1, null, [a]), "second", done);
  all.answered(a, 1);
  await Bun.sleep(0);
  expect(done).toEqual(["first"]);
  all.answered(a, 1);
  await Bun.sleep(0);
  expect(done).toEqual(["first", "second"]);
});

test("a thread that is being ended is told nothing, and holds the rings until it has ended", async () => {
  const all = switches();
  const [dying, b] = [new Listener(), new Listener()];
  dying.ready = false;
  dying.ending = true;
  const done: string[] = [];
  note(all.tell(1, null, [dying, b]), "one", done);
  note(all.tell(2, null, [dying]), "two", done);
  all.answered(b, 1);
  await Bun.sleep(0);
  expect(done).toEqual([]);
  all.gone(dying);
  await Bun.sleep(0);
  expect(done.sort()).toEqual(["one", "two"]);
  expect(dying.told).toEqual([]);
});

/** The rings of one epoch, of no media. */
const source = (epoch: number) => ({ epoch, audio: null, video: [] });

test("a reader that begins again is told the present sources, and of no stream that has none", async () => {
  const all = switches();
  const [packager, writer] = [new Listener(), new Listener(false)];
  for (const [stream, epoch] of [
    [1, 1],
    [2, 2],
    [3, 3],
    [1, 4],
  ] as const) {
    note(all.tell(stream, source(epoch), [packager]), "", []);
    all.answered(packager, stream);
  }
  note(all.tell(3, null, [packager]), "", []);
  // Its thread is lost, and changes come before the next has begun.
  packager.ready = false;
  packager.ending = true;
  all.gone(packager);
  packager.ending = false;
  await all.tell(2, source(5), [packager]);
  packager.told.length = 0;
  packager.ready = true;
  for (const worker of [packager, writer]) all.came(worker);
  expect(packager.told).toEqual([
    { type: "source", stream: 1, source: source(4) },
    { type: "source", stream: 2, source: source(5) },
  ]);
  expect(writer.told).toEqual([]);
});

test("the answers of one that has begun again are told apart from those to later changes", async () => {
  const all = switches();
  const packager = new Listener();
  await all.tell(1, source(1), []);
  all.came(packager);
  const done: string[] = [];
  note(all.tell(1, source(2), [packager]), "second", done);
  all.answered(packager, 1);
  await Bun.sleep(0);
  // That was to the first: what it held of it is still read.
  expect(done).toEqual([]);
  all.answered(packager, 1);
  await Bun.sleep(0);
  expect(done).toEqual(["second"]);
});

test("without readers a switch is over at once", async () => {
  await switches().tell(1, null, []);
});

test("a ring goes to nobody else while a packager still reads it", async () => {
  const pool = new RingPool(1e9, () => {});
  const plane = {
    takeRing: (kind, writer) => ({ ...pool.take(kind)!, writer }),
    returnRing: (ring) => pool.give(ring),
  } as Pick<MediaPlane, "takeRing" | "returnRing"> as MediaPlane;
  const lease = RingLease.take(plane, [audioSection()], 0)!;
  const [ring] = lease.rings.flat();
  lease.lend();
  const all = switches();
  const [egress, packager] = [new Listener(), new Listener()];
  const reader = new RingReader(ring!.buffer, 1);
  reader.want(true);
  const switched = all.tell(3, null, [egress, packager]).then(() => lease.readersGone());
  lease.writerGone();
  all.answered(egress, 3);
  await Bun.sleep(0);
  expect(pool.ringsInUse).toBe(1);
  expect(pool.take("audio")!.index).not.toBe(ring!.index);
  reader.want(false);
  all.answered(packager, 3);
  await switched;
  expect(pool.take("audio")!.index).toBe(ring!.index);
});
