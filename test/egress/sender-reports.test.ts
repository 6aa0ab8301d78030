import { describe, expect, test } from "bun:test";
import { RtcpCursor, RtcpType } from "../../src/wire/rtcp/compound.ts";
import {
  AUDIO_SSRC,
  audioSection,
  CNAME,
  KEY,
  Sim,
  sourceOf,
  Track,
  VIDEO_SSRC,
  videoSection,
} from "./harness.ts";
import type { Recorder } from "./recorder.ts";

interface Part {
  readonly type: number;
  readonly ssrc: number;
  readonly text: string;
}

/** The packets of each compound that left, in order. */
function compounds(viewer: Recorder): Part[][] {
  const cursor = new RtcpCursor();
  return viewer.rtcp.map(({ bytes }) => {
    const parts: Part[] = [];
    cursor.reset(bytes, 0, bytes.length);
    while (cursor.next()) {
      const view = new DataView(bytes.buffer, bytes.byteOffset + cursor.offset, cursor.length);
      const cname = cursor.type === RtcpType.sdes ? view.getUint8(9) : 0;
      const text = Buffer.from(bytes.buffer, view.byteOffset + 10, cname).toString();
      parts.push({ type: cursor.type, ssrc: view.getUint32(4), text });
    }
    expect(cursor.malformed).toBeFalse();
    return parts;
  });
}

function live(rounds: number, full: (sim: Sim, round: number) => void = () => {}) {
  const sim = new Sim();
  const audio = new Track("audio");
  const video = new Track("video");
  const viewer = sim.open(sourceOf({ audio, video: [video] }));
  for (let k = 0; k < rounds; k += 1) {
    full(sim, k);
    audio.put(k, k * 960, sim.now);
    video.put(k, k * 1800, sim.now, { flags: k === 0 ? KEY : 0 });
    sim.forward(audio, video);
    sim.pass(20_000);
  }
  return { sim, viewer, audio, video };
}

describe("sender reports", () => {
  test("S3: to a path on trial reports alone leave, and all of their bytes are told", () => {
    const { sim, viewer, audio, video } = live(100);
    const peer = sim.peers.get(viewer.session)!;
    const [packets, reports] = [viewer.rtp.length, viewer.rtcp.length];
    let told = 0;
    const noteReport = (bytes: number) => {
      told += bytes;
    };
    Object.assign(peer, { mediaAllowed: false, reportsAllowed: true, noteReport });
    for (let k = 100; k < 250; k += 1) {
      audio.put(k, k * 960, sim.now);
      video.put(k, k * 1800, sim.now, { flags: 0 });
      sim.forward(audio, video);
      sim.pass(20_000);
    }
    expect(viewer.rtp.length).toBe(packets);
    expect(viewer.rtcp.length).toBeGreaterThanOrEqual(reports + 4);
    expect(told).toBeGreaterThan(100);
    // Nothing at all leaves without consent, and media comes back with its proof.
    Object.assign(peer, { reportsAllowed: false });
    const silent = viewer.rtcp.length;
    sim.pass(3_000_000);
    expect(viewer.rtcp.length).toBe(silent);
    Object.assign(peer, { mediaAllowed: true });
    audio.put(500, 500 * 960, sim.now);
    video.put(500, 500 * 1800, sim.now, { flags: KEY });
    sim.forward(audio, video);
    expect(viewer.rtp.length).toBeGreaterThan(packets);
  });

  test("C8: each track's report is a compound of its own, a report first and its CNAME behind", () => {
    const { viewer } = live(200);
    const sent = compounds(viewer);
    // 4 s: at the start, then each second.
    expect(sent.length).toBeGreaterThanOrEqual(2 * 4);
    for (const parts of sent) {
      expect(parts.map((part) => part.type)).toEqual([RtcpType.senderReport, RtcpType.sdes]);
      expect(parts[1]!.ssrc).toBe(parts[0]!.ssrc);
    }
    const of = (ssrc: number) => sent.filter((parts) => parts[0]!.ssrc === ssrc).length;
    expect(of(AUDIO_SSRC)).toBe(of(VIDEO_SSRC));
  });

  test("C8: both tracks' reports speak of one moment, also after the output was full", () => {
    const { viewer } = live(200, ({ output }, k) => {
      // Room for one more datagram only, now and then: the second report finds none.
      output.room = k % 7 === 3 ? 1 : Number.POSITIVE_INFINITY;
    });
    const times = new Map<number, Set<number>>();
    viewer.rtcp.forEach(({ at }, i) => {
      const { ssrc } = compounds(viewer)[i]![0]!;
      times.set(ssrc, (times.get(ssrc) ?? new Set()).add(at));
    });
    expect(times.get(VIDEO_SSRC)!.size).toBeGreaterThanOrEqual(3);
    for (const at of times.get(VIDEO_SSRC)!) expect(times.get(AUDIO_SSRC)!.has(at)).toBeTrue();
  });

  test("C7: the CNAME is the session's, one for audio and video", () => {
    const names = compounds(live(60).viewer).map((parts) => parts[1]!.text);
    expect(new Set(names)).toEqual(new Set([CNAME]));
  });

  test("C8: an audio-only session has one compound a round", () => {
    const sim = new Sim();
    const audio = new Track("audio");
    const viewer = sim.open(sourceOf({ audio }), { media: [audioSection(), videoSection()] });
    audio.put(0, 0, sim.now);
    sim.forward(audio);
    sim.pass(20_000);
    expect(compounds(viewer).length).toBe(1);
  });
});
