/** A bad network between one client and the server: real sockets, seeded loss and reordering. */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { seeded } from "./random.ts";

export interface RelayOptions {
  readonly seed: number;
  /** Share of datagrams lost, each way. */
  readonly loss: number;
  /** One-way delay, and how much of it is random: that is what reorders. */
  readonly delayMs: number;
  readonly jitterMs: number;
  /** Where datagrams from the client go. */
  readonly serverPort: number;
}

export class UdpRelay {
  /** Datagrams that passed, and those that were dropped. */
  passed = 0;
  dropped = 0;
  /** Loss and reordering begin when this is set: werift's DTLS takes no fragments out of order. */
  lossy = false;
  private readonly random: () => number;
  private client: RemoteInfo | null = null;
  private closed = false;

  private constructor(
    private readonly options: RelayOptions,
    private readonly near: Socket,
    private readonly far: Socket,
  ) {
    this.random = seeded(options.seed);
    near.on("message", (bytes, from) => {
      this.client = from;
      this.pass(bytes, (datagram) => far.send(datagram, options.serverPort, "127.0.0.1"));
    });
    far.on("message", (bytes) => {
      const { client } = this;
      if (client === null) return;
      this.pass(bytes, (datagram) => near.send(datagram, client.port, client.address));
    });
  }

  static async open(options: RelayOptions): Promise<UdpRelay> {
    const [near, far] = await Promise.all([bound(), bound()]);
    return new UdpRelay(options, near, far);
  }

  /** The port that takes the server's place in the client's eyes. */
  get port(): number {
    return this.near.address().port;
  }

  close(): void {
    this.closed = true;
    this.near.close();
    this.far.close();
  }

  private pass(bytes: Buffer, send: (datagram: Buffer) => void): void {
    const { loss, delayMs, jitterMs } = this.options;
    // Both are drawn for each datagram, so that the seed gives the same fate whatever comes before.
    const lost = this.random() < loss;
    const jitter = this.random() * jitterMs;
    if (lost && this.lossy) {
      this.dropped += 1;
      return;
    }
    this.passed += 1;
    setTimeout(
      () => {
        if (!this.closed) send(bytes);
      },
      delayMs + (this.lossy ? jitter : 0),
    );
  }
}

/** The candidates of an answer, all moved to the relay's port. */
export function throughRelay(answer: string, port: number): string {
  return answer.replace(/^(a=candidate:\S+ \d+ udp \d+ )\S+ \d+/gim, `$1127.0.0.1 ${port}`);
}

/** The port of an answer's first candidate. */
export function candidatePort(answer: string): number {
  const port = /^a=candidate:\S+ \d+ udp \d+ \S+ (\d+)/im.exec(answer)?.[1];
  if (port === undefined) throw new Error("the answer has no candidate");
  return Number(port);
}

async function bound(): Promise<Socket> {
  const socket = createSocket("udp4");
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once("error", reject);
  socket.bind(0, "127.0.0.1", resolve);
  await promise;
  return socket;
}
