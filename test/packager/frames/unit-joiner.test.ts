import { expect, test } from "bun:test";
import { UnitJoiner, UnitVerdict } from "../../../src/packager/frames/unit-joiner.ts";
import { Codec } from "../../../src/wire/codecs.ts";
import { joinUnits } from "../../../src/wire/frame-units.ts";
import { H265_LAYOUT } from "../../../src/wire/h265.ts";
import { Packetizer } from "../../../src/wire/packetize.ts";
import { fromHex } from "../../support/hex.ts";
import { seeded } from "../../support/random.ts";

test("units of H.265, whose headers have two bytes, come back out of their packets", () => {
  const random = seeded(265);
  const types: number[] = [];
  const joiner = new UnitJoiner(H265_LAYOUT, (type) => {
    types.push(type);
    return type === 33 ? UnitVerdict.omit : UnitVerdict.keep;
  });
  const picture = (bytes: number) => {
    const unit = Uint8Array.from({ length: bytes }, () => Math.floor(random() * 256));
    unit.set(fromHex("2603"));
    return unit;
  };
  for (const size of [3, 150, 198, 199, 200, 5000]) {
    const units = [fromHex("40010c01"), fromHex("420101016000"), picture(size), picture(400)];
    const kept = units.filter((unit) => unit[0] !== 0x42);
    new Packetizer(Codec.h265, 200, 0).packetize(joinUnits(units), (payload, length) => {
      expect(joiner.push(payload.subarray(0, length))).toBe(true);
    });
    expect(joiner.frame.take().toHex()).toBe(joinUnits(kept).toHex());
    expect([joiner.open, types.splice(0)]).toEqual([false, [32, 33, 19, 19]]);
  }
});
