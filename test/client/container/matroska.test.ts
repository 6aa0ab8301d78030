import { expect, test } from "bun:test";
import { readMatroskaTracks } from "../../../src/client/container/matroska.ts";
import { fuzz } from "../../support/fuzz.ts";
import { fromHex } from "../../support/hex.ts";

/** An element whose size takes `sizeBytes`; all ones where `unknown`. */
function element(id: string, content: string, sizeBytes = 1, unknown = false): string {
  const marker = 1n << BigInt(7 * sizeBytes);
  const size = unknown ? marker - 1n : BigInt(content.length / 2);
  return `${id}${(marker | size).toString(16).padStart(2 * sizeBytes, "0")}${content}`;
}

const text = (value: string) => Buffer.from(value).toString("hex");
const ENTRY = `${element("d7", "02")}${element("86", text("V_AV1"))}${element("63a2", "81000c00")}`;
const read = (hex: string) => readMatroskaTracks(new Blob([Uint8Array.from(fromHex(hex))]));

test("sizes of every length, and segments of unknown size as live recorders write them", async () => {
  for (let bytes = 1; bytes <= 8; bytes += 1) {
    for (const unknown of [false, true]) {
      const tracks = element("1654ae6b", element("ae", ENTRY, bytes), bytes);
      const file =
        element("1a45dfa3", "4286") + element("18538067", element("ec", "00") + tracks, 8, unknown);
      expect(await read(file)).toEqual([
        {
          id: 2,
          format: "V_AV1",
          configuration: fromHex("81000c00"),
          encrypted: false,
          descriptions: 1,
          edits: 1,
        },
      ]);
    }
  }
});

test("encrypted tracks are told", async () => {
  const encodings = element("6d80", element("6240", element("5035", "47e10105")));
  const tracks = element("1654ae6b", element("ae", ENTRY + encodings));
  expect((await read(element("18538067", tracks)))?.[0]?.encrypted).toBe(true);
});

test("without a list of tracks in front of the first cluster there is none", async () => {
  expect(await read(element("18538067", element("1f43b675", "00")))).toBeNull();
  expect(await read("")).toBeNull();
});

test("no input makes it throw", async () => {
  const sample = fromHex(element("18538067", element("1654ae6b", element("ae", ENTRY))));
  const results: Promise<unknown>[] = [];
  fuzz(0xeb, [sample], (bytes, offset, length) => {
    if (results.length < 2_000)
      results.push(readMatroskaTracks(new Blob([bytes.slice(offset, offset + length)])));
  });
  await Promise.all(results);
});
