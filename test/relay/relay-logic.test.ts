import { expect, test } from "bun:test";
import { RingWriter } from "../../src/ring/writer.ts";
import type { NamedTrack } from "../../src/wire/cascade/name.ts";
import { LinkWorld } from "../host/link-world.ts";
import { RelayNode } from "./relay-node.ts";
import { grantOf, KEYFRAME, writePacket } from "./slots.ts";

const TRACKS: readonly NamedTrack[] = [
  { kind: "video", rid: null, codec: "h264", fmtp: "", channels: 0 },
];

test("a packet that passes asks no timers anew; what may move them does", () => {
  const world = new LinkWorld();
  const [node, other] = [new RelayNode(world, 1), new RelayNode(world, 2)];
  other.logic.command({ type: "seeds", addresses: ["10.0.0.1:8300"] }, world.now);
  const links = () => [...node.logic.relay!.node.links.open()].length;
  world.run(() => links() > 0);
  const { logic } = node;
  const relay = logic.relay!;
  let asked = 0;
  const nextTimeout = relay.nextTimeout.bind(relay);
  relay.nextTimeout = () => {
    asked += 1;
    return nextTimeout();
  };
  const asks = (deed: () => void): boolean => {
    logic.nextTimeout();
    asked = 0;
    deed();
    const at = logic.nextTimeout();
    // What was kept is what is so.
    expect(at).toBeLessThanOrEqual(Math.max(world.now, nextTimeout()));
    return asked > 0;
  };
  const { now } = world;
  // What is due runs, so that nothing is.
  logic.handleTimeout(now);
  logic.setSource(1, { epoch: 1, audio: null, video: [node.ring] });
  writePacket(new RingWriter(node.ring.buffer), 1, now, KEYFRAME);
  expect(asks(() => logic.mark(node.ring.index, now))).toBeFalse();
  expect(asks(() => logic.forward(now, now + 1_000))).toBeFalse();
  expect(asks(() => logic.judge(now))).toBeFalse();
  expect(asks(() => logic.setSource(2, null))).toBeTrue();
  expect(asks(() => logic.command({ type: "drain", ms: 1 }, now))).toBeTrue();
  expect(asks(() => logic.closed(99, now))).toBeTrue();
  logic.handleTimeout(now);
  const pulled = grantOf("video", 7);
  other.logic.command({ type: "publish", name: "a", stream: 1, tracks: TRACKS, epochMin: 0 }, now);
  world.run(() => relay.node.names.best("a") !== null);
  logic.command({ type: "pull", name: "a", stream: 3, rings: [pulled] }, world.now);
  expect(asks(() => logic.mark(pulled.index, world.now))).toBeTrue();
});
