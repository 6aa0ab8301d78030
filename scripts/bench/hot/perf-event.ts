/** Events that the kernel counts for the calling thread in user mode (perf_event_open(2)). */
import { dlopen, FFIType } from "bun:ffi";
import { libc } from "../../../src/io/libc.ts";
import { addressOf, pinnedRegion } from "../../../src/io/pinned.ts";

/** PERF_ATTR_SIZE_VER0 */
const ATTRIBUTE_BYTES = 64;
const SIZE_AT = 4;
const CONFIG_AT = 8;
const FLAGS_AT = 40;
const EXCLUDE_KERNEL = 1 << 5;
const EXCLUDE_HYPERVISOR = 1 << 6;
const COUNT_BYTES = 8;
/** By architecture; it has no wrapper in the C library. */
const SYSCALLS: Readonly<Record<string, number>> = { x64: 298, arm64: 241 };
const THIS_THREAD = 0;
const ANY_PROCESSOR = -1;
const NO_GROUP = -1;

/** Type and number of an event. */
export const PerfEvent = {
  /** PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS: virtual machines often have none. */
  instructions: [0, 1],
  /** PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK, ns. */
  taskClock: [1, 1],
} as const;

/** Total of an event since now. */
export class PerfCounter {
  readonly #count = pinnedRegion(COUNT_BYTES);
  readonly #words = new Uint32Array(this.#count.bytes.buffer);
  readonly #at = addressOf(this.#count, 0, COUNT_BYTES);

  private constructor(private readonly fd: number) {}

  /** Null where the machine does not count it, or the kernel does not tell (perf_event_paranoid). */
  static open([type, config]: (typeof PerfEvent)[keyof typeof PerfEvent]): PerfCounter | null {
    const number = SYSCALLS[process.arch];
    if (number === undefined) return null;
    const { i32, i64, u64, ptr } = FFIType;
    const { syscall } = dlopen("libc.so.6", {
      syscall: { args: [i64, ptr, i32, i32, i32, u64], returns: i64 },
    }).symbols;
    const attribute = pinnedRegion(ATTRIBUTE_BYTES);
    const view = new DataView(attribute.bytes.buffer);
    view.setUint32(0, type, true);
    view.setUint32(SIZE_AT, ATTRIBUTE_BYTES, true);
    view.setUint32(CONFIG_AT, config, true);
    view.setUint32(FLAGS_AT, EXCLUDE_KERNEL | EXCLUDE_HYPERVISOR, true);
    const at = addressOf(attribute, 0, ATTRIBUTE_BYTES);
    const fd = Number(syscall(number, at, THIS_THREAD, ANY_PROCESSOR, NO_GROUP, 0));
    return fd < 0 ? null : new PerfCounter(fd);
  }

  read(): number {
    libc.read(this.fd, this.#at, COUNT_BYTES);
    return this.#words[0]! + this.#words[1]! * 2 ** 32;
  }

  close(): void {
    libc.close(this.fd);
  }
}
