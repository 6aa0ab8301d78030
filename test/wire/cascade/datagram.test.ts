import { expect, test } from "bun:test";
import { encode } from "@msgpack/msgpack";
import { DataFrame } from "../../../src/wire/cascade/data.ts";
import { readDatagram } from "../../../src/wire/cascade/datagram.ts";
import { encodeElements } from "../../../src/wire/cascade/elements.ts";
import { writePing } from "../../../src/wire/cascade/ping.ts";
import { join } from "../../fuzz/dice.ts";
import { fuzz } from "../../support/fuzz.ts";
import { dataBytes } from "./data-frames.ts";

const PING = encodeElements(writePing(9));

/** The frames of a datagram: a DATA's payload, or the type of another; `ok`: all of it was frames. */
function read(datagram: Uint8Array): { ok: boolean; frames: (number | number[])[] } {
  const bytes = join(new Uint8Array(5), datagram, new Uint8Array(5));
  const frames: (number | number[])[] = [];
  const ok = readDatagram(bytes, 5, 5 + datagram.length, new DataFrame(), {
    data: (frame, all) => {
      const { payloadOffset, payloadLength } = frame;
      frames.push([...all.subarray(payloadOffset, payloadOffset + payloadLength)]);
    },
    frame: (type) => frames.push(type),
  });
  return { ok, frames };
}

test("media first, then all else, each in its order", () => {
  const first = dataBytes({ payload: Uint8Array.of(1) });
  const second = dataBytes({ payload: Uint8Array.of(2) });
  const other = encodeElements([200, "of a later version"]);
  const all = join(first, second, PING, other);
  expect(read(all)).toEqual({ ok: true, frames: [[1], [2], 3, 200] });
  expect(read(first)).toEqual({ ok: true, frames: [[1]] });
  expect(read(PING)).toEqual({ ok: true, frames: [3] });
  expect(read(new Uint8Array(0))).toEqual({ ok: true, frames: [] });
});

test("what stands before something that is no frame counts", () => {
  const data = dataBytes({ payload: Uint8Array.of(1) });
  const nothing = [
    encode(7),
    encode([]),
    encode(["3"]),
    encode([256]),
    encode([-1]),
    encode({ 0: 3 }),
    Uint8Array.of(0xc1),
    data.subarray(0, data.length - 1),
    Uint8Array.of(0xdc, 0xff, 0xff),
  ];
  for (const none of nothing) {
    expect(read(join(data, PING, none))).toEqual({ ok: false, frames: [[1], 3] });
    expect(read(join(data, none)).frames).toEqual([[1]]);
    expect(read(join(data, none)).ok).toBeFalse();
  }
});

test("fuzz: bytes of any kind are read to an end", () => {
  const samples = [dataBytes(), join(dataBytes(), PING), PING, encodeElements([16, 1, [[[1]]]])];
  const sink = { data: () => {}, frame: () => {} };
  fuzz(11, samples, (bytes, offset, length) => {
    readDatagram(bytes, offset, offset + length, new DataFrame(), sink);
  });
});
