/** TUN devices by FFI, opened inside network namespaces. Synchronous: for a process of its own. */
import { dlopen, FFIType, ptr } from "bun:ffi";
import { closeSync, constants, openSync } from "node:fs";
import { check, EAGAIN, EINTR, EIO, errno, libc } from "../../src/io/libc.ts";

const { i32, u32, u64, ptr: pointer } = FFIType;
const calls = dlopen("libc.so.6", {
  ioctl: { args: [i32, u64, pointer], returns: i32 },
  setns: { args: [i32, i32], returns: i32 },
  ppoll: { args: [pointer, u32, pointer, pointer], returns: i32 },
}).symbols;

const CLONE_NEWNET = 0x40000000;
const TUNSETIFF = 0x400454ca;
const IFF_TUN = 0x0001;
/** Packets come without a header in front. */
const IFF_NO_PI = 0x1000;
const IFREQ_BYTES = 40;
const IFREQ_FLAGS = 16;
const POLLIN = 1;

/** More than any packet, so that one that no offload should have left whole would be seen whole. */
const PACKET_BYTES_MAX = 65_536;

/**
 * Opens a TUN device in a namespace of `ip netns`; it lives as long as its descriptor. No offload
 * is asked for, so the kernel cuts UDP_SEGMENT messages before they come. Only this thread enters
 * the namespace, and leaves it again. Throws when the system refuses.
 */
export function openTun(namespace: string, name: string): number {
  const home = openSync("/proc/self/ns/net", "r");
  const target = openSync(`/run/netns/${namespace}`, "r");
  try {
    check("setns", calls.setns(target, CLONE_NEWNET));
    const fd = openSync("/dev/net/tun", constants.O_RDWR | constants.O_NONBLOCK);
    const request = new Uint8Array(IFREQ_BYTES);
    new TextEncoder().encodeInto(name, request);
    new DataView(request.buffer).setUint16(IFREQ_FLAGS, IFF_TUN | IFF_NO_PI, true);
    check("TUNSETIFF", calls.ioctl(fd, TUNSETIFF, ptr(request)));
    return fd;
  } finally {
    check("setns", calls.setns(home, CLONE_NEWNET));
    closeSync(home);
    closeSync(target);
  }
}

const packet = new Uint8Array(PACKET_BYTES_MAX);
const packetAddress = ptr(packet);

/** A copy of the next packet; null when none waits. Throws when the device is gone. */
export function readPacket(fd: number): Uint8Array | null {
  const length = libc.read(fd, packetAddress, PACKET_BYTES_MAX);
  if (length >= 0) return packet.slice(0, length);
  const code = errno();
  if (code === EAGAIN || code === EINTR) return null;
  throw new Error(`read of a TUN device: errno ${code}`);
}

/** False when the device does not take it (it is down). */
export function writePacket(fd: number, bytes: Uint8Array): boolean {
  const written = libc.write(fd, ptr(bytes), bytes.length);
  if (written === bytes.length) return true;
  const code = errno();
  if (code === EIO || code === EAGAIN) return false;
  throw new Error(`write to a TUN device: errno ${code}`);
}

/** Sleeps until one of the descriptors can be read or ended, with the precision of nanoseconds. */
export class Waiter {
  private readonly entries: Int32Array;
  private readonly timeout = new BigInt64Array(2);

  constructor(fds: readonly number[]) {
    this.entries = new Int32Array(fds.length * 2);
    for (const [i, fd] of fds.entries()) {
      this.entries[i * 2] = fd;
      this.entries[i * 2 + 1] = POLLIN;
    }
  }

  /** True when some descriptor is ready, false after `us`. */
  wait(us: number): boolean {
    this.timeout[1] = BigInt(Math.max(0, Math.round(us * 1000)));
    const count = this.entries.length / 2;
    return calls.ppoll(ptr(this.entries), count, ptr(this.timeout), null) > 0;
  }

  ready(place: number): boolean {
    return this.entries[place * 2 + 1]! >>> 16 !== 0;
  }
}
