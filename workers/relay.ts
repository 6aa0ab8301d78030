/** Relay: links to other nodes on one thread. Wires sockets and rings to src/relay. */
import type { WorkerCommand, WorkerEvent } from "../src/contract/messages.ts";
import type { WorkerSetup } from "../src/contract/setup.ts";
import { MediaHost } from "../src/host/media-host.ts";
import type { MediaLogic } from "../src/host/media-logic.ts";
import { monotonicUs } from "../src/io/clock.ts";
import { pathsTo } from "../src/io/paths.ts";
import { randomUnit } from "../src/io/random.ts";
import { RelayKeys } from "../src/relay/keys.ts";
import { LoadMeter } from "../src/relay/own-load.ts";
import { RelayLogic } from "../src/relay/relay-logic.ts";

declare const self: Worker;

self.onmessage = ({ data }: MessageEvent<WorkerSetup>) => start(data);

function start(setup: WorkerSetup): void {
  const keys = new RelayKeys();
  const host = new MediaHost(setup, (event: WorkerEvent) => postMessage(event), keys);
  const logic = logicOf(relayIn(host, setup, keys), host);
  self.onmessage = ({ data }: MessageEvent<WorkerCommand>) => host.sessions.handleCommand(data);
  host.run(logic);
}

function relayIn(host: MediaHost, setup: WorkerSetup, keys: RelayKeys): RelayLogic {
  const { bells, counters, allocate, sessions, sockets, emit } = host;
  // One socket carries one link to an address: those that other nodes reach are theirs to choose, and
  // of the two others one is free where the other's link is to be replaced.
  const third = setup.sockets.length / 3;
  const dialling = { fds: setup.sockets.slice(third), senders: sockets.senders.slice(third) };
  return new RelayLogic({
    keys,
    emit,
    allocate,
    clock: monotonicUs,
    ground: {
      reader: setup.reader,
      readers: bells.readers,
      counters,
      allocate,
      wish: ({ writer, index }) => bells.wish(writer, index),
      news: (index, ring) => bells.ring(index, ring),
      random: randomUnit,
    },
    load: new LoadMeter(counters),
    log: (level, message, fields) => emit({ type: "log", level, message, fields }),
    dial: (address, now) => {
      const key = keys.toKnock(address);
      const paths = pathsTo(address, dialling.fds, dialling.senders);
      return key === null || paths.length === 0 ? null : sessions.dial(key, paths, now);
    },
    close: (session, reason, now) => sessions.close(session, reason, now),
  });
}

function logicOf(logic: RelayLogic, { emit }: MediaHost): MediaLogic {
  const command = (message: WorkerCommand, now: number): void => {
    if (message.type === "source") {
      logic.setSource(message.stream, message.source);
      emit({ type: "source-changed", stream: message.stream });
    } else if (message.type === "stats") {
      emit({ type: "stats", request: message.request, sessions: [] });
    } else logic.command(message, now);
  };
  return {
    connected: (peer, now) => logic.connected(peer, now),
    rtp: (peer, now, region, offset, arrival) => logic.received(peer, now, region, offset, arrival),
    rtcp: () => {},
    closed: (session, now) => logic.closed(session, now),
    command,
    mark: (index) => logic.mark(index, monotonicUs()),
    received: () => logic.batchEnds(),
    drained: (readAt) => logic.judge(readAt),
    work: (now, deadline) => logic.forward(now, deadline),
    workAt: () => logic.relay?.workAt() ?? Number.POSITIVE_INFINITY,
    sent: () => logic.relay?.sent(monotonicUs),
    late: false,
    handleTimeout: (now) => logic.handleTimeout(now),
    nextTimeout: () => logic.nextTimeout(),
  };
}
