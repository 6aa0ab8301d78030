/** Tries what the media path relies on, on loopback sockets of its own. */
import { ptr } from "bun:ffi";
import { check, libc, setOption } from "./libc.ts";
import { UdpReceiver } from "./udp-receiver.ts";
import { closeUdpSocket, localPort, openUdpSocket, sockaddrOf } from "./udp-socket.ts";

const SOL_UDP = 17;
const UDP_SEGMENT = 103;
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
    const bytes = new Uint8Array(SEGMENTS * SEGMENT_BYTES);
    const name = sockaddrOf("127.0.0.1", 4, localPort(to));
    check("sendto", Number(libc.sendto(from, ptr(bytes), bytes.length, 0, ptr(name), name.length)));
    const received = new UdpReceiver().receive(to);
    return received === SEGMENTS ? null : `${received} of ${SEGMENTS} parts arrived`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    for (const fd of open) closeUdpSocket(fd);
  }
}
