/** Drains SOCKETS sockets as `spillway load` does; prints their ports first. GRO: "gro" or "no". */
import { enableGro, GroReceiver } from "../../src/io/gro-receiver.ts";
import { SocketSet } from "../../src/io/socket-set.ts";
import { localPort, openUdpSocket } from "../../src/io/udp-socket.ts";

const [count, gro] = process.argv.slice(2);
const sockets = new SocketSet();
const receiver = new GroReceiver();
const fds = Array.from({ length: Number(count) }, (_, index) => {
  const fd = openUdpSocket("127.0.0.1", 4, 0);
  if (gro === "gro") enableGro(fd);
  sockets.add(fd, index);
  return fd;
});
console.log(JSON.stringify(fds.map(localPort)));
for (;;) {
  sockets.nap(2);
  let ready = sockets.wait(0);
  for (;;) {
    for (let i = 0; i < ready; i += 1) {
      while (receiver.receive(fds[sockets.ready(i)]!) === receiver.batch);
    }
    if (!sockets.isFull(ready)) break;
    ready = sockets.wait(0);
  }
}
