/** Ingest: publishers' sessions on one thread. Wires sockets and rings to src/ingest. */
import type { WorkerCommand, WorkerEvent } from "../src/contract/messages.ts";
import type { WorkerSetup } from "../src/contract/setup.ts";
import type { Home } from "../src/host/home.ts";
import { MediaHost } from "../src/host/media-host.ts";
import type { MediaLogic } from "../src/host/media-logic.ts";
import { Ingest, type IngestEnvironment, type IngestEvents } from "../src/ingest/ingest.ts";
import { ssrcsMax } from "../src/ingest/ssrc-table.ts";
import { randomFill } from "../src/io/random.ts";
import { rehearse } from "../src/rehearsal/rehearse.ts";

declare const self: Worker;

self.onmessage = ({ data }: MessageEvent<WorkerSetup>) => start(data);

function start(setup: WorkerSetup): void {
  const host = new MediaHost(setup, (event: WorkerEvent) => postMessage(event));
  const logicIn = (home: Home): MediaLogic =>
    logicOf(new Ingest(environmentIn(home), eventsIn(home)), home);
  self.onmessage = ({ data }: MessageEvent<WorkerCommand>) => host.sessions.handleCommand(data);
  if (setup.warmUp) rehearse("publisher", setup.certificate.fingerprint, host.ground, logicIn);
  host.run(logicIn(host));
}

function environmentIn({ counters, bells }: Home): IngestEnvironment {
  return {
    bells,
    random: randomFill,
    counters,
  };
}

function eventsIn({ sessions, emit }: Home): IngestEvents {
  return {
    limited: (session, { stage, rate, limit }) => {
      const fields = { session, stage, bitrate: Math.round(rate), bitrateMax: limit };
      const level = stage === "within" ? "info" : "warn";
      emit({ type: "log", level, message: "Bit rate of a publisher", fields });
    },
    ended: (session, reason, now) => sessions.close(session, reason, now),
    faulted: (session, place, error, now) => sessions.fault(place, error, session, now),
  };
}

function logicOf(ingest: Ingest, { sessions, emit }: Home): MediaLogic {
  const command = (message: WorkerCommand, now: number): void => {
    if (message.type === "publisher-open") {
      ingest.open(message, sessions.addPeer(message, ssrcsMax(message.media), now));
    } else if (message.type === "publisher-rings") {
      ingest.grant(message, now);
    } else if (message.type === "stats") {
      const { request, session } = message;
      emit({ type: "stats", request, sessions: ingest.stats(session, now) });
    }
  };
  return {
    // Control answers with the rings.
    connected: () => {},
    rtp: (peer, now, region, offset, arrival) =>
      ingest.handleRtp(peer.session, now, region, offset, peer.length, arrival),
    rtcp: (peer, now, region, offset, arrival) =>
      ingest.handleRtcp(peer.session, now, region, offset, peer.length, arrival),
    closed: (session) => ingest.close(session),
    command,
    mark: (index) => ingest.mark(index),
    received: (now) => ingest.received(now),
    work: () => false,
    workAt: () => Number.POSITIVE_INFINITY,
    late: false,
    handleTimeout: (now) => ingest.handleTimeout(now),
    nextTimeout: () => ingest.nextTimeout(),
  };
}
