import { expect, test } from "bun:test";
import { portOwner } from "../../src/io/port-owner.ts";
import { closeUdpSocket, localPort, openUdpSocket } from "../../src/io/udp-socket.ts";

test("the owner of a port is named", () => {
  const socket = openUdpSocket("127.0.0.1", 4, 0);
  expect(portOwner("udp", localPort(socket))).toContain(`(process ${process.pid})`);
  closeUdpSocket(socket);
  expect(portOwner("tcp", 1)).toBeNull();
});
