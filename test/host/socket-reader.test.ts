import { expect, test } from "bun:test";
import { type DatagramHandler, SocketReader } from "../../src/host/socket-reader.ts";
import { RECEIVE_BATCH } from "../../src/limits.ts";

/** A worker with two sockets that hold so many datagrams. */
function worker(
  waiting: number[],
  handle: (socket: number, i: number) => boolean = () => true,
  clock = () => 0,
) {
  const handled: string[] = [];
  const faults: string[] = [];
  const handler: DatagramHandler = {
    handleDatagram: (socket, i) => {
      handled.push(`${socket}:${i}`);
      return handle(socket, i);
    },
    datagramFault: (error) => faults.push(String(error)),
    batchEnds: () => {},
  };
  const receive = (socket: number) => {
    const count = Math.min(RECEIVE_BATCH, waiting[socket]!);
    waiting[socket]! -= count;
    return count;
  };
  return { reader: new SocketReader({ receive }, [0, 1], handler, clock), handled, faults };
}

/** So far behind the clock that no budget of reading is used up. */
const NEVER = 1e15;

test("C1: no timer runs while a socket may hold what it waits for, for a second at most", () => {
  const waiting = [5 * RECEIVE_BATCH, 3];
  const { reader } = worker(waiting);
  expect(reader.timersMayRun(NEVER)).toBe(true);
  reader.read(0b11, NEVER, false);
  expect(waiting).toEqual([RECEIVE_BATCH, 0]);
  expect(reader.timersMayRun(NEVER)).toBe(false);
  reader.read(0b01, NEVER + 5_000, false);
  expect(waiting).toEqual([0, 0]);
  // The last batch was full, so there might have been more.
  reader.read(0b01, NEVER + 10_000, false);
  expect(reader.timersMayRun(NEVER + 10_000)).toBe(true);
  waiting[0] = 1e6;
  for (let at = NEVER; at < NEVER + 1_000_000; at += 100_000) {
    reader.read(0b01, at, false);
    expect(reader.timersMayRun(at)).toBe(false);
  }
  reader.read(0b01, NEVER + 1_000_000, false);
  expect(reader.timersMayRun(NEVER + 1_000_000)).toBe(true);
});

test("C1: a batch that the time did not suffice for is unread, and goes on where it stood", () => {
  // A budget that is over before the first datagram that is no media.
  const { reader, handled } = worker(
    [3, 0],
    () => false,
    () => 1e6,
  );
  reader.read(0b01, 0, false);
  expect([reader.done, reader.timersMayRun(0)]).toEqual([false, false]);
  reader.read(0b00, 0, false);
  reader.read(0b00, 0, false);
  expect(handled).toEqual(["0:0", "0:1", "0:2"]);
  expect([reader.done, reader.timersMayRun(0)]).toEqual([true, true]);
});

test("S2: a datagram that makes its handler throw is passed over, and the others are handled", () => {
  const { reader, handled, faults } = worker([4, 0], (_socket, i) => {
    if (i === 1 || i === 3) throw new Error(`datagram ${i}`);
    return true;
  });
  reader.read(0b01, NEVER, false);
  expect(handled).toEqual(["0:0", "0:1", "0:2", "0:3"]);
  expect(faults).toEqual(["Error: datagram 1", "Error: datagram 3"]);
  expect([reader.done, reader.timersMayRun(NEVER)]).toEqual([true, true]);
});

test("C10: live media that is late leaves handshakes half the time", () => {
  const steps = (late: boolean): number => {
    let now = 0;
    const { reader, handled } = worker(
      [RECEIVE_BATCH, 0],
      () => {
        now += 250;
        return false;
      },
      () => now,
    );
    reader.read(0b01, 0, late);
    return handled.length;
  };
  expect([steps(false), steps(true)]).toEqual([8, 4]);
});
