/** What the hex digits in PROTOCOL.md say, and the functions that write and read it. */
import { readAnswer, readAsk, writeAnswer, writeAsk } from "../../../src/wire/cascade/ask.ts";
import * as cut from "../../../src/wire/cascade/cut.ts";
import { type CutBody, encodeCuts } from "../../../src/wire/cascade/cut-body.ts";
import type { Elements } from "../../../src/wire/cascade/elements.ts";
import { readHalf, writeHalf } from "../../../src/wire/cascade/half.ts";
import { type Hello, readHello, writeHello } from "../../../src/wire/cascade/hello.ts";
import {
  type Name,
  readName,
  readUnname,
  writeName,
  writeUnname,
} from "../../../src/wire/cascade/name.ts";
import * as node from "../../../src/wire/cascade/node.ts";
import * as ordered from "../../../src/wire/cascade/ordered.ts";
import * as ping from "../../../src/wire/cascade/ping.ts";
import * as rekey from "../../../src/wire/cascade/rekey.ts";
import * as remark from "../../../src/wire/cascade/remark.ts";
import * as ring from "../../../src/wire/cascade/ring.ts";
import { readRole, writeRole } from "../../../src/wire/cascade/role.ts";
import * as sub from "../../../src/wire/cascade/subscription.ts";
import {
  readNowhere,
  readWhere,
  writeNowhere,
  writeWhere,
} from "../../../src/wire/cascade/where.ts";
import * as wish from "../../../src/wire/cascade/wish.ts";
import { Codec } from "../../../src/wire/codecs.ts";

/** A frame or message but DATA. */
interface Vector {
  readonly written: readonly unknown[];
  readonly read: (elements: Elements) => unknown;
  readonly value: unknown;
}

const A = Uint8Array.from({ length: 16 }, (_, i) => i);
const B = Uint8Array.from({ length: 16 }, (_, i) => 0xb0 + i);
const KEY = { name: "cam", epoch: 3, owner: A };

const HELLO: Hello = {
  protocolMin: 1,
  protocolMax: 1,
  kid: "AbCd+/09",
  node: A,
  boot: 305_419_896,
  proof: new Uint8Array(32).fill(0x5a),
  cluster: "spillway",
  names: "mesh",
  role: "edge",
  region: "eu",
  version: "1.0.0",
  url: "",
  addresses: ["10.0.0.1:8300"],
  accepts: ["AbCd+/09"],
  cores: 3,
  told: true,
};

const NAME: Name = {
  ...KEY,
  relayed: false,
  tracks: [
    { kind: "audio", rid: null, codec: "opus", fmtp: "useinbandfec=1", channels: 2 },
    { kind: "video", rid: "h", codec: "vp8", fmtp: "", channels: 0 },
  ],
};

/** A vector of what one pair of functions writes and reads. */
function of<Value>(
  value: Value,
  write: (value: Value) => readonly unknown[],
  read: (elements: Elements) => Value | null,
): Vector {
  return { written: write(value), read, value };
}

const { writeFigures, readFigures } = ring;
const KEYFRAME = { alias: 7, ring: 1, reason: "join" } as const;
const FIGURES = {
  alias: 7,
  ring: 1,
  points: [{ point: 8, bitrate: 250_000, ageUs: 33_000 }],
  sizes: [0, 0x0280_0168, 0, 0],
  size: 0x0280_0168,
  hasKeyframe: true,
  ignoresPli: false,
};
const TOLD = {
  alias: 7,
  ring: 1,
  codec: Codec.vp8,
  clockRate: 90_000,
  fmtp: "",
  rid: "h",
  targetsVersion: 0,
  targets: new Uint8Array(0),
};
const SUB = {
  ...KEY,
  alias: 7,
  wanted: 3,
  mode: "live" as const,
  have: [null, -1],
  path: [],
  spare: true,
};
const REFUSE = {
  alias: 7,
  reason: "full" as const,
  alternates: [{ node: B, addresses: ["10.0.0.2:8300"] }],
  retryMs: 250,
};
const CORES = {
  cores: [{ node: B, addresses: ["10.0.0.2:8300"], region: "eu", roundTripUs: 11_500 }],
  more: false,
};
const UPDATE = { alias: 7, wanted: 1, mode: "warm" as const, have: [null, 70_000], spare: false };
const FILL = { alias: 7, ring: 1, stretches: [{ from: 70_000, count: 2 }], number: 700 };

const EDITION = A.toHex();
/** A segment that begins, with a keyframe and one more picture, and three packets of sound. */
export const CUT_BODY: CutBody = {
  ...{ partUs: 500_000, targetUs: 3_000_000, zeroUs: 1_700_000_000_000_000, rendition: 1 },
  marks: [
    {
      ...{ type: "segment", msn: 5, init: 0, era: 1, startUs: 30_000_000 },
      ...{ wallUs: 1_700_000_030_000_000, first: 0xffff_f000 },
      ...{ independent: true, gap: false, pictures: true, sound: true },
    },
    {
      ...{ type: "part", number: 20, startUs: 30_000_000, endUs: 30_500_000 },
      pictures: {
        time: 2_700_000,
        samples: [
          { timestamp: 0xffff_f000, duration: 3_000, key: true },
          { timestamp: 0x0000_0bb8, duration: 42_000, key: false },
        ],
      },
      sound: {
        time: 1_440_000,
        samples: [
          { timestamp: 960, duration: 960, key: true },
          { timestamp: 1_920, duration: 960, key: true },
          { timestamp: null, duration: 960, key: true },
        ],
      },
    },
    { type: "segment-end" },
  ],
};

/** By the name that stands in front of the digits. */
export const VECTORS: Readonly<Record<string, Vector>> = {
  ORDERED: of(
    { number: 70_000, more: false, piece: Uint8Array.of(0x92, 0x22, 0) },
    ordered.writeOrdered,
    ordered.readOrdered,
  ),
  ACK: of(70_001, ordered.writeAcknowledge, ordered.readAcknowledge),
  PING: of(1_234_567, ping.writePing, ping.readPing),
  PONG: of(
    { at: 1_234_567, heldUs: 80, load: 51, lagUs: 400, filled: 102, clockUs: 2_000_000 },
    ping.writePong,
    ping.readPong,
  ),
  HEADS: of(
    { alias: 7, heads: [null, -2], rootAgeUs: 5_000, left: 2, withheld: 1, began: [9, null] },
    ring.writeHeads,
    ring.readHeads,
  ),
  KEY: of(KEYFRAME, wish.writeKeyframeWish, wish.readKeyframeWish),
  FILL: of(FILL, wish.writeFill, wish.readFill),
  LAYERS: of(FIGURES, writeFigures, readFigures),
  TIME: of(
    { alias: 7, ring: 1, rtp: 90_000, ntpUs: 3_900_000_000_000_000, ageUs: 20_000 },
    ring.writeTiming,
    ring.readTiming,
  ),
  HALF: of({ number: 2, second: true, bytes: Uint8Array.of(1, 2, 3) }, writeHalf, readHalf),
  HELLO: of(HELLO, writeHello, readHello),
  CORES: of(CORES, node.writeCores, node.readCores),
  NAME: of(NAME, writeName, readName),
  UNNAME: of(KEY, writeUnname, readUnname),
  SUB: of(SUB, sub.writeSubscribe, sub.readSubscribe),
  OK: of({ alias: 7, path: [A], heads: [null, 69_999] }, sub.writeAccept, sub.readAccept),
  REFUSE: of(REFUSE, sub.writeRefuse, sub.readRefuse),
  NOTREADY: of(7, sub.writeNotReady, sub.readAlias),
  UPD: of(UPDATE, sub.writeUpdate, sub.readUpdate),
  UNSUB: of(7, sub.writeUnsubscribe, sub.readAlias),
  PATH: of({ alias: 7, path: [A, B] }, sub.writePath, sub.readPathMessage),
  RING: of(TOLD, ring.writeRing, ring.readRing),
  PSETS: of(
    { alias: 7, ring: 1, payload: Uint8Array.of(0x67, 0x42) },
    ring.writeParameterSets,
    ring.readParameterSets,
  ),
  "OWN?": of({ nonce: 9, name: "cam", withinMs: 200 }, node.writeOwnQuestion, node.readOwnQuestion),
  OWN: of({ nonce: 9, alive: true }, node.writeOwn, node.readOwn),
  "WHERE?": of("cam", writeWhere, readWhere),
  NOWHERE: of({ name: "cam", epoch: 3 }, writeNowhere, readNowhere),
  DRAIN: of(5_000, node.writeDrain, node.readDrain),
  CLOSE: of("stopping", node.writeClose, node.readClose),
  ROLE: of("edge", writeRole, readRole),
  REKEY: of(A, rekey.writeRekey, rekey.readRekey),
  ASK: of(
    { asker: A, nonce: 9, to: new Uint8Array(0), question: Uint8Array.of(0x7b, 0x7d) },
    writeAsk,
    readAsk,
  ),
  ANSWER: of(
    {
      ...{ asker: A, nonce: 9, node: B, number: 1, more: true },
      ...{ asked: [A], part: Uint8Array.of(0x5b, 0x5d) },
    },
    writeAnswer,
    readAnswer,
  ),
  "CUT?": of(
    { alias: 7, wanted: true, last: { edition: EDITION, number: 41 } },
    cut.writeCutWish,
    cut.readCutWish,
  ),
  CUT: of(
    { alias: 7, edition: EDITION, number: 42, body: encodeCuts(CUT_BODY)[0]! },
    cut.writeCut,
    cut.readCut,
  ),
  "EVENTS?": of(
    { alias: 7, since: 1_790_000_000_000 },
    remark.writeRemarksWish,
    remark.readRemarksWish,
  ),
  EVENT: of(
    { alias: 7, remarks: [{ id: 1_790_000_000_001, json: Uint8Array.of(0x7b, 0x7d) }] },
    remark.writeRemarks,
    remark.readRemarks,
  ),
};

/** What the vector of DATA says. */
export const DATA_VECTOR = {
  alias: 7,
  ring: 1,
  codec: Codec.vp8,
  sequence: -1,
  ageUs: 12_000,
  flags: 0x16,
  timestamp: 90_000,
  description: new Uint8Array(0),
  extensions: Uint8Array.of(4, 1, 9),
  payload: Uint8Array.of(0x90, 0x80, 0x11),
};
