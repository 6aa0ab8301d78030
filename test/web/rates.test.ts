import { describe, expect, test } from "bun:test";
import type { Report } from "../../src/web/rates.ts";
import {
  estimateLatency,
  packetsOf,
  publisherFigures,
  viewerFigures,
} from "../../src/web/rates.ts";

function snapshot(at: number, counters: Record<string, number>): Report[] {
  return [
    { id: "v", type: "inbound-rtp", kind: "video", timestamp: at, codecId: "c", ...counters },
    { id: "c", type: "codec", mimeType: "video/VP8" },
    { id: "t", type: "transport", selectedCandidatePairId: "p" },
    { id: "q", type: "candidate-pair", nominated: true, currentRoundTripTime: 9 },
    { id: "p", type: "candidate-pair", nominated: true, currentRoundTripTime: 0.02 },
  ];
}

const first = snapshot(1000, {
  bytesReceived: 1000,
  packetsReceived: 90,
  packetsLost: 5,
  jitterBufferDelay: 1,
  jitterBufferEmittedCount: 10,
});
const second = snapshot(3000, {
  bytesReceived: 501_000,
  packetsReceived: 180,
  packetsLost: 15,
  jitterBufferDelay: 2.5,
  jitterBufferEmittedCount: 60,
  jitter: 0.004,
});

describe("viewer figures", () => {
  test("packets of picture and sound are counted together, those that are sent are not", () => {
    const sound = { id: "a", type: "inbound-rtp", kind: "audio", packetsReceived: 7 };
    const sent = { id: "o", type: "outbound-rtp", kind: "audio", packetsReceived: 5 };
    expect([packetsOf([]), packetsOf([...first, sound, sent])]).toEqual([0, 97]);
  });

  test("rates come from the growth between two looks", () => {
    const figures = viewerFigures(first, second);
    expect(figures.bitrate).toBe(2_000_000);
    expect(figures.loss).toBeCloseTo(0.1);
    expect(figures.bufferMs).toBeCloseTo(30);
    expect(figures.jitterMs).toBeCloseTo(4);
    expect(figures.roundTripMs).toBeCloseTo(20);
    expect(figures.videoCodec).toBe("VP8");
    expect(figures.packetsLost).toBe(15);
  });

  test("with one look only, rates are unknown, not zero or infinite", () => {
    expect(viewerFigures([], first).bitrate).toBeNull();
    expect(viewerFigures([], []).loss).toBeNull();
  });

  test("a late packet that lowers the loss counter is no negative loss", () => {
    const lower = second.map((report) =>
      report.id === "v" ? { ...report, packetsLost: 3 } : report,
    );
    expect(viewerFigures(first, lower).loss).toBe(0);
  });
});

describe("latency", () => {
  const figures = viewerFigures(first, second);

  test("says what it is based on", () => {
    expect(estimateLatency(62, figures)).toEqual({ ms: 62, basis: "capture" });
    const network = estimateLatency(null, figures);
    expect(network?.basis).toBe("network");
    expect(network?.ms).toBeCloseTo(40);
  });

  test("a capture time from an unmapped clock is not believed", () => {
    expect(estimateLatency(-5, figures)?.basis).toBe("network");
    expect(estimateLatency(3_600_000, figures)?.basis).toBe("network");
    expect(estimateLatency(null, viewerFigures([], []))).toBeNull();
  });
});

test("publisher figures take loss from the server's reports and name the limitation", () => {
  const base = { id: "o", type: "outbound-rtp", kind: "video" };
  const before = [{ ...base, timestamp: 0, bytesSent: 0 }];
  const after = [
    { ...base, timestamp: 1000, bytesSent: 125_000, qualityLimitationReason: "bandwidth" },
    { id: "r", type: "remote-inbound-rtp", kind: "video", fractionLost: 0.25, packetsLost: 7 },
  ];
  const figures = publisherFigures(before, after);
  expect(figures.bitrate).toBe(1_000_000);
  expect(figures.loss).toBe(0.25);
  expect(figures.packetsLost).toBe(7);
  expect(figures.limitation).toBe("bandwidth");
});

test("a publisher's layers are those that were sent since the last look, largest first", () => {
  const layer = (rid: string, frameHeight: number, packetsSent: number): Report => ({
    ...{ id: rid, type: "outbound-rtp", kind: "video", rid, frameHeight, packetsSent },
  });
  const before = [layer("q", 180, 10), layer("h", 360, 10), layer("f", 720, 10)];
  const all = [layer("q", 180, 20), layer("h", 360, 20), layer("f", 720, 20)];
  expect(publisherFigures([], before).layerHeights).toEqual([720, 360, 180]);
  expect(publisherFigures(before, all).height).toBe(720);
  const dropped = [layer("q", 180, 20), layer("h", 360, 20), layer("f", 720, 10)];
  const figures = publisherFigures(before, dropped);
  expect(figures.layerHeights).toEqual([360, 180]);
  expect(figures.height).toBe(360);
  expect(publisherFigures(all, all).layerHeights).toEqual([]);
});

test("a publisher's mode and what its network carries come from the browser", () => {
  const reports = [
    { id: "o", type: "outbound-rtp", kind: "video", packetsSent: 1, scalabilityMode: "L3T3" },
    { id: "p", type: "candidate-pair", nominated: true, availableOutgoingBitrate: 3e6 },
  ];
  const figures = publisherFigures([], reports);
  expect(figures.scalabilityMode).toBe("L3T3");
  expect(figures.allowedBitrate).toBe(3e6);
});
