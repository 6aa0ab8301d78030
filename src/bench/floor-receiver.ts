/** The floor's other end: drains sockets as `spillway load` does. Runs on a thread of its own. */
import { stayOn } from "../io/affinity.ts";
import { enableGro, GroReceiver } from "../io/gro-receiver.ts";
import { SocketSet } from "../io/socket-set.ts";
import { closeUdpSocket, localPort, openUdpSocket } from "../io/udp-socket.ts";

export interface FloorReceiverOrder {
  readonly kind: "receive";
  /** Null: anywhere. */
  readonly cores: readonly number[] | null;
  /** Sockets. */
  readonly viewers: number;
  readonly gro: boolean;
  /** Memory of END_BYTES that says when to end; see endReceiving. */
  readonly end: SharedArrayBuffer;
}

export const END_BYTES = 4;
const NAP_MS = 2;

export function endReceiving(end: SharedArrayBuffer): void {
  Atomics.store(new Int32Array(end), 0, 1);
}

/** Tells the sockets' ports once they are open; returns when it was told to end. */
export function receiveFloor(
  order: FloorReceiverOrder,
  opened: (ports: readonly number[]) => void,
): void {
  if (order.cores !== null) stayOn(order.cores);
  const end = new Int32Array(order.end);
  const sockets = new SocketSet();
  const receiver = new GroReceiver();
  const fds = Array.from({ length: order.viewers }, (_, index) => {
    const fd = openUdpSocket("127.0.0.1", 4, 0);
    if (order.gro) enableGro(fd);
    sockets.add(fd, index);
    return fd;
  });
  opened(fds.map(localPort));
  while (Atomics.load(end, 0) === 0) {
    sockets.nap(NAP_MS);
    let ready = sockets.wait(0);
    for (;;) {
      for (let i = 0; i < ready; i += 1) {
        while (receiver.receive(fds[sockets.ready(i)]!) === receiver.batch);
      }
      if (!sockets.isFull(ready)) break;
      ready = sockets.wait(0);
    }
  }
  for (const fd of fds) closeUdpSocket(fd);
  sockets.close();
}
