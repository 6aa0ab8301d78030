/** Egress: viewers' sessions on one thread. Wires sockets and rings to src/egress. */
import type { WorkerCommand, WorkerEvent } from "../src/contract/messages.ts";
import type { WorkerSetup } from "../src/contract/setup.ts";
import type { EgressEnvironment } from "../src/egress/context.ts";
import { Egress } from "../src/egress/egress.ts";
import type { EgressEvents } from "../src/egress/events.ts";
import type { Home } from "../src/host/home.ts";
import { MediaHost } from "../src/host/media-host.ts";
import type { MediaLogic } from "../src/host/media-logic.ts";
import { monotonicUs, realtimeUs } from "../src/io/clock.ts";
import { randomUnit } from "../src/io/random.ts";
import { rehearse } from "../src/rehearsal/rehearse.ts";

/** A viewer may send nothing but RTCP; two sources leave room for a browser's receiver SSRCs. */
const SOURCES_MAX = 4;

declare const self: Worker;

self.onmessage = ({ data }: MessageEvent<WorkerSetup>) => start(data);

function start(setup: WorkerSetup): void {
  const host = new MediaHost(setup, (event: WorkerEvent) => postMessage(event));
  const logicIn = (home: Home): MediaLogic =>
    logicOf(new Egress(environmentIn(home), setup.reader, eventsIn(home)), home);
  self.onmessage = ({ data }: MessageEvent<WorkerCommand>) => host.sessions.handleCommand(data);
  if (setup.warmUp) rehearse("viewer", setup.certificate.fingerprint, host.ground, logicIn);
  host.run(logicIn(host));
}

function environmentIn({ counters, bells, allocate }: Home): EgressEnvironment {
  return {
    wish: ({ writer, index }) => bells.wish(writer, index),
    allocate,
    wallOffsetUs: realtimeUs() - monotonicUs(),
    random: randomUnit,
    counters,
  };
}

function eventsIn({ sessions, emit }: Home): EgressEvents {
  return {
    firstMedia: (session, afterUs) => emit({ type: "first-media", session, afterUs }),
    layer: (session, layer) => emit({ type: "layer", session, layer }),
    ended: (peer, reason) => sessions.close(peer.session, reason, monotonicUs()),
    faulted: (session, place, error) => sessions.fault(place, error, session, monotonicUs()),
  };
}

function logicOf(egress: Egress, { sessions, emit }: Home): MediaLogic {
  const command = (message: WorkerCommand, now: number): void => {
    if (message.type === "viewer-open") {
      egress.open(message, sessions.addPeer(message, SOURCES_MAX, now), now);
    } else if (message.type === "source") {
      egress.setSource(message.stream, message.source, now);
      emit({ type: "source-changed", stream: message.stream });
    } else if (message.type === "limit-layers") {
      egress.limit(message.session, message.limits, now);
    } else if (message.type === "stats") {
      emit({ type: "stats", request: message.request, sessions: egress.stats(message.session) });
    }
  };
  return {
    connected: (peer, now) => egress.connected(peer.session, now),
    // A viewer has nothing to publish: whatever it sends by RTP has kept its session alive.
    rtp: () => {},
    rtcp: (peer, now, region, offset) =>
      egress.handleRtcp(peer.session, now, region.bytes, offset, peer.length),
    closed: (session, now) => egress.close(session, now),
    command,
    mark: (index) => egress.mark(index),
    received: () => {},
    workAt: (now, patience) => egress.workAt(now, patience),
    work: (now, deadline, patience) => egress.forward(now, deadline, monotonicUs, patience),
    get late() {
      return egress.late;
    },
    handleTimeout: (now) => egress.handleTimeout(now),
    nextTimeout: () => egress.nextTimeout(),
  };
}
