/** The floor: CPU per packet of sealing and sending alone (see floor-sender.ts). */
import { resolve } from "node:path";
import type { SourcePlan } from "../../src/load/options.ts";
import { LOAD_CORE, pinned, SERVER_CORE } from "./pin.ts";

export interface Floor {
  readonly packets: number;
  readonly seconds: number;
  readonly cpuUsPerPacket: number;
  readonly userUsPerPacket: number;
  readonly errors: number;
}

const FOLDER = import.meta.dir;

/** As `spillway load --srtp` names them. */
export type FloorProfile = "gcm" | "cm";

/** Measures once: the sender on the server's core, the receiver on the load's. */
export async function measureFloor(
  viewers: number,
  plan: SourcePlan,
  seconds: number,
  gro: boolean,
  profile: FloorProfile = "gcm",
): Promise<Floor> {
  const receiver = Bun.spawn(
    pinned(LOAD_CORE, [
      process.execPath,
      resolve(FOLDER, "floor-receiver.ts"),
      String(viewers),
      gro ? "gro" : "no",
    ]),
    { stdout: "pipe", stderr: "inherit" },
  );
  try {
    const ports = await firstLine(receiver.stdout);
    const sender = Bun.spawn(
      pinned(SERVER_CORE, [
        process.execPath,
        resolve(FOLDER, "floor-sender.ts"),
        ports,
        JSON.stringify(plan),
        String(seconds),
        profile,
      ]),
      { stdout: "pipe", stderr: "inherit" },
    );
    const text = await new Response(sender.stdout).text();
    return JSON.parse(text) as Floor;
  } finally {
    receiver.kill();
    await receiver.exited;
  }
}

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const part of stream) {
    text += decoder.decode(part, { stream: true });
    const end = text.indexOf("\n");
    if (end >= 0) return text.slice(0, end);
  }
  throw new Error("the floor's receiver did not start");
}
