import { expect, test } from "bun:test";
import { LINK_PAYLOAD_MAX, LINK_PAYLOAD_MIN } from "../../src/cascade/path-size.ts";
import { Staging } from "../../src/feed/staging.ts";
import { PAYLOAD_BYTES_MAX } from "../../src/limits.ts";
import { DataWriter } from "../../src/relay/data-writer.ts";
import { LinkOutput, SPLIT_FRAME_MAX } from "../../src/relay/link-output.ts";
import { RingReader } from "../../src/ring/reader.ts";
import { RingWriter } from "../../src/ring/writer.ts";
import { DATA_OVERHEAD, DataFrame } from "../../src/wire/cascade/data.ts";
import { readDatagram } from "../../src/wire/cascade/datagram.ts";
import { encodeElements } from "../../src/wire/cascade/elements.ts";
import { Halves, readHalf } from "../../src/wire/cascade/half.ts";
import { Frame } from "../../src/wire/cascade/kinds.ts";
import { encodePaddedPing, writePing } from "../../src/wire/cascade/ping.ts";
import { allocate, counters, grantOf, Port, READER, writePacket } from "./slots.ts";

const PING = encodeElements(writePing(1));

/** A ring of packets of this length, an output and what writes one to the other. */
class Ground {
  readonly port = new Port();
  readonly output = new LinkOutput(this.port);
  readonly writer = new DataWriter(this.output, counters());
  readonly #staging = new Staging(allocate(Staging.bytes(1)), 1);

  send(length: number, sequence = 7): number {
    this.#stage(length, sequence);
    return this.writer.send(2, 1, this.#staging, 0, 5_000);
  }

  repeat(length: number, sequence = 7): number {
    this.#stage(length, sequence);
    return this.writer.repeat(2, 1, this.#staging, 0, 5_000);
  }

  #stage(length: number, sequence: number): void {
    const { buffer } = grantOf("video");
    writePacket(new RingWriter(buffer), sequence, 1_000, 0, length);
    this.#staging.clear();
    this.#staging.load(new RingReader(buffer, READER), sequence);
  }

  /** The frames that left: of media its sequence and length. */
  read(): string[] {
    const frames: string[] = [];
    const halves = new Halves();
    const scratch = new DataFrame();
    const note = (frame: DataFrame): void => {
      frames.push(`data ${frame.sequence} ${frame.payloadLength} ${frame.ageUs}`);
    };
    for (const bytes of this.port.sent) {
      expect(bytes.length).toBeLessThanOrEqual(LINK_PAYLOAD_MAX);
      const ok = readDatagram(bytes, 0, bytes.length, scratch, {
        data: note,
        frame: (type, elements) => {
          if (type !== Frame.half) frames.push(`frame ${type}`);
          else if (halves.join(readHalf(elements)!, scratch) !== null) note(scratch);
        },
      });
      expect(ok).toBeTrue();
    }
    return frames;
  }
}

test("as many frames as fit go into one datagram, at the end of a turn", () => {
  const ground = new Ground();
  for (let i = 0; i < 3; i += 1) ground.send(300, i);
  ground.output.frame(PING);
  expect(ground.port.sent).toHaveLength(0);
  expect(ground.output.flush()).toBeTrue();
  expect(ground.port.sent).toHaveLength(1);
  expect(ground.read()).toEqual([
    "data 0 300 4000",
    "data 1 300 4000",
    "data 2 300 4000",
    "frame 3",
  ]);
  ground.output.flush();
  expect(ground.port.sent).toHaveLength(1);
});

test("media behind other frames is read as media", () => {
  const ground = new Ground();
  ground.output.frame(PING);
  ground.send(100, 1);
  ground.output.frame(PING);
  ground.send(100, 2);
  ground.output.flush();
  expect(ground.read().toSorted()).toEqual([
    "data 1 100 4000",
    "data 2 100 4000",
    "frame 3",
    "frame 3",
  ]);
});

test("a packet of any length that a slot has arrives, the longest in two halves", () => {
  expect(PAYLOAD_BYTES_MAX + DATA_OVERHEAD + 128).toBeLessThan(SPLIT_FRAME_MAX);
  const edge = LINK_PAYLOAD_MIN - DATA_OVERHEAD;
  for (const length of [0, 1, edge - 1, edge, edge + 1, PAYLOAD_BYTES_MAX]) {
    const ground = new Ground();
    ground.output.frame(PING);
    ground.send(length);
    ground.output.frame(PING);
    ground.output.flush();
    expect(ground.read().toSorted()).toEqual([`data 7 ${length} 4000`, "frame 3", "frame 3"]);
  }
});

test("cascade-mtu: what the path takes leaves whole, and again in halves, each in a datagram of its own", () => {
  const ground = new Ground();
  const length = LINK_PAYLOAD_MAX - DATA_OVERHEAD;
  let doubts = 0;
  ground.output.size = { bytes: LINK_PAYLOAD_MAX, used: false, doubt: () => (doubts += 1) };
  ground.send(length);
  ground.output.flush();
  expect(ground.port.sent.map((bytes) => bytes.length)).toEqual([LINK_PAYLOAD_MAX]);
  expect([ground.output.size.used, doubts]).toEqual([true, 0]);
  ground.repeat(length);
  ground.output.frame(PING);
  ground.output.flush();
  for (const { length: sent } of ground.port.sent.slice(1)) expect(sent).toBeLessThan(800);
  expect(ground.port.sent).toHaveLength(4);
  expect(doubts).toBe(1);
  expect(ground.read()).toEqual([`data 7 ${length} 4000`, `data 7 ${length} 4000`, "frame 3"]);
});

test("cascade-mtu: a probe has a datagram to itself, however long", () => {
  const ground = new Ground();
  for (const bytes of [LINK_PAYLOAD_MIN, LINK_PAYLOAD_MAX]) {
    ground.output.frame(PING);
    ground.output.frame(encodePaddedPing(1, bytes));
    ground.output.frame(PING);
  }
  ground.output.flush();
  const lengths = ground.port.sent.map((bytes) => bytes.length);
  const [short, both] = [PING.length, 2 * PING.length];
  expect(lengths).toEqual([short, LINK_PAYLOAD_MIN, both, LINK_PAYLOAD_MAX, short]);
});

test("while the output is full media comes again and other frames wait, in their order", () => {
  const ground = new Ground();
  ground.port.room = 1;
  expect(ground.send(1000, 1)).toBeGreaterThan(0);
  expect(ground.send(1000, 2)).toBeGreaterThan(0);
  expect(ground.send(1000, 3)).toBe(-1);
  expect(ground.send(PAYLOAD_BYTES_MAX, 4)).toBe(-1);
  for (const type of [90, 91]) ground.output.frame(encodeElements([type, "x".repeat(400)]));
  expect(ground.output.flush()).toBeFalse();
  ground.port.room = Number.POSITIVE_INFINITY;
  expect(ground.send(1000, 3)).toBeGreaterThan(0);
  expect(ground.output.flush()).toBeTrue();
  const frames = ground.read();
  expect(frames.filter((frame) => frame.startsWith("data"))).toEqual([
    "data 1 1000 4000",
    "data 2 1000 4000",
    "data 3 1000 4000",
  ]);
  expect(frames.filter((frame) => frame.startsWith("frame"))).toEqual(["frame 90", "frame 91"]);
});

test("cascade-rekey: from one port to the next, what waits leaves by the other, and nothing by the first", () => {
  const ground = new Ground();
  ground.send(300, 1);
  ground.output.frame(PING);
  const next = new Port();
  ground.output.use(next);
  ground.output.flush();
  expect(ground.port.sent).toHaveLength(0);
  ground.port.sent.push(...next.sent);
  expect(ground.read()).toEqual(["data 1 300 4000", "frame 3"]);
});

test("what waits has an end: then frames are lost, as on any path", () => {
  const ground = new Ground();
  ground.port.room = 0;
  const frame = encodeElements([90, "x".repeat(1_300)]);
  for (let i = 0; i < 2_000; i += 1) ground.output.frame(frame);
  ground.port.room = Number.POSITIVE_INFINITY;
  expect(ground.output.flush()).toBeTrue();
  expect(ground.port.sent.length).toBeGreaterThan(200);
  expect(ground.port.sent.length).toBeLessThan(300);
});
