/** Tries what the media path relies on, on loopback sockets of its own. */
import { messageOf } from "../errors.ts";
import { check, libc, SOL_UDP, setOption, UDP_SEGMENT } from "./libc.ts";
import { addressOf, pinnedRegion, regionOf, unpin } from "./pinned.ts";
import { UdpReceiver } from "./udp-receiver.ts";
import { closeUdpSocket, localPort, openUdpSocket, sockaddrOf } from "./udp-socket.ts";

const SEGMENTS = 4;
const SEGMENT_BYTES = 1000;

/** Sends one message of several segments to itself; null when they arrive, else what went wrong. */
export function probeSegmentation(): string | null {
  const open: number[] = [];
  try {
    open.push(openUdpSocket("127.0.0.1", 4, 0), openUdpSocket("127.0.0.1", 4, 0));
    const [from, to] = open as [number, number];
    if (!setOption(from, SOL_UDP, UDP_SEGMENT, SEGMENT_BYTES))
      return "the kernel has no such option";
    sendTo(from, sockaddrOf("127.0.0.1", 4, localPort(to)));
    const received = new UdpReceiver().receive(to);
    return received === SEGMENTS ? null : `${received} of ${SEGMENTS} parts arrived`;
  } catch (error) {
    return messageOf(error);
  } finally {
    for (const fd of open) closeUdpSocket(fd);
  }
}

/** One message of zeros. */
function sendTo(fd: number, sockaddr: Uint8Array): void {
  const message = pinnedRegion(SEGMENTS * SEGMENT_BYTES);
  const name = regionOf(sockaddr);
  const from = addressOf(message, 0, SEGMENTS * SEGMENT_BYTES);
  const to = addressOf(name, 0, sockaddr.length);
  const sent = libc.sendto(fd, from, SEGMENTS * SEGMENT_BYTES, 0, to, sockaddr.length);
  unpin(message);
  unpin(name);
  check("sendto", sent);
}
