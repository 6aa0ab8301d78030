/** A UDP socket that belongs to no session: what an attacker has. */
import { libc } from "../../src/io/libc.ts";
import { UdpReceiver } from "../../src/io/udp-receiver.ts";
import { closeUdpSocket, openUdpSocket, sockaddrOf } from "../../src/io/udp-socket.ts";

/** Datagrams between two pauses, and the pause: what a server's socket buffer holds easily. */
const BURST = 50;
const PAUSE_MS = 2;
const MSG_DONTWAIT = 0x40;

export class Stranger {
  readonly #socket = openUdpSocket("127.0.0.1", 4, 0);
  readonly #receiver = new UdpReceiver();
  #received = 0;
  /** Bytes of the datagrams that `received` counts. */
  bytes = 0;
  sent = 0;

  send(port: number, bytes: Uint8Array): void {
    const target = sockaddrOf("127.0.0.1", 4, port);
    // A pointer to no bytes is refused.
    const data = bytes.length === 0 ? new Uint8Array(1) : bytes;
    libc.sendto(this.#socket, data, bytes.length, MSG_DONTWAIT, target, target.length);
    this.sent += 1;
  }

  async sendAll(port: number, datagrams: Iterable<Uint8Array>): Promise<void> {
    await paced(datagrams, (bytes) => this.send(port, bytes));
  }

  /** Datagrams that came back so far. */
  get received(): number {
    for (;;) {
      const count = this.#receiver.receive(this.#socket);
      this.#received += count;
      for (let i = 0; i < count; i += 1) this.bytes += this.#receiver.length(i);
      if (count === 0) return this.#received;
    }
  }

  close(): void {
    closeUdpSocket(this.#socket);
  }
}

/** Calls `send` for each datagram, with pauses in which everybody else has a turn. */
export async function paced(
  datagrams: Iterable<Uint8Array>,
  send: (bytes: Uint8Array) => void,
): Promise<void> {
  let count = 0;
  for (const bytes of datagrams) {
    send(bytes);
    count += 1;
    if (count % BURST === 0) await Bun.sleep(PAUSE_MS);
  }
}
