import { describe, expect, test } from "bun:test";
import { FrameWriter } from "../../src/load/frame-writer.ts";
import { Codec, type CodecId } from "../../src/wire/codecs.ts";
import { joinUnits, splitUnits } from "../../src/wire/frame-units.ts";
import { Packetizer } from "../../src/wire/packetize.ts";
import { seeded } from "../support/random.ts";

interface Sent {
  readonly sequence: number;
  readonly frame: number;
  readonly marker: boolean;
  readonly payload: Uint8Array;
}

/** Frames as they come out again; the first is a keyframe. */
function frames(codec: CodecId, count: number, random: () => number): Uint8Array[] {
  const body = (length: number) =>
    Uint8Array.from({ length }, () => 1 + Math.floor(random() * 255));
  return Array.from({ length: count }, (_, index) => {
    const data = body(20 + Math.floor(random() * 3000));
    if (codec === Codec.vp8) {
      data[0] = index === 0 ? 0x10 : 0x11;
      return data;
    }
    const unit = (type: number, rest: Uint8Array) => [0, 0, 0, 1, 0x60 | type, ...rest];
    const sets = index === 0 ? [...unit(7, body(10)), ...unit(8, body(4))] : [];
    return Uint8Array.from([...sets, ...unit(index === 0 ? 5 : 1, data)]);
  });
}

function packets(codec: CodecId, all: readonly Uint8Array[]): Sent[] {
  const packetizer = new Packetizer(codec, 500, 7);
  const sent: Sent[] = [];
  for (const [frame, data] of all.entries()) {
    const frameOf = codec === Codec.h264 ? joinUnits(splitUnits(data, 0)!) : data;
    packetizer.packetize(frameOf, (payload, length, marker) =>
      sent.push({ sequence: sent.length, frame, marker, payload: payload.slice(0, length) }),
    );
  }
  return sent;
}

function written(codec: CodecId, sent: readonly Sent[]): Uint8Array[] {
  const out: Uint8Array[] = [];
  const writer = new FrameWriter(codec, (frame) => out.push(Uint8Array.from(frame)));
  for (const { sequence, frame, marker, payload } of sent) {
    const keyframe = frame === 0;
    const number = 70_000 + sequence;
    if (payload.length === 0) writer.skip(number);
    else writer.insert(number, frame * 3000, marker, keyframe, payload, 0, payload.length);
  }
  return out;
}

describe.each([
  ["h264", Codec.h264],
  ["vp8", Codec.vp8],
] as const)("%s", (_name, codec) => {
  const seed = Math.floor(Math.random() * 2 ** 32);

  test("frames come out as they went in, also out of order", () => {
    console.log(`seed ${seed}`);
    const random = seeded(seed);
    const all = frames(codec, 40, random);
    const sent = packets(codec, all);
    expect(written(codec, sent)).toEqual(all);
    // The packet that begins everything stays in front.
    for (let at = 2; at < sent.length; at += 1) {
      const other = Math.max(1, at - Math.floor(random() * 20));
      [sent[at], sent[other]] = [sent[other]!, sent[at]!];
    }
    expect(written(codec, sent)).toEqual(all);
  });

  test("what comes before the first keyframe is left out", () => {
    const all = frames(codec, 3, seeded(seed));
    const sent = packets(codec, all);
    const late = sent.map((packet, index) => ({ ...packet, sequence: index + 5 }));
    const early = { sequence: 4, frame: 9, marker: true, payload: late.at(-1)!.payload };
    expect(written(codec, [early, ...late])).toEqual(all);
  });

  test("a number without media leaves no gap", () => {
    const all = frames(codec, 5, seeded(seed));
    const sent = packets(codec, all);
    const end = sent.findIndex(({ marker }) => marker) + 1;
    const padding = { sequence: end, frame: 0, marker: false, payload: new Uint8Array(0) };
    const later = sent.slice(end).map((packet) => ({ ...packet, sequence: packet.sequence + 1 }));
    expect(written(codec, [...sent.slice(0, end), padding, ...later])).toEqual(all);
  });

  test("frames that may miss a packet are left out, the others are not", () => {
    const all = frames(codec, 400, seeded(seed));
    const sent = packets(codec, all);
    // One of several packets.
    const holed = sent.find((packet) => packet.frame > 5 && !packet.marker)!.frame;
    const ofHoled = sent.filter(({ frame }) => frame === holed);
    const without = (lost: Sent) =>
      written(
        codec,
        sent.filter((packet) => packet !== lost),
      );
    expect(without(ofHoled[0]!)).toEqual(all.filter((_, frame) => frame !== holed));
    // Without the end of one, what is missing may as well have been the next one's beginning.
    expect(without(ofHoled.at(-1)!)).toEqual(
      all.filter((_, frame) => frame !== holed && frame !== holed + 1),
    );
  });
});
