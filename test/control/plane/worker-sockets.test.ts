import { expect, test } from "bun:test";
import type { LocalAddress } from "../../../src/control/plane/addresses.ts";
import { WorkerSockets } from "../../../src/control/plane/worker-sockets.ts";
import { closeUdpSocket, localPort, openUdpSocket } from "../../../src/io/udp-socket.ts";

const LOOPBACK: LocalAddress = {
  address: "127.0.0.1",
  family: 4,
  advertised: ["192.0.2.1", "2001:db8::1"],
};

test("a worker has a socket on each address, and its candidates name the port", () => {
  const sockets = new WorkerSockets([LOOPBACK, { ...LOOPBACK, address: "127.0.0.2" }], 0);
  const { fds, candidates } = sockets.open(3);
  const ports = fds.map(localPort);
  expect(candidates).toEqual(
    ports.flatMap((port) => [
      { address: "192.0.2.1", port, family: 4 as const },
      { address: "2001:db8::1", port, family: 6 as const },
    ]),
  );
  sockets.close();
});

test("a taken port fails, and leaves no socket open", () => {
  const taken = openUdpSocket("127.0.0.1", 4, 0);
  const port = localPort(taken);
  const sockets = new WorkerSockets([LOOPBACK], port - 1);
  sockets.open(0);
  expect(() => sockets.open(1)).toThrow();
  const again = openUdpSocket("127.0.0.1", 4, port - 1);
  closeUdpSocket(again);
  closeUdpSocket(taken);
});
