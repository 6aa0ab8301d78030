/** The C library calls that Bun does not offer: batched datagrams, epoll, the clock, processors. */
import { CString, dlopen, FFIType, read } from "bun:ffi";
import { addressOf, pinnedRegion } from "./pinned.ts";

const { i32, u32, u64, ptr: pointer } = FFIType;

const library = dlopen("libc.so.6", {
  socket: { args: [i32, i32, i32], returns: i32 },
  bind: { args: [i32, pointer, u32], returns: i32 },
  close: { args: [i32], returns: i32 },
  listen: { args: [i32, i32], returns: i32 },
  accept4: { args: [i32, pointer, pointer, i32], returns: i32 },
  shutdown: { args: [i32, i32], returns: i32 },
  ioctl: { args: [i32, u64, pointer], returns: i32 },
  setsockopt: { args: [i32, i32, i32, pointer, u32], returns: i32 },
  getsockname: { args: [i32, pointer, pointer], returns: i32 },
  recvmmsg: { args: [i32, pointer, u32, i32, pointer], returns: i32 },
  sendmmsg: { args: [i32, pointer, u32, i32], returns: i32 },
  recvfrom: { args: [i32, pointer, u64, i32, pointer, pointer], returns: i32 },
  sendto: { args: [i32, pointer, u64, i32, pointer, u32], returns: i32 },
  epoll_create1: { args: [i32], returns: i32 },
  epoll_ctl: { args: [i32, i32, i32, pointer], returns: i32 },
  epoll_wait: { args: [i32, pointer, i32, i32], returns: i32 },
  eventfd: { args: [u32, i32], returns: i32 },
  read: { args: [i32, pointer, u64], returns: i32 },
  write: { args: [i32, pointer, u64], returns: i32 },
  clock_gettime: { args: [i32, pointer], returns: i32 },
  madvise: { args: [pointer, u64, i32], returns: i32 },
  gettid: { args: [], returns: i32 },
  getrlimit: { args: [i32, pointer], returns: i32 },
  getrusage: { args: [i32, pointer], returns: i32 },
  sched_getaffinity: { args: [i32, u64, pointer], returns: i32 },
  sched_setaffinity: { args: [i32, u64, pointer], returns: i32 },
  prctl: { args: [i32, u64], returns: i32 },
  __errno_location: { args: [], returns: pointer },
  strerror: { args: [i32], returns: pointer },
});

export const libc = library.symbols;

/** int: of one socket option at a time. */
const WORD_BYTES = 4;
const word = pinnedRegion(WORD_BYTES);
const WORD = addressOf(word, 0, WORD_BYTES);

export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;
export const SOL_SOCKET = 1;
export const SOL_UDP = 17;
export const UDP_SEGMENT = 103;
export const MSG_DONTWAIT = 0x40;

export const EAGAIN = 11;
export const EINTR = 4;
export const EINVAL = 22;
export const EIO = 5;
export const ENOSYS = 38;
export const EMSGSIZE = 90;

/** errno of this thread's last failed call; read it before anything else runs. */
export function errno(): number {
  const location = libc.__errno_location();
  return location === null ? 0 : read.i32(location, 0);
}

class SystemError extends Error {
  constructor(
    readonly call: string,
    readonly code: number,
  ) {
    const text = libc.strerror(code);
    super(`${call}: ${text === null ? `errno ${code}` : new CString(text).toString()}`);
    this.name = "SystemError";
  }
}

/** Throws a SystemError with errno when a call returned a negative number. */
export function check(call: string, result: number): number {
  if (result < 0) throw new SystemError(call, errno());
  return result;
}

/** Sets an int socket option; false when the kernel refuses it. */
export function setOption(fd: number, level: number, option: number, value: number): boolean {
  new DataView(word.bytes.buffer).setInt32(0, value, true);
  return libc.setsockopt(fd, level, option, WORD, WORD_BYTES) === 0;
}
