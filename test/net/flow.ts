/** A small UDP flow of the server's own sender between two namespaces, for tests of the emulators. */
import { resolve } from "node:path";
import { until } from "../support/until.ts";
import type { Arrival, EndPlan } from "./udp-end.ts";

/** Longer than any packet of these tests waits. */
const UNDER_WAY_MS = 500;

export interface Flow {
  readonly segments: number;
  readonly messages: number;
  readonly everyMs: number;
  readonly bytes: number;
}

/** Where one end of it runs. */
export interface FlowEnd {
  readonly address: string;
  inside(command: readonly string[]): string[];
}

/** What of a flow arrives. */
export async function runFlow(from: FlowEnd, to: FlowEnd, flow: Flow): Promise<Arrival[]> {
  const receiver = spawnEnd(to, { role: "receive", address: to.address });
  let text = "";
  const reading = (async () => {
    for await (const part of receiver.stdout.pipeThrough(new TextDecoderStream())) text += part;
  })();
  await until("the receiver listens", 5_000, () => text.startsWith("ready"));
  const sender = spawnEnd(from, { role: "send", address: from.address, to: to.address, ...flow });
  if ((await sender.exited) !== 0) throw new Error("the sender failed");
  await Bun.sleep(UNDER_WAY_MS);
  receiver.stdin.end();
  await reading;
  return JSON.parse(text.slice(text.indexOf("\n"))) as Arrival[];
}

function spawnEnd(end: FlowEnd, plan: EndPlan) {
  const script = resolve(import.meta.dir, "udp-end.ts");
  return Bun.spawn(end.inside([process.execPath, script, JSON.stringify(plan)]), {
    stdio: ["pipe", "pipe", "inherit"],
  });
}
