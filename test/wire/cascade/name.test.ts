import { expect, test } from "bun:test";
import {
  type Name,
  type NamedTrack,
  readName,
  readUnname,
  writeName,
  writeUnname,
} from "../../../src/wire/cascade/name.ts";
import { checkFrame, NODE, overWire } from "./frames.ts";

const AUDIO: NamedTrack = {
  kind: "audio",
  rid: null,
  codec: "opus",
  fmtp: "minptime=10",
  channels: 2,
};
const VIDEO: NamedTrack = { kind: "video", rid: "h", codec: "h264", fmtp: "profile", channels: 0 };
const NAME: Name = { name: "a/b", epoch: 7, owner: NODE, relayed: true, tracks: [AUDIO, VIDEO] };

test("NAME and UNNAME come back as they were written", () => {
  checkFrame(writeName(NAME), readName, NAME);
  const alone: Name = { ...NAME, relayed: false, tracks: [{ ...VIDEO, rid: null, codec: "av1" }] };
  checkFrame(writeName(alone), readName, alone);
  const { name, epoch, owner } = NAME;
  checkFrame(writeUnname(NAME), readUnname, { name, epoch, owner });
});

test("the audio is one and first, and each codec is of its kind", () => {
  const wrong: NamedTrack[][] = [
    [],
    [VIDEO, AUDIO],
    [AUDIO, AUDIO],
    [{ ...AUDIO, codec: "vp8" }],
    [{ ...VIDEO, codec: "opus" }],
    [{ ...AUDIO, channels: 9 }],
    [{ ...VIDEO, rid: "x".repeat(65) }],
    [{ ...VIDEO, fmtp: "x".repeat(1025) }],
    new Array(10).fill(VIDEO),
  ];
  for (const tracks of wrong) {
    expect(overWire(writeName({ ...NAME, tracks }), readName)).toBeNull();
  }
});

test("a track without a codec, or with one that nobody knows, is none", () => {
  for (const codec of [0, 7, 15]) {
    const written = writeName(NAME) as unknown[];
    written[5] = [[1, null, codec, "", 0]];
    expect(overWire(written, readName)).toBeNull();
  }
});

test("a name is not empty, nor longer than a stream's, nor is an epoch beyond all", () => {
  for (const each of [{ name: "" }, { name: "x".repeat(201) }, { epoch: 2 ** 31 + 1 }]) {
    expect(overWire(writeName({ ...NAME, ...each }), readName)).toBeNull();
    expect(overWire(writeUnname({ ...NAME, ...each }), readUnname)).toBeNull();
  }
});
