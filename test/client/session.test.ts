import { afterAll, describe, expect, test } from "bun:test";
import { offeredSections } from "../../src/client/offer.ts";
import { SessionError } from "../../src/client/session.ts";
import type { SessionOptions } from "../../src/client/session-options.ts";
import { WhipError } from "../../src/client/whip.ts";
import type { MediaSection } from "../../src/contract/session.ts";
import { CONNECT_TIMEOUT_US } from "../../src/limits.ts";
import { PeerEvent } from "../../src/peer/events.ts";
import { Extension } from "../../src/wire/extensions.ts";
import { writePli } from "../../src/wire/rtcp/pli.ts";
import { seeded } from "../support/random.ts";
import { DELAY_US, PLACE, V4, World, type WorldOptions } from "./session-world.ts";

const ROUND_TRIP_US = 2 * DELAY_US;
/** RFC 8445 14.2: Ta. */
const PACE_US = 50_000;

const worlds: World[] = [];
afterAll(() => {
  for (const world of worlds) world.free();
});

async function open(options: WorldOptions = {}, more: Partial<SessionOptions> = {}) {
  const world = new World(options);
  const begun = world.now;
  const session = await world.open(more);
  worlds.push(world);
  return { world, session, begun };
}

/** What opening ends with. */
async function failure(world: World, more: Partial<SessionOptions> = {}): Promise<Error | null> {
  try {
    await world.open(more);
    return null;
  } catch (error) {
    return error as Error;
  }
}

/** Opus and VP8 with a header extension. */
function published(): readonly MediaSection[] {
  const opus = { codec: "opus", clockRate: 48_000, channels: 2, fmtp: "" } as const;
  const vp8 = { codec: "vp8", clockRate: 90_000, channels: 1, fmtp: "" } as const;
  const random = seeded(5);
  const sections = offeredSections(opus, vp8, (limit) => Math.floor(random() * limit));
  return sections.map((section) => {
    const extensionIds = [...section.extensionIds];
    extensionIds[Extension.absCaptureTime] = 5;
    return { ...section, extensionIds };
  });
}

describe("a session", () => {
  test("finds its path by a check, and is connected two round trips later", async () => {
    const { world, session, begun } = await open();
    expect(world.sent(0)).toEqual([]);
    expect(world.connect()).toBe(true);
    // The answer to its offer took one as well.
    expect(world.events).toEqual([
      [PeerEvent.moved, begun + 2 * ROUND_TRIP_US],
      [PeerEvent.connected, begun + 4 * ROUND_TRIP_US],
    ]);
    expect(session.peer.path?.via).toBe(world.transports[0]!);
    expect(session.peer.ice.roundTripUs).toBe(ROUND_TRIP_US);
    expect(session.media.map(({ ssrcs }) => ssrcs)).toEqual([[11], [22]]);
  });

  test("repeats a check that was lost, at its time", async () => {
    const lost = (_family: number, before: number) => before === 0;
    const { world, begun } = await open({ candidates: [V4], loses: lost });
    world.connect();
    expect(world.events[0]).toEqual([PeerEvent.moved, begun + 2 * ROUND_TRIP_US + PACE_US]);
  });

  test("hands over what came, opened, and nothing of what is not the server's", async () => {
    const { world } = await open();
    world.connect();
    world.events.length = 0;
    for (const index of [5, 6]) world.send(world.packet(index));
    world.send(world.packet(7).fill(0, 20));
    world.send(Uint8Array.of(0xff, 1, 2));
    world.run(DELAY_US);
    expect(world.events.map(([event]) => event)).toEqual([PeerEvent.rtp, PeerEvent.rtp]);
    const packets = world.packets.slice(-2);
    expect(packets.map(({ length }) => length)).toEqual([52, 52]);
    expect(packets.map((bytes) => bytes[3])).toEqual([5, 6]);
  });

  test("sends on the path that was chosen, where the socket has room", async () => {
    const { world, session } = await open();
    world.connect();
    const before = world.sent(0).length;
    const place = session.reserve(100);
    expect(place).toBe(PLACE);
    const length = writePli(session.region.bytes, place, 1, 22);
    const { rtcpOverhead } = session.peer.sender!;
    session.commit(session.peer.sender!.sealRtcp(session.region, place, length));
    expect(
      world
        .sent(0)
        .slice(before)
        .map((bytes) => bytes.length),
    ).toEqual([length + rtcpOverhead]);
  });

  test("has no room for media before there is a path", async () => {
    const { world, session } = await open();
    expect(session.reserve(100)).toBe(-1);
    session.commit(100);
    expect(world.sent(0)).toEqual([]);
  });

  test("goes by the other family where the first is dead, and listens to that socket only", async () => {
    const { world, session } = await open({ loses: (family) => family === 4 });
    expect(world.connect()).toBe(true);
    expect(session.peer.path?.via).toBe(world.transports[1]!);
    const { length } = world.sent(1);
    session.commit(40);
    expect(world.sent(1)).toHaveLength(length + 1);
    world.events.length = 0;
    world.send(world.packet(5), 0);
    world.send(world.packet(6), 1);
    world.run(DELAY_US);
    expect(world.packets.at(-1)![3]).toBe(6);
    expect(world.events).toHaveLength(1);
  });

  test("with a server that says nothing is over in time", async () => {
    const { world, session } = await open({ loses: () => true });
    const closed = () => session.peer.state === "closed";
    expect(world.run(CONNECT_TIMEOUT_US - 1, closed)).toBe(false);
    expect(world.run(1, closed)).toBe(true);
    expect(session.peer.closeReason).toBe("connect-timeout");
  });

  test("says goodbye to the server's peer once, and over HTTP when it is told", async () => {
    const { world, session } = await open();
    world.connect();
    world.run(ROUND_TRIP_US);
    const before = world.sent(0).length;
    session.end(world.now);
    session.end(world.now);
    expect(world.sent(0)).toHaveLength(before + 1);
    expect(session.peer.sender).toBeNull();
    world.run(DELAY_US);
    expect(world.server.closeReason).toBe("peer-closed");
    expect(world.deletes).toBe(0);
    await session.delete();
    expect(world.deletes).toBe(1);
  });
});

describe("an offer", () => {
  test("of a publisher keeps its SSRCs, and takes payload types and extensions of the answer", async () => {
    const media = published();
    const answer = (sdp: string) =>
      sdp.replace(/^m=audio 9/m, "m=audio 0").replaceAll("extmap:5", "extmap:6");
    const { session } = await open({ role: "publisher", answer }, { media });
    expect(session.media.map(({ kind }) => kind)).toEqual(["video"]);
    const [video] = session.media;
    expect(video?.ssrcs).toEqual(media[1]!.ssrcs);
    expect(video?.rtxSsrcs).toEqual(media[1]!.rtxSsrcs);
    expect(video?.extensionIds[Extension.absCaptureTime]).toBe(6);
  });

  test("has credentials, a name and a number of its own", async () => {
    const [one, other] = [
      (await open({ seed: 1 })).session.offer,
      (await open({ seed: 2 })).session.offer,
    ];
    for (const key of ["ufrag", "pwd", "sessionId", "cname"] as const) {
      expect(one[key]).not.toBe(other[key]);
    }
    // RFC 8839 5.4, RFC 9429 5.2.1, RFC 7022 4.2.
    expect(one.ufrag).toMatch(/^[A-Za-z0-9+/]{4,}$/);
    expect(one.pwd).toMatch(/^[A-Za-z0-9+/]{22,}$/);
    expect(BigInt(one.sessionId) < 2n ** 63n).toBe(true);
    expect(Uint8Array.fromBase64(one.cname)).toHaveLength(12);
  });
});

describe("a session that is of no use is deleted", () => {
  const without = (sdp: string) => sdp.replace(/^(m=\w+) 9/gm, "$1 0");
  const cases: readonly [string, WorldOptions, RegExp][] = [
    ["an answer without media", { answer: without }, /^unusable answer: /],
    ["what is no answer", { answer: () => "<html>" }, /^unusable answer: /],
    ["no address", { candidates: [] }, /^the server named no address/],
    ["none that we have", { families: [6], candidates: [V4] }, /^the server named no address/],
  ];
  test.each([...cases])("%s", async (_name, options, message) => {
    const world = new World(options);
    const error = await failure(world);
    expect(error).toBeInstanceOf(SessionError);
    expect(error?.message).toMatch(message);
    expect(world.deletes).toBe(1);
  });

  test("a codec that was not offered", async () => {
    const answer = (sdp: string) => sdp.replaceAll("VP8/90000", "AV1/90000");
    const world = new World({ role: "publisher", answer });
    const error = await failure(world, { media: published().slice(1) });
    expect(error?.message).toBe("the server takes none of the tracks");
    expect(world.deletes).toBe(1);
  });

  test("a socket that cannot be opened", async () => {
    const world = new World();
    const pathsTo = () => {
      throw new Error("EMFILE");
    };
    const error = await failure(world, {
      sockets: { pathsTo },
    });
    expect(error?.message).toBe("EMFILE");
    expect(world.deletes).toBe(1);
  });

  test("but not where the server made none", async () => {
    const world = new World({ refuse: new WhipError("full", 503) });
    expect(await failure(world)).toBeInstanceOf(WhipError);
    expect(world.deletes).toBe(0);
  });
});
