import { describe, expect, test } from "bun:test";
import { LayerTable } from "../../src/feed/layer-table.ts";
import { PLI_INTERVAL_JOIN_US } from "../../src/limits.ts";
import { Header, SlotFlag } from "../../src/ring/layout.ts";
import { writeBye } from "../../src/wire/rtcp/bye.ts";
import {
  AUDIO_TYPE,
  ascii,
  audioSection,
  build,
  isPli,
  RID_ID,
  Session,
  section,
  VP8_TYPE,
  vp8,
} from "./harness.ts";

function bye(...ssrcs: number[]): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * ssrcs.length);
  return bytes.subarray(0, writeBye(bytes, 0, ssrcs, ssrcs.length));
}

const media = (ssrc: number, sequence: number, key = false) =>
  build({ type: VP8_TYPE, ssrc, sequence, payload: vp8(key) });

const inactive = (session: Session, part = 0, layer = 0) =>
  session.readers[part]![layer]!.describe().inactive;

function start(): Session {
  const session = new Session([audioSection(), section({})]);
  session.rtp(1, build({ type: AUDIO_TYPE, ssrc: 8, sequence: 1 }));
  session.rtp(1, media(9, 1, true));
  session.turn(1);
  return session;
}

describe("a source that says BYE", () => {
  test("C4: is inactive, and the session goes on", () => {
    const session = start();
    session.rtcp(2, bye(9));
    expect([inactive(session, 0), inactive(session, 1)]).toEqual([false, true]);
    session.rtcp(3, bye(8));
    session.runTo(3, 5_000_000);
    expect([inactive(session, 0), inactive(session, 1)]).toEqual([true, true]);
    expect([0, 1].map((part) => session.readers[part]![0]!.closed)).toEqual([false, false]);
  });

  test("C4: comes back with its media, but not with what was still on its way", () => {
    const session = start();
    session.rtcp(2, bye(8, 9));
    session.rtp(3, media(9, 2));
    session.rtp(150_000, media(9, 3));
    expect(inactive(session, 1)).toBeTrue();
    // What was on its way is not lost.
    expect(session.readers[1]![0]!.describe().packets).toBe(3);
    session.rtp(500_000, media(9, 4));
    expect([inactive(session, 0), inactive(session, 1)]).toEqual([true, false]);
    session.rtcp(500_001, bye(9));
    expect(inactive(session, 1)).toBeTrue();
  });

  test("C4: is asked for nothing, is not held to be deaf for it, and for a keyframe when back", () => {
    const session = start();
    session.runTo(1, 100_000);
    // One that is open, and a wish that is to be repeated until it is fulfilled.
    session.readers[1]![0]!.requestKeyframe("failure");
    session.runTo(100_000, 700_000);
    session.rtcp(700_001, bye(9));
    const before = session.sent.filter(isPli).length;
    for (let now = 800_000; now < 4 * PLI_INTERVAL_JOIN_US; now += 100_000) {
      session.readers[1]![0]!.requestKeyframe("join");
      session.turn(now);
    }
    expect(session.sent.filter(isPli).length).toBe(before);
    expect(session.readers[1]![0]!.publisherIgnoresPli).toBeFalse();
    const back = 4 * PLI_INTERVAL_JOIN_US;
    session.rtp(back, media(9, 2));
    session.runTo(back, back + 100_000);
    expect(session.sent.filter(isPli).length).toBe(before + 1);
  });

  test("C4: leaves its track to another at once, on a line of its own", () => {
    const session = new Session([section({ rids: ["h", "l"] })]);
    const rid = (name: string) => [[RID_ID, ascii(name)]] as [number, Uint8Array][];
    const packet = (ssrc: number, sequence: number, name: string) =>
      build({ type: VP8_TYPE, ssrc, sequence, extensions: rid(name), payload: vp8(true) });
    session.rtp(1, packet(21, 10, "h"));
    session.rtp(1, packet(22, 10, "l"));
    session.rtcp(2, bye(21));
    expect([inactive(session, 0, 0), inactive(session, 0, 1)]).toEqual([true, false]);
    session.rtp(1_000, packet(23, 500, "h"));
    expect(inactive(session, 0, 0)).toBeFalse();
    const tracks = session.publisher.stats(1_000).tracks;
    expect(tracks.map(({ ssrc }) => ssrc)).toEqual([23, 22]);
    const reader = session.readers[0]![0]!;
    expect(session.read(reader.head - 1, 0, 0)!.flags & SlotFlag.discontinuity).not.toBe(0);
    // A straggler of the former one takes nothing back.
    session.rtp(2_000, packet(21, 11, "h"));
    expect(session.publisher.stats(2_000).tracks[0]!.ssrc).toBe(23);
  });

  test("C4: of its retransmissions, or of nobody, changes nothing", () => {
    const session = start();
    session.rtcp(2, bye(10, 12_345));
    expect([inactive(session, 0), inactive(session, 1)]).toEqual([false, false]);
    session.rtcp(3, bye(9));
    session.rtcp(4, bye(9));
    expect(inactive(session, 1)).toBeTrue();
  });

  test("C4: makes its layers dead at once, not when their silence is noticed", () => {
    const session = start();
    const table = new LayerTable([session.readers[1]![0]!]);
    for (let now = 2; now < 600_000; now += 100_000) {
      session.rtp(now, media(9, 2 + now / 100_000, false));
      table.update(now);
    }
    expect(table.layers.map(({ active }) => active)).toEqual([true]);
    session.rtcp(600_000, bye(9));
    table.update(600_001);
    expect(table.layers.map(({ active }) => active)).toEqual([false]);
    expect(session.readers[1]![0]!.views.words[Header.inactive]).toBe(1);
  });
});
