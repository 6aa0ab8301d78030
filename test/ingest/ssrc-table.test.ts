import { describe, expect, test } from "bun:test";
import { Counter } from "../../src/contract/counters.ts";
import { SSRCS_EXTRA_MAX } from "../../src/limits.ts";
import { SlotFlag } from "../../src/ring/layout.ts";
import { EXTENSION_TABLE_LENGTH } from "../../src/wire/extensions.ts";
import {
  AUDIO_TYPE,
  ascii,
  audioSection,
  build,
  MID_ID,
  REPAIRED_RID_ID,
  RID_ID,
  Session,
  section,
  VP8_RTX_TYPE,
  VP8_TYPE,
  vp8,
} from "./harness.ts";

const START = 65_536;
const SIMULCAST = { rids: ["h", "m", "l"] };
const NO_EXTENSIONS = { extensionIds: new Array<number>(EXTENSION_TABLE_LENGTH).fill(0) };

const media = (ssrc: number, sequence: number, extensions: [number, Uint8Array][] = []) =>
  build({ type: VP8_TYPE, ssrc, sequence, extensions });

/** A retransmission of `sequence`, told by its tag byte. */
const rtx = (ssrc: number, sequence: number, extensions: [number, Uint8Array][] = []) => {
  const payload = new Uint8Array([sequence >> 8, sequence, ...vp8(false, 0x77)]);
  return build({ type: VP8_RTX_TYPE, ssrc, sequence: 9999, payload, extensions });
};

const tracks = (session: Session) => session.publisher.stats(0).tracks;
const ssrcs = (session: Session) => tracks(session).map((track) => track.ssrc);

describe("an SSRC is bound", () => {
  test("by its announced SSRC, RTX by the announced pair (FID)", () => {
    const session = new Session([
      audioSection({ ssrcs: [11] }),
      section({ ssrcs: [21], rtxSsrcs: [22], ...NO_EXTENSIONS }),
    ]);
    session.rtp(1, build({ type: AUDIO_TYPE, ssrc: 11, sequence: 5 }));
    session.rtp(2, media(21, 10));
    session.rtp(3, media(21, 12));
    session.rtp(4, rtx(22, 11));
    expect(ssrcs(session)).toEqual([11, 21]);
    expect(session.read(START + 11, 1)!.payload[5]).toBe(0x77);
  });

  test("Firefox: several announced SSRCs, in the order of the layers", () => {
    const session = new Session([
      section({ ...SIMULCAST, ssrcs: [1, 2, 3], rtxSsrcs: [4, 5, 6], ...NO_EXTENSIONS }),
    ]);
    session.rtp(1, media(3, 1));
    session.rtp(2, media(1, 1));
    session.rtp(3, media(3, 3));
    session.rtp(4, rtx(6, 2));
    expect(ssrcs(session)).toEqual([1, 0, 3]);
    expect(session.read(START + 2, 0, 2)).not.toBeNull();
  });

  test("Chrome: MID and RID extensions, RTX by repaired RID, without them from then on", () => {
    const session = new Session([audioSection(), section(SIMULCAST)]);
    const mid: [number, Uint8Array] = [MID_ID, ascii("1")];
    ["h", "m", "l"].forEach((rid, i) => {
      session.rtp(1, media(100 + i, 10, [mid, [RID_ID, ascii(rid)]]));
      session.rtp(2, media(100 + i, 12));
      session.rtp(3, rtx(200 + i, 11, [mid, [REPAIRED_RID_ID, ascii(rid)]]));
    });
    session.rtp(4, build({ type: AUDIO_TYPE, ssrc: 50, sequence: 1 }));
    expect(ssrcs(session)).toEqual([50, 100, 101, 102]);
    expect(tracks(session).map((track) => track.rid)).toEqual([null, "h", "m", "l"]);
    for (const layer of [0, 1, 2]) expect(session.read(START + 11, 1, layer)).not.toBeNull();
  });

  test("FFmpeg: no extensions at all, by payload type", () => {
    const session = new Session([audioSection(NO_EXTENSIONS), section(NO_EXTENSIONS)]);
    session.rtp(1, build({ type: AUDIO_TYPE, ssrc: 5, sequence: 1 }));
    session.rtp(1, media(6, 1));
    session.rtp(2, media(6, 3));
    session.rtp(3, rtx(7, 2));
    expect(ssrcs(session)).toEqual([5, 6]);
    expect(session.read(START + 2, 1)).not.toBeNull();
  });

  test("OBS: MID as id 1 and RID as id 2 although the answer has neither", () => {
    const session = new Session([
      audioSection(NO_EXTENSIONS),
      section({ ...SIMULCAST, ...NO_EXTENSIONS }),
    ]);
    session.rtp(
      1,
      media(8, 1, [
        [1, ascii("1")],
        [2, ascii("m")],
      ]),
    );
    session.rtp(
      1,
      media(9, 1, [
        [1, ascii("1")],
        [2, ascii("l")],
      ]),
    );
    expect(ssrcs(session)).toEqual([0, 0, 8, 9]);
    expect(session.read(START + 1, 1, 1)!.extensions.length).toBe(0);
  });

  test("not at all when nothing says which layer it is", () => {
    const session = new Session([section(SIMULCAST)]);
    session.rtp(1, media(8, 1));
    session.rtp(1, media(8, 1, [[RID_ID, ascii("x")]]));
    session.rtp(
      1,
      media(8, 1, [
        [MID_ID, ascii("9")],
        [RID_ID, ascii("h")],
      ]),
    );
    expect(ssrcs(session)).toEqual([0, 0, 0]);
    expect(session.counters[Counter.malformed]).toBe(3);
  });
});

test("a flood of unknown SSRCs gets no state and disturbs nobody", () => {
  const session = new Session([audioSection(), section({})]);
  session.rtp(0, media(6, 1));
  for (let i = 0; i < 10_000; i += 1) {
    session.rtp(1000 + i, media(1000 + i, i & 0xffff));
    session.rtp(1000 + i, build({ type: 60, ssrc: 100_000 + i, sequence: 1 }));
  }
  session.rtp(20_000, media(6, 2));
  expect(ssrcs(session)).toEqual([0, 6]);
  expect(tracks(session)[1]!.packets).toBe(2);
  // RTX of made-up sources is bounded, too.
  for (let i = 0; i < 100; i += 1) session.rtp(30_000, rtx(5000 + i, 2));
  expect(session.publisher.ssrcCount).toBeLessThanOrEqual(4 + SSRCS_EXTRA_MAX);
});

test("a restarted encoder with a new SSRC goes on in the same ring, with one PLI", () => {
  const session = new Session([section({})]);
  for (let i = 0; i < 10; i += 1) session.rtp(i * 1000, media(6, 60_000 + i));
  session.turn(10_000);
  const before = session.sent.length;
  // While the old source lives, the new one has no place.
  session.rtp(20_000, media(7, 5));
  expect(ssrcs(session)).toEqual([6]);
  session.rtp(400_000, media(7, 6));
  session.rtp(400_000, media(7, 7));
  expect(ssrcs(session)).toEqual([7]);
  const reader = session.readers[0]![0]!;
  expect(reader.head).toBe(START + 60_012);
  expect(session.read(START + 60_010)!.flags & SlotFlag.discontinuity).not.toBe(0);
  expect(session.read(START + 60_011)!.flags & SlotFlag.discontinuity).toBe(0);
  session.turn(400_000);
  const plis = session.sent.slice(before).filter((sent) => sent.type === 206 && sent.format === 1);
  expect(plis.map((sent) => sent.mediaSsrc)).toEqual([7]);
});

describe("house 6.2: an RTX stream repairs its own source alone", () => {
  const NAMED: [number, Uint8Array][] = [[RID_ID, ascii("h")]];
  const REPAIR: [number, Uint8Array][] = [[REPAIRED_RID_ID, ascii("h")]];
  const offers = [
    ["announced", { ssrcs: [21], rtxSsrcs: [22], ...NO_EXTENSIONS }],
    ["named by rid", SIMULCAST],
    ["told by payload type", NO_EXTENSIONS],
  ] as const;

  test.each(offers)("a late one of a former source is refused: %s", (_, offer) => {
    const session = new Session([section(offer)]);
    for (const sequence of [10, 11, 13]) session.rtp(sequence, media(21, sequence, NAMED));
    session.rtp(14, rtx(22, 12, REPAIR));
    expect(session.read(START + 12)!.payload[5]).toBe(0x77);
    // The encoder comes back under another SSRC, with numbers near those of the former.
    for (const sequence of [900, 901, 903]) {
      session.rtp(500_000 + sequence, media(31, sequence, NAMED));
    }
    const head = session.readers[0]![0]!.head;
    // One would move the head by 800, another would put an old picture into a hole of the new source.
    for (const sequence of [1700, 902, 14]) session.rtp(600_000, rtx(22, sequence, REPAIR));
    expect(session.readers[0]![0]!.head).toBe(head);
    expect(session.read(head - 2)).toBeNull();
    expect(session.counters[Counter.packetsDuplicate]).toBe(3);
    // Its own are taken.
    session.rtp(600_001, rtx(32, 902, REPAIR));
    expect(session.read(head - 2)!.payload[5]).toBe(0x77);
  });

  test("one that is heard before the media of its source is that source's", () => {
    const session = new Session([section(SIMULCAST)]);
    // Bandwidth probes go first, at the start as after an encoder's restart.
    const probe = (ssrc: number) =>
      build({
        type: VP8_RTX_TYPE,
        ssrc,
        sequence: 1,
        payload: new Uint8Array(0),
        extensions: REPAIR,
      });
    session.rtp(1, probe(22));
    for (const sequence of [10, 12]) session.rtp(2, media(21, sequence, NAMED));
    session.rtp(3, rtx(22, 11, REPAIR));
    expect(session.read(START + 11)!.payload[5]).toBe(0x77);
    session.rtp(100_000, probe(32));
    for (const sequence of [500, 502]) session.rtp(300_000, media(31, sequence, NAMED));
    session.rtp(300_001, rtx(32, 501, REPAIR));
    expect(session.read(START + 14)!.payload[5]).toBe(0x77);
    session.rtp(300_002, rtx(22, 503, REPAIR));
    expect(session.readers[0]![0]!.head).toBe(START + 16);
  });

  test("of a source that comes back it is the same as before", () => {
    const session = new Session([section(SIMULCAST)]);
    session.rtp(1, media(21, 10, NAMED));
    session.rtp(2, rtx(22, 9, REPAIR));
    session.rtp(300_000, media(31, 500, NAMED));
    session.rtp(300_001, rtx(32, 499, REPAIR));
    for (const sequence of [20, 22]) session.rtp(600_000, media(21, sequence, NAMED));
    session.rtp(600_001, rtx(32, 21, REPAIR));
    const head = session.readers[0]![0]!.head;
    expect(session.read(head - 2)).toBeNull();
    session.rtp(600_002, rtx(22, 21, REPAIR));
    expect(session.read(head - 2)!.payload[5]).toBe(0x77);
  });

  test("an announced pair goes to the track of its media, whatever the order of the lines", () => {
    const offer = { ...SIMULCAST, ssrcs: [1, 2, 3], rtxSsrcs: [4, 5, 6] };
    const session = new Session([section(offer)]);
    for (const sequence of [10, 12]) session.rtp(1, media(1, sequence, [[RID_ID, ascii("m")]]));
    session.rtp(2, rtx(4, 11));
    expect(session.read(START + 11, 0, 1)!.payload[5]).toBe(0x77);
  });
});
