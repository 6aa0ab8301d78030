/** The page of the protocol: its vectors both ways, and its numbers. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { decode } from "@msgpack/msgpack";
import { associationOf, Keyring, LinkEnd, proofOf } from "../../../src/cascade/keyring.ts";
import { LINK_PAYLOAD_MAX, LINK_PAYLOAD_MIN } from "../../../src/cascade/path-size.ts";
import { DataFrame, readData } from "../../../src/wire/cascade/data.ts";
import { decodeElements, encodeElements } from "../../../src/wire/cascade/elements.ts";
import {
  Frame,
  Message,
  PATH_NODES_MAX,
  PROTOCOL_MAX,
  PROTOCOL_MIN,
  STREAM_RINGS_MAX,
} from "../../../src/wire/cascade/kinds.ts";
import { PIECE_BYTES_MAX } from "../../../src/wire/cascade/ordered.ts";
import { readLinkIndex, writeLinkHeader } from "../../../src/wire/link-header.ts";
import { fromHex } from "../../support/hex.ts";
import { dataBytes, dataOf } from "./data-frames.ts";
import { DATA_VECTOR, VECTORS } from "./vectors.ts";

const PAGE = readFileSync(
  new URL("../../../src/wire/cascade/PROTOCOL.md", import.meta.url),
  "utf8",
);

/** By name: the digits of a block of vectors. */
function digits(block: string): Map<string, string> {
  const text = new RegExp(`\`\`\`${block}\n([\\s\\S]*?)\`\`\``).exec(PAGE)![1]!;
  // A line that is indented goes on from the one above.
  const lines = text.replaceAll(/\n +/g, "").split("\n");
  return new Map(
    lines.filter((line) => line !== "").map((line) => line.split(/ +/, 2) as [string, string]),
  );
}

/** Numbers of frames in the page's tables: `| 5 | HEADS | ...`. */
const NUMBERED = new Map(
  [...PAGE.matchAll(/^\| (\d+) \| ([A-Z?]+) \|/gm)].map((row) => [row[2]!, Number(row[1])]),
);

test("every frame and message stands on the page with its number, and has a vector", () => {
  const numbers = [...Object.values(Frame), ...Object.values(Message)];
  expect([...NUMBERED.values()].toSorted((a, b) => a - b)).toEqual(
    numbers.toSorted((a, b) => a - b),
  );
  const vectors = digits("vectors");
  expect([...vectors.keys()].toSorted()).toEqual([...NUMBERED.keys()].toSorted());
  expect(Object.keys(VECTORS).toSorted()).toEqual(
    [...NUMBERED.keys()].filter((name) => name !== "DATA").toSorted(),
  );
});

test("each is written as its vector, and its vector is read as that", () => {
  const vectors = digits("vectors");
  for (const [name, { written, read, value }] of Object.entries(VECTORS)) {
    const hex = vectors.get(name)!;
    expect([name, encodeElements(written).toHex()]).toEqual([name, hex]);
    const elements = decodeElements(fromHex(hex))!;
    expect([name, elements.uint()]).toEqual([name, NUMBERED.get(name)!]);
    expect([name, read(elements)]).toEqual([name, value]);
  }
});

test("so is DATA, in place, and a library reads it as well", () => {
  const hex = digits("vectors").get("DATA")!;
  expect(dataBytes(DATA_VECTOR).toHex()).toBe(hex);
  const bytes = fromHex(hex);
  const frame = new DataFrame();
  expect(readData(bytes, 0, bytes.length, frame)).toBe(bytes.length);
  expect(dataOf(frame, bytes)).toEqual(DATA_VECTOR);
  expect((decode(bytes) as unknown[])[0]).toBe(NUMBERED.get("DATA")!);
});

test("keys, proofs and the header of a datagram are as on the page", () => {
  const vectors = digits("keys");
  const { first } = new Keyring("spillway", [new Uint8Array(32).fill(1)]);
  const exported = new Uint8Array(32).fill(2);
  const node = new Uint8Array(16).fill(3);
  expect(first.kid).toBe(vectors.get("kid")!);
  expect(first.knock.toHex()).toBe(vectors.get("knock")!);
  expect(first.proof.toHex()).toBe(vectors.get("proof")!);
  for (const end of ["caller", "callee"] as const) {
    const proof = proofOf(first, exported, LinkEnd[end], node);
    expect(proof.toHex()).toBe(vectors.get(end)!);
  }
  expect(associationOf(exported).toHex()).toBe(vectors.get("rekey")!);
  const header = fromHex(vectors.get("header")!);
  const out = new Uint8Array(12);
  writeLinkHeader(out, 0, 0x1234_5678_9abc);
  expect(out.toHex()).toBe(header.toHex());
  expect(readLinkIndex(header, 0, header.length)).toBe(0x1234_5678_9abc);
});

test("the numbers of the page are those of the code", () => {
  const says = (text: string) => expect(PAGE).toContain(text);
  says(`versions ${PROTOCOL_MIN} to ${PROTOCOL_MAX}`);
  says(`at most ${LINK_PAYLOAD_MIN.toLocaleString("en")} bytes of frames`);
  says(`${LINK_PAYLOAD_MAX.toLocaleString("en")} bytes of frames, each at the answer`);
  says(`${PIECE_BYTES_MAX.toLocaleString("en")} bytes a piece`);
  says(`at most ${PATH_NODES_MAX} nodes`);
  says(`at most ${STREAM_RINGS_MAX} rings`);
});
