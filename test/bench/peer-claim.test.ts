import { expect, test } from "bun:test";
import { type Ciphers, judge, judgePoint, type Outcome } from "../../scripts/bench/peer-claim.ts";

const COSTS = { spillway: 4, mediamtx: 20, "broadcast-box": 22, srs: 12, janus: 16 };

/** All servers, well, at 200 viewers; `changes` by server. */
function outcomes(
  changes: Readonly<Record<string, Partial<Outcome>>> = {},
  arrival = "burst",
  srtp: Ciphers = "negotiated",
): Outcome[] {
  return Object.entries(COSTS).map(([server, cost]) => ({
    server,
    viewers: 200,
    arrival,
    srtp,
    cost,
    lossPercent: 0,
    rate: 48_000,
    joined: 200,
    failure: null,
    ...changes[server],
  }));
}

test("the claim holds where all have delivered and the cheapest costs enough", () => {
  const points = [judgePoint(outcomes()), judgePoint(outcomes({}, "spread"))];
  expect(points[0]).toMatchObject({ ratio: 3, missing: [] });
  expect(points[0]!.best!.server).toBe("srs");
  expect(judge(points)).toEqual({ holds: true, ratio: 3, reasons: [] });
});

test("one Pion-based server is enough, none is too few", () => {
  const one = outcomes({ mediamtx: { lossPercent: 20 } });
  expect(judgePoint(one).missing).toEqual([]);
  const none = outcomes({ mediamtx: { lossPercent: 20 }, "broadcast-box": { joined: 150 } });
  expect(judgePoint(none).missing).toEqual([
    "mediamtx lost 20.0 %",
    "broadcast-box connected only 150 of 200",
  ]);
});

test("a point without SRS or Janus does not count, and says why", () => {
  const absent = outcomes().filter(({ server }) => server !== "janus");
  expect(judgePoint(absent).missing).toEqual(["janus did not run"]);
  const failed = outcomes({ srs: { cost: null, lossPercent: null, failure: "no answer" } });
  const point = judgePoint(failed);
  expect(point.missing).toEqual(["srs failed: no answer"]);
  expect(judge([point])).toEqual({
    holds: false,
    ratio: null,
    reasons: ["no burst, negotiated point counts: srs failed: no answer"],
  });
});

test("a server that queues instead of losing is overloaded, too", () => {
  const queued = outcomes({ srs: { rate: 40_000 } });
  expect(judgePoint(queued).missing).toEqual(["srs delivered 83 % of the rate"]);
  expect(judgePoint(outcomes({ srs: { rate: 47_000 } })).missing).toEqual([]);
  const repeating = outcomes({ mediamtx: { rate: 60_000, lossPercent: 28 } });
  expect(judgePoint(repeating).missing).toEqual([]);
});

test("without a figure of our own there is no ratio", () => {
  const point = judgePoint(outcomes({ spillway: { cost: null } }));
  expect(point.ratio).toBeNull();
  expect(judge([point]).holds).toBeFalse();
});

test("an overloaded server's lower cost still makes the ratio smaller", () => {
  const point = judgePoint(outcomes({ mediamtx: { lossPercent: 50, cost: 6 } }));
  expect(point).toMatchObject({ ratio: 1.5, missing: [] });
  expect(judge([point])).toEqual({
    holds: false,
    ratio: 1.5,
    reasons: ["1.50 x at 200 viewers, burst, negotiated (mediamtx)"],
  });
});

test("each kind of point needs one that counts", () => {
  const spread = outcomes({ janus: { lossPercent: 3 } }, "spread");
  const verdict = judge([judgePoint(outcomes()), judgePoint(spread)]);
  expect(verdict).toEqual({
    holds: false,
    ratio: 3,
    reasons: ["no spread, negotiated point counts: janus lost 3.0 %"],
  });
});

test("with the same cipher less is claimed", () => {
  const same = outcomes({ srs: { cost: 6.8 } }, "burst", "the same");
  expect(judge([judgePoint(same)])).toEqual({ holds: true, ratio: 1.7, reasons: [] });
  const negotiated = judge([judgePoint(outcomes({ srs: { cost: 6.8 } }))]);
  expect(negotiated.reasons).toEqual(["1.70 x at 200 viewers, burst, negotiated (srs)"]);
});
