import { describe, expect, test } from "bun:test";
import { Egress } from "../../src/egress/egress.ts";
import type { Feeds } from "../../src/feed/feeds.ts";
import { NO_LIMITS } from "../../src/media/layer-choice.ts";
import type { Peer } from "../../src/peer/peer.ts";
import { SlotFlag } from "../../src/ring/layout.ts";
import type { SrtpCipher } from "../../src/srtp/cipher.ts";
import { SrtpSender } from "../../src/srtp/sender.ts";
import type { Transport } from "../../src/wire/path.ts";
import { seeded } from "../support/random.ts";
import { audioSection, KEY, Sim, sourceOf, Track, videoSection } from "./harness.ts";

/** Sizes of everything that Egress keeps of streams and viewers. */
function sizes(egress: Egress): Record<string, number> {
  const inside = egress as unknown as {
    feeds: Feeds;
    following: Map<number, unknown>;
    active: unknown;
    queues: { catchingUp: unknown[] };
  };
  return {
    viewers: egress.viewers.size,
    feeds: inside.feeds.all.size,
    following: inside.following.size,
    dirty: inside.feeds.hasNews ? 1 : 0,
    active: inside.active === null ? 0 : 1,
    catchingUp: inside.queues.catchingUp.length,
  };
}

const EMPTY = { viewers: 0, feeds: 0, following: 0, dirty: 0, active: 0, catchingUp: 0 };

describe("viewers and sources come and go", () => {
  test("1,000 sessions at any stage leave nothing behind", () => {
    const random = seeded(3);
    const sim = new Sim(3);
    const audio = new Track("audio");
    const video = new Track("video");
    const source = sourceOf({ audio, video: [video] });
    let sequence = 0;
    const open: number[] = [];
    for (let cycle = 0; cycle < 1_000; cycle += 1) {
      open.push(sim.open(random() < 0.1 ? null : source, { connect: random() < 0.8 }).session);
      video.put(sequence, sequence * 3000, sim.now, { flags: sequence % 20 === 0 ? KEY : 0 });
      audio.put(sequence, sequence * 960, sim.now);
      sequence += 1;
      sim.egress.mark(video.grant.index);
      sim.egress.mark(audio.grant.index);
      if (random() < 0.5) sim.egress.forward(sim.now, sim.now - 1, () => sim.now);
      if (random() < 0.05) sim.egress.setSource(1, null, sim.now);
      if (random() < 0.3) sim.pass(20_000);
      while (open.length > 10 || (open.length > 0 && random() < 0.3)) {
        sim.close(open.splice(Math.floor(random() * open.length), 1)[0]!);
      }
    }
    for (const session of open) sim.close(session);
    sim.forward();
    expect(sizes(sim.egress)).toEqual(EMPTY);
    expect([audio.wanted, video.wanted]).toEqual([false, false]);
    expect(sim.egress.nextTimeout()).toBe(Number.POSITIVE_INFINITY);
    expect(sim.egress.hasWork).toBeFalse();
  });

  test("100 publishers after one another leave one source's rings, then none", () => {
    const sim = new Sim();
    const viewer = sim.open(null);
    const other = sim.open(null, { stream: 2 });
    let last: Track | null = null;
    for (let epoch = 0; epoch < 100; epoch += 1) {
      const video = new Track("video");
      const audio = new Track("audio");
      sim.egress.setSource(1, sourceOf({ audio, video: [video] }), sim.now);
      expect(last === null || !last.wanted).toBeTrue();
      last = video;
      video.put(5, 5, sim.now, { flags: KEY });
      audio.put(5, 5, sim.now);
      sim.forward(video, audio);
      sim.pass(20_000);
      expect(sizes(sim.egress)).toMatchObject({ feeds: 2, following: 1 });
    }
    expect(viewer.rtp.length).toBe(200);
    expect(other.rtp).toEqual([]);
    sim.egress.setSource(1, null, sim.now);
    expect(sizes(sim.egress)).toMatchObject({ feeds: 0, following: 0 });
  });

  test("a source of a stream that nobody watches here is not read", () => {
    const sim = new Sim();
    const video = new Track("video");
    sim.egress.setSource(1, sourceOf({ video: [video] }), sim.now);
    sim.egress.setSource(9, null, sim.now);
    expect(sizes(sim.egress)).toEqual(EMPTY);
    expect(video.wanted).toBeFalse();
    sim.egress.mark(video.grant.index);
    expect(sim.egress.hasWork).toBeFalse();
  });

  test("the same source again changes nothing; a viewer without one does not take it from others", () => {
    const sim = new Sim();
    const video = new Track("video");
    const source = sourceOf({ video: [video] });
    const viewer = sim.open(source);
    video.put(0, 0, sim.now, { flags: KEY });
    sim.forward(video);
    sim.egress.setSource(1, source, sim.now);
    sim.open(null);
    video.put(1, 1, sim.now);
    sim.forward(video);
    expect(viewer.rtp.map(({ index }) => index - viewer.rtp[0]!.index)).toEqual([0, 1]);
    // The rings stay with the stream until its last viewer is gone.
    sim.close(viewer.session);
    expect(video.wanted).toBeTrue();
    sim.close(2);
    expect(video.wanted).toBeFalse();
  });

  test("only the layer that is watched wakes this thread", () => {
    const sim = new Sim();
    const layers = [new Track("video"), new Track("video")];
    sim.open(sourceOf({ video: layers }));
    expect(layers.map(({ wanted }) => wanted)).toEqual([true, false]);
  });
});

describe("memory", () => {
  test("a million packets leave the heap as it was", () => {
    let sent = 0;
    const via: Transport = {
      region: { bytes: new Uint8Array(4096), address: 0 },
      stalled: false,
      backlog: null,
      reserve: () => 0,
      commit: () => {
        sent += 1;
      },
      send: () => {},
    };
    const path = { via, sockaddr: new Uint8Array(16) };
    const cipher: SrtpCipher = {
      rtpOverhead: 16,
      rtcpOverhead: 20,
      sealRtp: (_out, _at, header, _input, _from, length) => header + length + 16,
      sealRtcp: (_region, _offset, length) => length + 20,
      openRtp: () => -1,
      openRtcp: () => -1,
      free: () => {},
    };
    const egress = new Egress(
      {
        wish: () => {},
        allocate: (bytes) => ({ bytes: new Uint8Array(bytes), address: 0 }),
        wallOffsetUs: 0,
        random: seeded(1),
        counters: new Float64Array(64),
      },
      0,
      { firstMedia: () => {}, layer: () => {}, ended: () => {}, faulted: () => {} },
    );
    const video = new Track("video");
    const source = sourceOf({ video: [video] });
    for (let session = 1; session <= 500; session += 1) {
      const sender = new SrtpSender(cipher);
      const peer = { session, state: "connected", mediaAllowed: true, path, sender };
      egress.open(
        {
          type: "viewer-open",
          session,
          stream: 1,
          peer: {
            localUfrag: "",
            localPwd: "",
            remoteUfrag: "",
            remotePwd: "",
            dtlsRole: "server",
            fingerprints: [],
          },
          media: [audioSection(), videoSection()],
          source,
          cname: "spillway-cname",
          playoutDelay: null,
          limits: NO_LIMITS,
        },
        peer as unknown as Peer,
        0,
      );
      egress.connected(session, 0);
    }
    let sequence = 0;
    const run = (packets: number): void => {
      for (const end = sequence + packets; sequence < end; sequence += 1) {
        const now = sequence * 4_000;
        const flags = sequence % 250 === 0 ? KEY : sequence % 8 === 0 ? SlotFlag.frameStart : 0;
        video.put(sequence, sequence * 375, now, { flags, length: 40 });
        if (sequence % 8 !== 7) continue;
        egress.mark(video.grant.index);
        for (let at = now; egress.hasWork; at += 500) {
          egress.forward(at, Number.POSITIVE_INFINITY, () => at);
        }
        egress.handleTimeout(now);
      }
    };
    // Without feedback a viewer remembers 3 s of packets: after these its memory is as large as it gets.
    run(1_200);
    Bun.gc(true);
    const before = process.memoryUsage().heapUsed;
    const start = performance.now();
    run(2_000);
    const perPacketNs = ((performance.now() - start) * 1e6) / 1_000_000;
    Bun.gc(true);
    const growth = process.memoryUsage().heapUsed - before;
    expect(sent).toBeGreaterThanOrEqual(1_599_000);
    expect(growth, `${growth} bytes, ${perPacketNs.toFixed(0)} ns a packet`).toBeLessThan(2e5);
  }, 80_000);
});

test("media that waits for its worker shows as lag, and is forgotten once it is served in time", () => {
  const sim = new Sim();
  const audio = new Track("audio");
  sim.open(sourceOf({ audio }), { media: [audioSection()] });
  const serve = (ms: number, lateUs: number) => {
    for (let end = sim.now + ms * 1000; sim.now < end; ) {
      audio.put(sim.now / 20_000, 0, sim.now, { arrival: sim.now - lateUs });
      sim.forward(audio);
      sim.pass(20_000);
    }
  };
  sim.pass(20_000 - (sim.now % 20_000));
  serve(1_200, 400_000);
  expect(sim.count("lagMaxUs")).toBe(400_000);
  serve(1_200, 1_000);
  expect(sim.count("lagMaxUs")).toBe(1_000);
});

test("origin-time: media that was long on its way from another node is no lag of this worker", () => {
  const sim = new Sim();
  const audio = new Track("audio");
  sim.open(sourceOf({ audio }), { media: [audioSection()] });
  for (let i = 0; i < 60; i += 1) {
    audio.put(i, 0, sim.now, { arrival: sim.now - 305_000, late: 300_000 });
    sim.forward(audio);
    sim.pass(20_000);
  }
  expect(sim.count("lagMaxUs")).toBe(5_000);
});
