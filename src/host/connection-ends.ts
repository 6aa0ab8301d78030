import { Counter, countUp } from "../contract/counters.ts";
import type { WorkerEvent } from "../contract/messages.ts";
import type { CloseReason } from "../contract/session.ts";
import type { PeerEventCode } from "../peer/events.ts";
import type { PeerTable } from "../peer/peer-table.ts";
import type { Region } from "../srtp/cipher.ts";
import type { Connection } from "./connection.ts";
import type { ConnectionOwner, Connections } from "./connections.ts";

/** The sessions whose clients come by connections. */
interface Clients {
  readonly table: PeerTable;
  /** Does what a datagram has led to; true for an RTP packet. */
  act(event: PeerEventCode, region: Region, offset: number, arrival: number, now: number): boolean;
  datagramFault(error: unknown, now: number): void;
  close(session: number, reason: CloseReason, now: number): void;
}

/** What the TCP connections of a worker bring and come to. */
export class ConnectionEnds implements ConnectionOwner {
  readonly #clients: Clients;
  /** Of the worker's block. */
  readonly #counters: Float64Array;
  readonly #emit: (event: WorkerEvent) => void;

  constructor(clients: Clients, counters: Float64Array, emit: (event: WorkerEvent) => void) {
    this.#clients = clients;
    this.#counters = counters;
    this.#emit = emit;
  }

  handleFrame(by: Connection, region: Region, offset: number, length: number, now: number): void {
    countUp(this.#counters, Counter.datagramsIn);
    countUp(this.#counters, Counter.bytesIn, length);
    const { table } = this.#clients;
    const event = table.handleDatagram(now, region, offset, length, by, by.sockaddr, 0);
    this.#clients.act(event, region, offset, now, now);
  }

  frameFault(error: unknown, now: number): void {
    this.#clients.datagramFault(error, now);
  }

  knows(connection: Connection): boolean {
    return this.#clients.table.at(connection, connection.sockaddr) !== null;
  }

  blocked(connection: Connection, now: number): void {
    const peer = this.#clients.table.at(connection, connection.sockaddr);
    if (peer?.path?.via === connection) this.#clients.close(peer.session, "blocked", now);
  }

  lost(connection: Connection, now: number): void {
    this.#clients.table.vacate(now, connection, connection.sockaddr);
    this.#emit({ type: "connection-over", fd: connection.fd });
  }

  /** Adds what has left by TCP to what the block says of UDP. */
  count(connections: Connections): void {
    const { datagrams, bytes, dropped } = connections.totals();
    countUp(this.#counters, Counter.datagramsOut, datagrams);
    countUp(this.#counters, Counter.bytesOut, bytes);
    countUp(this.#counters, Counter.sendsDropped, dropped);
  }
}
