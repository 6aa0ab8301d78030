import { expect, test } from "bun:test";
import { Counter } from "../../src/contract/counters.ts";
import type { EgressContext } from "../../src/egress/context.ts";
import { ViewerLink } from "../../src/egress/viewer-link.ts";
import { PacketKind } from "../../src/media/sent-packets.ts";
import type { Peer } from "../../src/peer/peer.ts";
import { videoSection } from "./harness.ts";

const counters = new Float64Array(Object.keys(Counter).length);

function link(peer: Partial<Peer> = {}): ViewerLink {
  const context = { counters, random: () => 0 } as unknown as EgressContext;
  return new ViewerLink(context, peer as Peer, [videoSection()], null, 0);
}

test("transport-cc numbers are one space of 16 bits, and the last one is what was sent", () => {
  const way = link();
  const taken = Array.from({ length: 65_537 }, () => way.takeTransportSequence());
  expect([taken[0], taken[65_535], taken[65_536]]).toEqual([0, 65_535, 0]);
  way.noteSent(0, 1_000, 900, PacketKind.media);
  expect([way.adaptation.sentBytes(0), way.adaptation.sentBytes(65_535)]).toEqual([900, 0]);
});

test("media needs consent and an address", () => {
  const path = {} as Peer["path"];
  const allowed = [
    link({ mediaAllowed: true, path }),
    link({ mediaAllowed: false, path }),
    link({ mediaAllowed: true, path: null }),
  ].map(({ mediaAllowed }) => mediaAllowed);
  expect(allowed).toEqual([true, false, false]);
});

test("the first media is told apart, and all of it is counted", () => {
  const way = link();
  counters.fill(0);
  way.noteMedia(1, 1_000, 5_000);
  way.noteMedia(1, 500, 6_000);
  expect(way.firstMediaAt).toBe(5_000);
  expect([counters[Counter.packetsOut!], counters[Counter.payloadBytesOut!]]).toEqual([2, 1_500]);
});

test("the round trip is smoothed, and its lower bound rises slowly and falls at once", () => {
  const way = link();
  expect([way.roundTripUs, way.roundTripLowUs]).toEqual([null, null]);
  way.noteRoundTrip(80_000);
  way.noteRoundTrip(400_000);
  expect([way.roundTripUs, way.roundTripLowUs]).toEqual([120_000, 90_000]);
  way.noteRoundTrip(40_000);
  expect([way.roundTripUs, way.roundTripLowUs]).toEqual([110_000, 40_000]);
});
