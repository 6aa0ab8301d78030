/** What makes a stream live, be it a session's or not. */
import { expect, test } from "bun:test";
import { RingLease } from "../../../src/control/plane/lease.ts";
import { Source, sourceOfSession } from "../../../src/control/streams/source.ts";
import { Harness, SIMULCAST_OFFER } from "../../support/control-harness.ts";
import { FakePlane } from "../../support/fake-plane.ts";

const NEEDS = [
  { kind: "audio", rids: [] },
  { kind: "video", rids: ["h", "l"] },
] as const;

/** Of no session: an audio and two layers of a video, as something else would bring them. */
function foreign(plane: FakePlane): Source {
  const lease = RingLease.take(plane, NEEDS, 0)!;
  const audio = { codec: "opus", fmtp: "stereo=1", channels: 2 } as const;
  const video = { codec: "vp9", fmtp: "profile-id=0", channels: 1 } as const;
  return new Source({
    epoch: 7,
    sinceUs: 1_000_000,
    origin: { kind: "link", address: "192.0.2.77", end: () => {} },
    lease,
    tracks: NEEDS.flatMap(({ kind, rids }, index) =>
      lease.rings[index]!.map((ring, layer) => ({
        kind,
        rid: rids[layer] ?? null,
        ...(kind === "audio" ? audio : video),
        ring,
      })),
    ),
  });
}

function withPlane() {
  const plane = new FakePlane({} as ConstructorParameters<typeof FakePlane>[0]);
  return { plane, source: foreign(plane) };
}

test("readers are told of its rings by kind, the highest layer first", () => {
  const { source } = withPlane();
  const [audio, high, low] = source.lease.rings.flat();
  const granted = { epoch: 7, audio: audio!, video: [high!, low!], pulled: true };
  expect(source.granted).toEqual(granted);
  expect(source.rids).toEqual(["h", "l"]);
});

test("what it sends is what its rings say, and until then what was announced", () => {
  const { plane, source } = withPlane();
  expect(source.live(plane)).toEqual({
    audio: { codec: "opus", fmtp: "stereo=1" },
    video: { codec: "vp9", fmtp: "profile-id=0" },
  });
  plane.descriptions.set(source.granted.video[0]!.index, { codec: "av1", fmtp: "tier=0" });
  expect(source.live(plane).video).toEqual({ codec: "av1", fmtp: "tier=0" });
});

test("it is silent when none of its rings has heard of it for a while, and at once when all left", () => {
  const { plane, source } = withPlane();
  const later = source.sinceUs + 60e6;
  expect(source.isSilent(plane, source.sinceUs)).toBeFalse();
  expect(source.isSilent(plane, later)).toBeTrue();
  plane.descriptions.set(source.granted.video[1]!.index, { packets: 9, lastReceiptUs: later });
  expect(source.isSilent(plane, later)).toBeFalse();
  expect(source.hasLeft(plane)).toBeFalse();
  plane.description = { packets: 9, lastReceiptUs: later, inactive: true };
  expect(source.hasLeft(plane)).toBeTrue();
  source.quiet = true;
  expect(source.isSilent(plane, later)).toBeTrue();
});

test("a session's has a track a ring, as its answer settled them", async () => {
  const h = await Harness.start();
  await h.publish("a", true, SIMULCAST_OFFER);
  const session = h.control.registry.streams.get("a")!.publisher!;
  const end = () => {};
  const source = sourceOfSession(session, session.lease!, { epoch: 3, sinceUs: 5, end });
  expect(source.origin).toEqual({ kind: "session", session, end });
  const told = source.tracks.map(({ kind, rid, codec, channels }) => [kind, rid, codec, channels]);
  expect(told).toEqual([
    ["audio", null, "opus", 2],
    ["video", "h", "vp8", 1],
    ["video", "l", "vp8", 1],
  ]);
  expect(source.tracks.map(({ ring }) => ring)).toEqual(session.lease!.rings.flat());
});
