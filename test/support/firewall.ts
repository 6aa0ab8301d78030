/** Stands before a port of a server: passes datagrams, or lets none through. */

/** Clients reach 127.0.0.2:port and get what 127.0.0.1:port of the server sends them. */
export const OUTSIDE_ADDRESS = "127.0.0.2";
const INSIDE_ADDRESS = "127.0.0.1";

type Socket = Bun.udp.Socket<"buffer">;

export class Firewall {
  readonly #port: number;
  readonly #clients = new Map<number, Promise<Socket>>();
  #front: Socket | null = null;
  /** While true, nothing passes. */
  isShut: boolean;

  static async open(port: number, isShut = false): Promise<Firewall> {
    const wall = new Firewall(port, isShut);
    wall.#front = await Bun.udpSocket({
      hostname: OUTSIDE_ADDRESS,
      port,
      socket: { data: (_, bytes, from) => void wall.#toServer(bytes, from), error: ignore },
    });
    return wall;
  }

  private constructor(port: number, isShut: boolean) {
    this.#port = port;
    this.isShut = isShut;
  }

  async close(): Promise<void> {
    this.isShut = true;
    this.#front?.close();
    for (const client of this.#clients.values()) (await client).close();
  }

  async #toServer(bytes: Buffer, from: number): Promise<void> {
    if (this.isShut) return;
    let client = this.#clients.get(from);
    if (client === undefined) {
      client = this.#openClient(from);
      this.#clients.set(from, client);
    }
    (await client).send(bytes, this.#port, INSIDE_ADDRESS);
  }

  /** A port of its own towards the server for the client at this port. */
  #openClient(port: number): Promise<Socket> {
    return Bun.udpSocket({
      hostname: INSIDE_ADDRESS,
      port: 0,
      socket: {
        data: (_, bytes) => {
          if (!this.isShut) this.#front?.send(bytes, port, INSIDE_ADDRESS);
        },
        error: ignore,
      },
    });
  }
}

/** Of ICMP: whoever was there has closed its port. */
function ignore(): void {}
