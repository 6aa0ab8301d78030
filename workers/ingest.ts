/** Ingest: publishers' sessions on one thread. Wires sockets and rings to src/ingest. */
import { randomBytes } from "node:crypto";
import type { WorkerCommand, WorkerEvent, WorkerSetup } from "../src/commands.ts";
import { Publisher, RTCP_BYTES_MAX } from "../src/ingest/publisher.ts";
import { monotonicUs } from "../src/io/clock.ts";
import { ringEventFd } from "../src/io/event-fd.ts";
import { MediaLoop } from "../src/io/media-loop.ts";
import { SSRCS_EXTRA_MAX } from "../src/limits.ts";
import { Doorbells, WorkerBlock } from "../src/ring/doorbell.ts";
import type { RingWriter } from "../src/ring/writer.ts";

const SRTCP_OVERHEAD_MAX = 32;

declare const self: Worker;

self.onmessage = ({ data }: MessageEvent<WorkerSetup>) => start(data);

function start(setup: WorkerSetup): void {
  const emit = (event: WorkerEvent): void => postMessage(event);
  const loop = new MediaLoop(setup, emit);
  const publishers = new Map<number, Publisher>();
  const doorbells = new Doorbells(
    setup.readers.map((reader) => new WorkerBlock(reader.block)),
    (reader) => ringEventFd(setup.readers[reader]!.doorbellFd),
  );
  const visit = (index: number, writer: RingWriter): void => doorbells.ring(index, writer);

  const open = (message: Extract<WorkerCommand, { type: "publisher-open" }>, now: number): void => {
    const announced = message.media.flatMap((section) => [...section.ssrcs, ...section.rtxSsrcs]);
    const layers = message.rings.reduce((sum, rings) => sum + rings.length * 2, 0);
    const sourcesMax = Math.max(announced.length, layers) + SSRCS_EXTRA_MAX;
    const publisher = new Publisher({
      command: message,
      peer: loop.addPeer(message, sourcesMax, now),
      now,
      ssrc: randomBytes(4).readUInt32BE(0) || 1,
      cname: randomBytes(12).toString("base64url"),
      readers: doorbells.readers,
      counters: loop.block.counters,
    });
    publishers.set(message.session, publisher);
  };

  /** Feedback that is due, sealed into the socket's arena. */
  const sendFeedback = (publisher: Publisher, now: number): void => {
    const peer = loop.table.bySession(publisher.session);
    if (peer === null || peer.sender === null || peer.path === null) return;
    const sender = loop.senders[peer.path.socket]!;
    for (;;) {
      const at = sender.reserve(RTCP_BYTES_MAX + SRTCP_OVERHEAD_MAX);
      if (at < 0) return;
      const length = publisher.pollRtcp(now, sender.region.bytes.subarray(at, at + RTCP_BYTES_MAX));
      if (length === 0) return;
      sender.commit(peer.path, peer.sender.sealRtcp(sender.region, at, length));
    }
  };

  const timeouts = (now: number): void => {
    for (const publisher of publishers.values()) {
      if (now >= publisher.nextTimeout()) {
        publisher.handleTimeout(now);
        sendFeedback(publisher, now);
      }
      if (publisher.left) loop.closeSession(publisher.session, "peer-closed", now);
    }
  };

  self.onmessage = ({ data }: MessageEvent<WorkerCommand>) => loop.handleCommand(data);
  loop.run({
    connected: (peer, now) => {
      const publisher = publishers.get(peer.session);
      if (publisher !== undefined) sendFeedback(publisher, now);
    },
    rtp: (peer, now, region, offset, arrival) =>
      publishers.get(peer.session)?.handleRtp(now, region, offset, peer.length, arrival),
    rtcp: (peer, now, region, offset, arrival) =>
      publishers.get(peer.session)?.handleRtcp(now, region, offset, peer.length, arrival),
    closed: (peer) => {
      publishers.get(peer.session)?.close();
      publishers.delete(peer.session);
    },
    command: (message, now) => {
      if (message.type === "publisher-open") open(message, now);
      else if (message.type === "stats") {
        const chosen = [...publishers.values()].filter(
          ({ session }) => message.session === null || session === message.session,
        );
        const sessions = chosen.map((publisher) => publisher.stats(monotonicUs()));
        emit({ type: "stats", request: message.request, sessions });
      }
    },
    mark: () => {},
    received: (now) => {
      for (const publisher of publishers.values()) {
        publisher.drainTouched(visit);
        if (now >= publisher.nextTimeout()) sendFeedback(publisher, now);
      }
    },
    work: () => false,
    hasWork: false,
    handleTimeout: timeouts,
    nextTimeout: () => {
      let earliest = Number.POSITIVE_INFINITY;
      for (const publisher of publishers.values()) {
        // Without an address (another session took it over) nothing that is due can leave.
        if (publisher.peer.path === null) continue;
        earliest = Math.min(earliest, publisher.nextTimeout());
      }
      return earliest;
    },
  });
}
