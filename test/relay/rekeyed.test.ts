/** Links whose associations are replaced under traffic: real peers and DTLS, from one socket to the other. */
import { expect, test } from "bun:test";
import { RingReader } from "../../src/ring/reader.ts";
import { RingWriter } from "../../src/ring/writer.ts";
import type { NamedTrack } from "../../src/wire/cascade/name.ts";
import { LinkWorld } from "../host/link-world.ts";
import { RelayNode } from "./relay-node.ts";
import { KEYFRAME, writePacket } from "./slots.ts";

const TRACKS: readonly NamedTrack[] = [
  { kind: "video", rid: null, codec: "h264", fmtp: "", channels: 0 },
];
const VIEWER = 1;
const STEP_US = 5_000;

test("cascade-rekey: one association after the other, by the sockets in turn, and no packet is lost", () => {
  const world = new LinkWorld();
  const parent = new RelayNode(world, 1);
  const child = new RelayNode(world, 2);
  child.logic.command({ type: "seeds", addresses: ["10.0.0.1:8300"] }, world.now);
  const open = () => [...(child.logic.relay?.node.links.open() ?? [])];
  world.run(() => open().length > 0);
  const [link] = open();
  const writer = new RingWriter(parent.ring.buffer);
  const reader = new RingReader(child.ring.buffer, VIEWER, () => {});
  reader.want(true);
  parent.logic.setSource(1, { epoch: 1, audio: null, video: [parent.ring] });
  parent.logic.command(
    { type: "publish", name: "a", stream: 1, tracks: TRACKS, epochMin: 0 },
    world.now,
  );
  world.run(() => false, 100_000);
  child.logic.command({ type: "pull", name: "a", stream: 1, rings: [child.ring] }, world.now);
  world.run(() => false, 300_000);
  let sent = 0;
  let came = 0;
  let newest = world.now;
  let gapUs = 0;
  for (const end = world.now + 30_000_000; world.now < end; ) {
    writePacket(writer, sent, world.now, KEYFRAME);
    sent += 1;
    world.run(() => false, STEP_US);
    while (reader.read(came, new Uint8Array(2048), 0) === 0) {
      came += 1;
      newest = world.now;
    }
    gapUs = Math.max(gapUs, world.now - newest);
  }
  // A turn there, a turn on.
  expect(sent - came).toBeLessThan(4);
  expect(gapUs).toBeLessThan(20_000);
  expect(child.sessions.size).toBeGreaterThan(5);
  expect(parent.sessions.size).toBe(child.sessions.size);
  expect(open()).toEqual([link!]);
  expect([...parent.unlinked, ...child.unlinked]).toEqual([]);
  // The old ones are over, and only the one in use is left.
  world.run(() => false, 2_000_000);
  expect([parent, child].map(({ host }) => host.sessions.table.size)).toEqual([1, 1]);
}, 60_000);

test("cascade-resume: a link that was cut for two seconds goes on by another association", () => {
  const world = new LinkWorld();
  const parent = new RelayNode(world, 1);
  const child = new RelayNode(world, 2);
  child.logic.command({ type: "seeds", addresses: ["10.0.0.1:8300"] }, world.now);
  const open = (node: RelayNode) => [...(node.logic.relay?.node.links.open() ?? [])];
  world.run(() => open(child).length > 0 && open(parent).length > 0);
  const links = [...open(parent), ...open(child)];
  parent.logic.setSource(1, { epoch: 1, audio: null, video: [parent.ring] });
  parent.logic.command(
    { type: "publish", name: "a", stream: 1, tracks: TRACKS, epochMin: 0 },
    world.now,
  );
  world.run(() => false, 100_000);
  child.logic.command({ type: "pull", name: "a", stream: 1, rings: [child.ring] }, world.now);
  const reader = new RingReader(child.ring.buffer, VIEWER, () => {});
  reader.want(true);
  const writer = new RingWriter(parent.ring.buffer);
  let sent = 0;
  /** Packets, for so long; the newest of them that the child has. */
  const flow = (us: number): number => {
    for (const end = world.now + us; world.now < end; sent += 1) {
      writePacket(writer, sent, world.now, KEYFRAME);
      world.run(() => false, STEP_US);
    }
    return reader.head - 1;
  };
  expect(flow(500_000)).toBeGreaterThan(sent - 4);
  const before = child.sessions.size;
  world.cut = true;
  flow(2_000_000);
  world.cut = false;
  // What flows again does at once, and goes on so while the new association takes over.
  for (let i = 0; i < 30; i += 1) expect(flow(100_000)).toBeGreaterThan(sent - 6);
  expect(child.sessions.size).toBeGreaterThan(before);
  expect([...open(parent), ...open(child)]).toEqual(links);
  expect([...parent.unlinked, ...child.unlinked]).toEqual([]);
  expect([parent, child].map(({ host }) => host.sessions.table.size)).toEqual([1, 1]);
}, 60_000);
