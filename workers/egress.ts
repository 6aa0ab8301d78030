/** Egress: viewers' sessions on one thread. Wires sockets and rings to src/egress. */
import type { WorkerCommand, WorkerEvent } from "../src/contract/messages.ts";
import type { WorkerSetup } from "../src/contract/setup.ts";
import { Egress } from "../src/egress/egress.ts";
import { MediaLoop } from "../src/host/media-loop.ts";
import { monotonicUs } from "../src/io/clock.ts";
import { pinnedRegion } from "../src/io/pinned.ts";
import { randomUnit } from "../src/io/random.ts";

/** A viewer may send nothing but RTCP; two sources leave room for a browser's receiver SSRCs. */
const SOURCES_MAX = 4;

declare const self: Worker;

self.onmessage = ({ data }: MessageEvent<WorkerSetup>) => start(data);

function start(setup: WorkerSetup): void {
  const emit = (event: WorkerEvent): void => postMessage(event);
  const loop = new MediaLoop(setup, emit);
  const egress = new Egress(
    {
      output: {
        region: (socket) => loop.senders[socket]!.region,
        reserve: (socket, bytes) => loop.senders[socket]!.reserve(bytes),
        commit: (path, length) => loop.senders[path.socket]!.commit(path, length),
      },
      allocate: pinnedRegion,
      wallOffsetUs: loop.wallOffsetUs,
      random: randomUnit,
      counters: loop.block.counters,
    },
    setup.reader,
    {
      firstMedia: (session, afterUs) => emit({ type: "first-media", session, afterUs }),
      layer: (session, layer) => emit({ type: "layer", session, layer }),
      ended: (peer, reason) => loop.closeSession(peer.session, reason, monotonicUs()),
      faulted: (session, place, error) => loop.sessionFault(place, error, session, monotonicUs()),
    },
  );
  const command = (message: WorkerCommand, now: number): void => {
    if (message.type === "viewer-open") {
      egress.open(message, loop.addPeer(message, SOURCES_MAX, now), now);
    } else if (message.type === "source") {
      egress.setSource(message.stream, message.source, now);
      emit({ type: "source-changed", stream: message.stream });
    } else if (message.type === "limit-layers") {
      egress.limit(message.session, message.limits, now);
    } else if (message.type === "stats") {
      emit({ type: "stats", request: message.request, sessions: egress.stats(message.session) });
    }
  };
  self.onmessage = ({ data }: MessageEvent<WorkerCommand>) => loop.handleCommand(data);
  loop.run({
    connected: (peer, now) => egress.connected(peer.session, now),
    // A viewer has nothing to publish: whatever it sends by RTP has kept its session alive.
    rtp: () => {},
    rtcp: (peer, now, region, offset) =>
      egress.handleRtcp(peer.session, now, region.bytes, offset, peer.length),
    closed: (session, now) => egress.close(session, now),
    command,
    mark: (index) => egress.mark(index),
    received: () => {},
    work: (now, deadline) => egress.forward(now, deadline, monotonicUs),
    get hasWork() {
      return egress.hasWork;
    },
    get late() {
      return egress.late;
    },
    handleTimeout: (now) => egress.handleTimeout(now),
    nextTimeout: () => egress.nextTimeout(),
  });
}
