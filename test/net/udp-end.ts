/**
 * One end of a small UDP flow in a namespace, for the emulator's own tests:
 * `bun test/net/udp-end.ts PLAN`. The receiver prints what came, one JSON value, when stdin ends.
 */
import { monotonicUs } from "../../src/io/clock.ts";
import { UdpSender } from "../../src/io/udp-sender.ts";
import { openUdpSocket, sockaddrOf } from "../../src/io/udp-socket.ts";
import { copyPath } from "../../src/wire/path.ts";

export const PORT = 5000;

export type EndPlan =
  | { readonly role: "receive"; readonly address: string }
  | {
      readonly role: "send";
      readonly address: string;
      readonly to: string;
      /** Datagrams of one UDP_SEGMENT message, and messages. */
      readonly segments: number;
      readonly messages: number;
      readonly everyMs: number;
      readonly bytes: number;
    };

/** A datagram that came: its number, when it was sent and when it came, in us of one clock. */
export interface Arrival {
  readonly number: number;
  readonly sent: number;
  readonly at: number;
  readonly bytes: number;
}

if (import.meta.main) {
  const plan = JSON.parse(process.argv[2]!) as EndPlan;
  if (plan.role === "receive") await receive(plan.address);
  else await send(plan);
  process.exit(0);
}

/** Until stdin ends. */
async function receive(hostname: string): Promise<void> {
  const arrivals: Arrival[] = [];
  await Bun.udpSocket({
    hostname,
    port: PORT,
    socket: {
      data: (_socket, bytes) => {
        const at = monotonicUs();
        arrivals.push({
          number: bytes.readUInt32LE(0),
          sent: bytes.readDoubleLE(8),
          at,
          bytes: bytes.length,
        });
      },
    },
  });
  console.log("ready");
  await Bun.stdin.text();
  console.log(JSON.stringify(arrivals));
}

async function send(plan: EndPlan & { readonly role: "send" }): Promise<void> {
  const sender = new UdpSender(openUdpSocket(plan.address, 4, 0), true);
  const path = copyPath(sender, sockaddrOf(plan.to, 4, PORT), 0);
  const view = new DataView(sender.region.bytes.buffer);
  const started = monotonicUs();
  let number = 0;
  for (let message = 0; message < plan.messages; message += 1) {
    while (monotonicUs() < started + message * plan.everyMs * 1000) await Bun.sleep(1);
    for (let i = 0; i < plan.segments; i += 1) {
      const offset = sender.reserve(plan.bytes);
      view.setUint32(offset, number, true);
      view.setFloat64(offset + 8, monotonicUs(), true);
      sender.commit(path, plan.bytes);
      number += 1;
    }
    sender.flush();
  }
  if (sender.counters.errors > 0) throw new Error(`${sender.counters.errors} messages refused`);
}
