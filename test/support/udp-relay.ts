/**
 * A bad network between one client and the server: real sockets, seeded loss and reordering, and a
 * NAT that gives the client another port.
 */
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
  /** What came and went since the last `rebind`, by kind. */
  since = new Since();
  private far: Socket;
  private readonly gone: Socket[] = [];

  private constructor(
    private readonly options: RelayOptions,
    private readonly near: Socket,
    far: Socket,
  ) {
    this.random = seeded(options.seed);
    this.far = far;
    near.on("message", (bytes, from) => {
      this.client = from;
      this.since.up(bytes);
      this.pass(bytes, (datagram) => this.far.send(datagram, options.serverPort, "127.0.0.1"));
    });
    this.listen(far);
  }

  /** From now on the server sees the client at another port; what goes to the old one is lost. */
  async rebind(): Promise<void> {
    const far = await bound();
    this.gone.push(this.far);
    this.far = far;
    this.since = new Since();
    this.listen(far);
  }

  /** The client's port as the server sees it. */
  get publicPort(): number {
    return this.far.address().port;
  }

  private listen(far: Socket): void {
    far.on("message", (bytes) => {
      const { client } = this;
      if (far !== this.far) this.since.lost += 1;
      if (client === null || far !== this.far) return;
      this.since.down(bytes);
      this.pass(bytes, (datagram) => this.near.send(datagram, client.port, client.address));
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
    for (const socket of [this.near, this.far, ...this.gone]) socket.close();
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

/** When things first passed after a change of port, ms of performance.now; NaN for never. */
class Since {
  /** A STUN check of the client's, or its SRTP or SRTCP. */
  heardAt = Number.NaN;
  /** RTP and RTCP of the server's. */
  rtpAt = Number.NaN;
  rtcpAt = Number.NaN;
  /** Datagrams that went to an old port. */
  lost = 0;

  up(bytes: Buffer): void {
    const check = bytes[0] === 0 && bytes[1] === 1;
    const srtp = (bytes[0]! & 0xc0) === 0x80;
    if ((check || srtp) && Number.isNaN(this.heardAt)) this.heardAt = performance.now();
  }

  down(bytes: Buffer): void {
    if ((bytes[0]! & 0xc0) !== 0x80) return;
    const now = performance.now();
    const rtcp = bytes[1]! >= 192 && bytes[1]! <= 223;
    if (rtcp && Number.isNaN(this.rtcpAt)) this.rtcpAt = now;
    if (!rtcp && Number.isNaN(this.rtpAt)) this.rtpAt = now;
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
