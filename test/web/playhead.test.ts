import { describe, expect, test } from "bun:test";
import { Playhead } from "../../src/web/playhead.ts";

const WALL = 1_790_000_000_000;
const NTP = WALL + 2_208_988_800_000;

/** A look at a connection whose server's clock is `aheadMs` ahead, and whose picture is `ageMs` old. */
function reports(ageMs: number, aheadMs = 0) {
  return [
    { type: "inbound-rtp", kind: "audio", estimatedPlayoutTimestamp: 1 },
    { type: "inbound-rtp", kind: "video", estimatedPlayoutTimestamp: NTP + aheadMs - ageMs },
    {
      type: "remote-outbound-rtp",
      kind: "video",
      remoteTimestamp: WALL + aheadMs,
      timestamp: WALL,
    },
  ];
}

describe("the playhead of a WHEP viewer", () => {
  test("knows nothing before the browser tells", () => {
    const playhead = new Playhead();
    playhead.polled([], WALL);
    playhead.shown(90);
    expect([playhead.captureMs, playhead.latencyMs(WALL)]).toEqual([null, null]);
  });

  test("tells capture times by the server's clock, and latency by the difference of both", () => {
    for (const ahead of [0, 3_600_000, -3_600_000]) {
      const playhead = new Playhead();
      playhead.polled(reports(180, ahead), WALL);
      expect(playhead.captureMs).toBe(WALL + ahead - 180);
      expect(playhead.latencyMs(WALL)).toBe(180);
    }
  });

  test("goes on with the pictures between two looks, over the wrap of their clock", () => {
    const playhead = new Playhead();
    playhead.shown(0xffff_ffff - 89);
    playhead.polled(reports(180), WALL);
    playhead.shown(90 * 32);
    expect(playhead.captureMs).toBe(WALL - 180 + 33);
  });

  test("a picture of the future, or a minute old, is a clock that was never mapped", () => {
    for (const age of [-5, 61_000]) {
      const playhead = new Playhead();
      playhead.polled(reports(age), WALL);
      expect(playhead.latencyMs(WALL)).toBeNull();
    }
  });
});
