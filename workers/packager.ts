/** Packager: the tails of streams on one thread. Wires rings to src/packager. */
import type { WorkerCommand, WorkerEvent } from "../src/contract/messages.ts";
import type { WorkerSetup } from "../src/contract/setup.ts";
import { messageOf } from "../src/errors.ts";
import { drillWorker } from "../src/host/drills.ts";
import { type Guest, Loop, openGround } from "../src/host/loop.ts";
import { monotonicUs, realtimeUs } from "../src/io/clock.ts";
import { ringEventFd } from "../src/io/event-fd.ts";
import { Packager } from "../src/packager/packager.ts";
import { Doorbells, WorkerBlock } from "../src/ring/doorbell.ts";

declare const self: Worker;

self.onmessage = ({ data }: MessageEvent<WorkerSetup>) => start(data);

function start(setup: WorkerSetup): void {
  const emit = (event: WorkerEvent): void => postMessage(event);
  const blocks = setup.bells.map(({ block }) => new WorkerBlock(block));
  const bells = new Doorbells(blocks, setup.readers, (worker) =>
    ringEventFd(setup.bells[worker]!.doorbellFd),
  );
  const packager = new Packager({
    reader: setup.reader,
    wish: ({ writer, index }) => bells.wish(writer, index),
    tell: emit,
    failed: (error) => {
      const fields = {
        cause: messageOf(error),
        stack: error instanceof Error ? (error.stack ?? null) : null,
      };
      emit({ type: "log", level: "error", message: "A tail failed", fields });
    },
    gzip: (text) => Bun.gzipSync(text),
    wallOffsetUs: realtimeUs() - monotonicUs(),
    counters: blocks[setup.number]!.counters,
  });
  self.onmessage = ({ data }: MessageEvent<WorkerCommand>) => obey(data, packager, emit);
  emit({ type: "ready" });
  new Loop(openGround(setup), guestOf(packager)).run();
}

function obey(command: WorkerCommand, packager: Packager, emit: (event: WorkerEvent) => void) {
  if (command.type === "drill") {
    if (!("session" in command.drill)) drillWorker(command.drill.kind);
  } else if (command.type === "stats") {
    emit({ type: "stats", request: command.request, sessions: [] });
  } else {
    packager.command(command, monotonicUs());
    if (command.type === "source") emit({ type: "source-changed", stream: command.stream });
  }
}

/** It has no sockets, and comes by the clock. */
function guestOf(packager: Packager): Guest {
  return {
    nextTimeout: () => packager.nextLook(),
    receive: () => {},
    mark: () => {},
    workAt: () => Number.POSITIVE_INFINITY,
    blocked: false,
    work: () => false,
    handleTimeout: (now) => packager.look(now),
    flush: () => {},
    copyCounters: () => {},
  };
}
