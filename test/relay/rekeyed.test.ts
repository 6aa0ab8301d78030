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

/** Sessions that each of them has. */
const sessionsOf = (...nodes: readonly RelayNode[]): number[] =>
  nodes.map(({ host }) => host.sessions.table.size);

test("cascade-both: two nodes that call each other at once have one link soon, and nothing beside it", () => {
  for (let ms = 0; ms <= 100; ms += 5) {
    const world = new LinkWorld();
    const [left, right] = [new RelayNode(world, 1), new RelayNode(world, 2)];
    left.logic.command({ type: "seeds", addresses: ["10.0.0.2:8300"] }, world.now);
    world.run(() => false, ms * 1000);
    right.logic.command({ type: "seeds", addresses: ["10.0.0.1:8300"] }, world.now);
    const count = ({ logic }: RelayNode) => logic.relay?.node.links.openCount ?? 0;
    const linked = () => count(left) > 0 && count(right) > 0;
    expect(world.run(linked, 150_000), `${ms} ms apart`).toBe(true);
    // Of two links one is left, for good.
    world.run(() => false, 800_000);
    expect(sessionsOf(left, right), `${ms} ms apart`).toEqual([1, 1]);
    const made = [left, right].map(({ sessions }) => sessions.size);
    world.run(() => false, 30_000_000);
    expect([count(left), count(right), ...sessionsOf(left, right)]).toEqual([1, 1, 1, 1]);
    expect([left, right].map(({ sessions }) => sessions.size)).toEqual(made);
    expect([...left.unlinked, ...right.unlinked]).toEqual([]);
  }
}, 60_000);

test("cascade-resume: of both ends that call while a link is cut it goes on by one session, and no other stays", () => {
  for (let cutMs = 1_500; cutMs <= 4_000; cutMs += 250) {
    const world = new LinkWorld();
    const nodes = [new RelayNode(world, 1), new RelayNode(world, 2)] as const;
    nodes[0].logic.command({ type: "seeds", addresses: ["10.0.0.2:8300"] }, world.now);
    world.run(() => false, (cutMs * 7) % 90_000);
    nodes[1].logic.command({ type: "seeds", addresses: ["10.0.0.1:8300"] }, world.now);
    const open = () => nodes.flatMap(({ logic }) => [...(logic.relay?.node.links.open() ?? [])]);
    world.run(() => false, 3_000_000);
    const links = open();
    expect(links.length).toBe(2);
    world.cut = true;
    world.run(() => false, cutMs * 1000);
    world.cut = false;
    world.run(() => false, 2_000_000);
    expect(sessionsOf(...nodes), `${cutMs} ms`).toEqual([1, 1]);
    expect(open(), `${cutMs} ms`).toEqual(links);
    world.run(() => false, 60_000_000);
    expect([sessionsOf(...nodes), open()]).toEqual([[1, 1], links]);
    expect(nodes.flatMap(({ unlinked }) => unlinked)).toEqual([]);
  }
}, 60_000);

test.each([
  ["one end calls", false],
  ["both call", true],
])(
  "cascade-resume: a link that was cut for two seconds goes on by another association: %s",
  (_, both) => {
    const world = new LinkWorld();
    const parent = new RelayNode(world, 1);
    const child = new RelayNode(world, 2);
    child.logic.command({ type: "seeds", addresses: ["10.0.0.1:8300"] }, world.now);
    const open = (node: RelayNode) => [...(node.logic.relay?.node.links.open() ?? [])];
    if (both) parent.logic.command({ type: "seeds", addresses: ["10.0.0.2:8300"] }, world.now);
    world.run(() => false, 2_000_000);
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
    expect(sessionsOf(parent, child)).toEqual([1, 1]);
  },
  60_000,
);
