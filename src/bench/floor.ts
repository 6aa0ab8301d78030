/** The floor: CPU per packet of sealing and sending alone (see floor-sender.ts). */
import { chooseOpenSsl } from "../io/embedded-openssl.ts";
import { spawnWorker } from "../io/spawn.ts";
import type { SourcePlan } from "../load/options.ts";
import { BenchError } from "./error.ts";
import { END_BYTES, endReceiving, type FloorReceiverOrder } from "./floor-receiver.ts";
import type { Floor, FloorProfile, FloorSenderOrder } from "./floor-sender.ts";

/** In 13 windows of a second each only the first was dearer than the rest, by a third. */
const SETTLE_SECONDS = 2;

export interface FloorOptions {
  /** What is sent to each of so many sockets. */
  readonly plan: SourcePlan;
  readonly viewers: number;
  readonly seconds: number;
  /** Before these, uncounted; 2 unless given. */
  readonly settleSeconds?: number;
  /** Whether receivers take a message of several segments whole. */
  readonly gro: boolean;
  /** GCM unless given. */
  readonly profile?: FloorProfile;
  /** Where the sender runs and where the receiver does; null: anywhere. */
  readonly cores: { readonly server: readonly number[]; readonly load: readonly number[] } | null;
}

/** What the main thread orders of a floor thread. */
export type FloorOrder = FloorSenderOrder | FloorReceiverOrder;

/** Measures once, on two threads of this process. */
export async function measureFloor(options: FloorOptions): Promise<Floor> {
  const { plan, viewers, seconds, settleSeconds = SETTLE_SECONDS, gro, cores } = options;
  const openssl = (await chooseOpenSsl()).where;
  const end = new SharedArrayBuffer(END_BYTES);
  const [receiver, sender] = [spawnWorker("floor"), spawnWorker("floor")];
  try {
    const receive = { kind: "receive", cores: cores?.load ?? null, viewers, gro, end } as const;
    const ports = (await answer(receiver, receive)) as readonly number[];
    const { profile = "gcm" } = options;
    const send = { kind: "send", cores: cores?.server ?? null, profile, openssl, ports } as const;
    return (await answer(sender, { ...send, plan, seconds, settleSeconds })) as Floor;
  } finally {
    endReceiving(end);
    receiver.terminate();
    sender.terminate();
  }
}

function answer(worker: Worker, order: FloorOrder): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<unknown>) => resolve(data);
    worker.onerror = ({ message }) =>
      reject(new BenchError(`the floor's thread failed: ${message}`));
    worker.postMessage(order);
  });
}
