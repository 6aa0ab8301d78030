/** Ingest: publishers' sessions on one thread. Wires sockets and rings to src/ingest. */
import { randomBytes } from "node:crypto";
import { Counter, countUp } from "../src/contract/counters.ts";
import type { WorkerCommand, WorkerEvent } from "../src/contract/messages.ts";
import type { WorkerSetup } from "../src/contract/setup.ts";
import type { SessionStats } from "../src/contract/statistics.ts";
import { MediaHost } from "../src/host/media-host.ts";
import { EarlyMedia } from "../src/ingest/early-media.ts";
import { Publisher, RTCP_BYTES_MAX } from "../src/ingest/publisher.ts";
import { ringEventFd } from "../src/io/event-fd.ts";
import { SSRCS_EXTRA_MAX } from "../src/limits.ts";
import type { Peer } from "../src/peer/peer.ts";
import { Doorbells, WorkerBlock } from "../src/ring/doorbell.ts";
import type { RingWriter } from "../src/ring/writer.ts";
import type { Region } from "../src/srtp/cipher.ts";

const SRTCP_OVERHEAD_MAX = 32;

type Open = Extract<WorkerCommand, { type: "publisher-open" }>;
type Rings = Extract<WorkerCommand, { type: "publisher-rings" }>;

/** A publisher that has no rings yet: it is not connected, or control has not answered. */
interface Newcomer {
  readonly command: Open;
  readonly peer: Peer;
  readonly early: EarlyMedia;
}

declare const self: Worker;

self.onmessage = ({ data }: MessageEvent<WorkerSetup>) => start(data);

function start(setup: WorkerSetup): void {
  const emit = (event: WorkerEvent): void => postMessage(event);
  const host = new MediaHost(setup, emit);
  const newcomers = new Map<number, Newcomer>();
  const publishers = new Map<number, Publisher>();
  const doorbells = new Doorbells(
    setup.readers.map((reader) => new WorkerBlock(reader.block)),
    (reader) => ringEventFd(setup.readers[reader]!.doorbellFd),
  );
  const visit = (index: number, writer: RingWriter): void => doorbells.ring(index, writer);

  const open = (command: Open, now: number): void => {
    const announced = command.media.flatMap((section) => [...section.ssrcs, ...section.rtxSsrcs]);
    const layers = command.media.reduce((sum, { rids }) => sum + Math.max(1, rids.length) * 2, 0);
    const sourcesMax = Math.max(announced.length, layers) + SSRCS_EXTRA_MAX;
    const peer = host.sessions.addPeer(command, sourcesMax, now);
    newcomers.set(command.session, { command, peer, early: new EarlyMedia() });
  };

  const grant = ({ session, rings }: Rings, now: number): void => {
    const newcomer = newcomers.get(session);
    // Gone meanwhile; control gets the rings back with its `closed`.
    if (newcomer === undefined) return;
    newcomers.delete(session);
    const publisher = new Publisher({
      command: { ...newcomer.command, rings },
      peer: newcomer.peer,
      now,
      ssrc: randomBytes(4).readUInt32BE(0) || 1,
      cname: randomBytes(12).toString("base64url"),
      readers: doorbells.readers,
      counters: host.counters,
    });
    publishers.set(session, publisher);
    newcomer.early.replay((region, offset, length, arrival, rtcp) => {
      if (rtcp) publisher.handleRtcp(now, region, offset, length, arrival);
      else publisher.handleRtp(now, region, offset, length, arrival);
    });
    publisher.drainTouched(visit);
    sendFeedback(publisher, now);
  };

  const hold = (peer: Peer, region: Region, offset: number, arrival: number, rtcp: boolean) => {
    const early = newcomers.get(peer.session)?.early;
    if (early?.hold(region, offset, peer.length, arrival, rtcp) === false) {
      countUp(host.counters, Counter.packetsEarlyDropped);
    }
  };

  /** Feedback that is due, sealed into the socket's arena. */
  const sendFeedback = (publisher: Publisher, now: number): void => {
    const peer = host.sessions.table.bySession(publisher.session);
    if (peer === null || peer.sender === null || peer.path === null) return;
    const sender = host.sockets.senders[peer.path.socket]!;
    // Without consent nothing leaves (RFC 7675); a path on trial has a ration.
    while (peer.reportsAllowed) {
      const at = sender.reserve(RTCP_BYTES_MAX + SRTCP_OVERHEAD_MAX);
      if (at < 0) return;
      const length = publisher.pollRtcp(now, sender.region.bytes.subarray(at, at + RTCP_BYTES_MAX));
      if (length === 0) return;
      const sealed = peer.sender.sealRtcp(sender.region, at, length);
      sender.commit(peer.path, sealed);
      peer.noteReport(sealed);
    }
  };

  /** What one publisher makes throw costs that one; the others have their turn all the same. */
  const each = (place: string, now: number, look: (publisher: Publisher) => void): void => {
    for (const publisher of publishers.values()) {
      try {
        look(publisher);
      } catch (error) {
        host.sessions.fault(place, error, publisher.session, now);
      }
    }
  };

  const tellLimit = ({ session, limit }: Publisher, now: number): void => {
    const { stage, rate } = limit;
    limit.changed = false;
    const fields = { session, stage, bitrate: Math.round(rate), bitrateMax: limit.limit };
    const level = stage === "within" ? "info" : "warn";
    emit({ type: "log", level, message: "Bit rate of a publisher", fields });
    if (stage === "ended") host.sessions.close(session, "bitrate", now);
  };

  const timeouts = (now: number): void =>
    each("a timer", now, (publisher) => {
      if (now >= publisher.nextTimeout()) {
        publisher.handleTimeout(now);
        sendFeedback(publisher, now);
        if (publisher.limit.changed) tellLimit(publisher, now);
      }
    });

  self.onmessage = ({ data }: MessageEvent<WorkerCommand>) => host.sessions.handleCommand(data);
  host.run({
    // Control answers with the rings.
    connected: () => {},
    rtp: (peer, now, region, offset, arrival) => {
      const publisher = publishers.get(peer.session);
      if (publisher === undefined) hold(peer, region, offset, arrival, false);
      else publisher.handleRtp(now, region, offset, peer.length, arrival);
    },
    rtcp: (peer, now, region, offset, arrival) => {
      const publisher = publishers.get(peer.session);
      if (publisher === undefined) hold(peer, region, offset, arrival, true);
      else publisher.handleRtcp(now, region, offset, peer.length, arrival);
    },
    closed: (session) => {
      newcomers.delete(session);
      const publisher = publishers.get(session);
      publishers.delete(session);
      publisher?.close();
    },
    command: (message, now) => {
      if (message.type === "publisher-open") open(message, now);
      else if (message.type === "publisher-rings") grant(message, now);
      else if (message.type === "stats") {
        const sessions: SessionStats[] = [];
        each("its statistics", now, (publisher) => {
          const chosen = message.session === null || publisher.session === message.session;
          if (chosen) sessions.push(publisher.stats(now));
        });
        emit({ type: "stats", request: message.request, sessions });
      }
    },
    mark: () => {},
    received: (now) =>
      each("its feedback", now, (publisher) => {
        publisher.drainTouched(visit);
        if (now >= publisher.nextTimeout()) sendFeedback(publisher, now);
      }),
    work: () => false,
    hasWork: false,
    late: false,
    handleTimeout: timeouts,
    nextTimeout: () => {
      let earliest = Number.POSITIVE_INFINITY;
      for (const publisher of publishers.values()) {
        // Without an address (another session took it over) nothing that is due can leave.
        const { path, reportsAllowed } = publisher.peer;
        if (path === null || !reportsAllowed) continue;
        earliest = Math.min(earliest, publisher.nextTimeout());
      }
      return earliest;
    },
  });
}
