/** What this machine is, and how many viewers could be tried on it at all. */
import { arch, availableParallelism, cpus, freemem, release, totalmem } from "node:os";
import { ownCores, startedOn } from "../io/affinity.ts";
import { readProc } from "../io/proc.ts";
import { openFilesMax } from "../io/resource-limit.ts";
import { type Placement, parseCores, place } from "./placement.ts";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly kernel: string;
}

export interface Ceiling {
  readonly kind: "memory" | "open-files" | "ports" | "sessions";
  readonly viewers: number;
  readonly detail: string;
}

export function thisMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() || arch(),
    cores: availableParallelism(),
    memoryGib: Math.round((totalmem() / 2 ** 30) * 10) / 10,
    kernel: release(),
  };
}

export function thisPlacement(): Placement {
  const cores = choosableCores();
  const known = cores ?? Array.from({ length: availableParallelism() }, (_, core) => core);
  return place(known, siblingsOf, cores !== null);
}

/** Null where a sandbox lets nobody choose. */
function choosableCores(): number[] | null {
  try {
    const cores = ownCores();
    for (const core of cores) startedOn([core], () => {});
    return cores;
  } catch {
    return null;
  }
}

function siblingsOf(core: number): number[] {
  const folder = `/sys/devices/system/cpu/cpu${core}/topology`;
  return parseCores(readProc(`${folder}/thread_siblings_list`));
}

/** What one viewer takes of the server and of the tool together, and what is left free. */
const VIEWER_BYTES = 300 * 1024;
const FREE_SHARE = 0.2;
/** Sockets and files of the tool that are no viewer's. */
const OTHER_FILES = 200;
/** What `load` takes. */
export const SESSIONS_MAX = 100_000;

/** The lowest of what ends the number of viewers before the server does. */
export function lowestCeiling(): Ceiling {
  const free = Math.min(freemem(), process.constrainedMemory());
  const files = openFilesMax();
  const ports = portRange(readProc("/proc/sys/net/ipv4/ip_local_port_range"));
  const ceilings: readonly Ceiling[] = [
    {
      kind: "memory",
      viewers: Math.max(1, Math.floor((free * (1 - FREE_SHARE)) / VIEWER_BYTES)),
      detail: `${Math.round(free / 2 ** 20)} MiB are free`,
    },
    {
      kind: "open-files",
      viewers: Math.max(1, files - OTHER_FILES),
      detail: `ulimit -n is ${files}`,
    },
    {
      kind: "ports",
      // Connections of the POSTs come from the same range.
      viewers: Math.floor(ports / 2),
      detail: `net.ipv4.ip_local_port_range has ${ports} ports`,
    },
    { kind: "sessions", viewers: SESSIONS_MAX, detail: "the load tool makes no more" },
  ];
  return ceilings.reduce((least, each) => (each.viewers < least.viewers ? each : least));
}

/** Of "32768	60999"; the kernel's own default where it cannot be read. */
function portRange(text: string): number {
  const [first, last] = text.split(/\s+/).map(Number);
  return first && last ? last - first + 1 : 28_232;
}
