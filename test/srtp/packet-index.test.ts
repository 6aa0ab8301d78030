import { expect, test } from "bun:test";
import { estimateIndex } from "../../src/srtp/packet-index.ts";

test("RFC 3711 3.3.1: the index is the nearest one", () => {
  for (const highest of [0, 1, 32_767, 32_768, 65_535, 65_536, 10 * 65_536 + 40_000]) {
    for (let distance = -32_767; distance <= 32_767; distance += 317) {
      const index = highest + distance;
      if (index >= 0) expect(estimateIndex(highest, index & 0xffff)).toBe(index);
    }
  }
});
