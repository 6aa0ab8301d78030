/** Who holds a port, from /proc: for the message that it is taken. */
import { readlinkSync } from "node:fs";
import { listProc, readProc } from "./proc.ts";
import { areOnLoopback, socketInodes } from "./proc-net.ts";

/** TCP_LISTEN of the kernel, as the tables write it. UDP sockets that are bound only are "07". */
const STATES = { tcp: "0A", udp: "07" } as const;

/**
 * `NAME (process PID)` of the processes with a socket bound to `port`; null when none is seen, as for
 * those of other users.
 */
export function portOwner(protocol: "tcp" | "udp", port: number): string | null {
  const inodes = new Set(
    [protocol, `${protocol}6`].flatMap((table) =>
      socketInodes(readProc(`/proc/net/${table}`), port, STATES[protocol]),
    ),
  );
  if (inodes.size === 0) return null;
  const owners = listProc("/proc").filter((pid) => /^\d+$/.test(pid) && holds(pid, inodes));
  const named = owners.map((pid) => `${readProc(`/proc/${pid}/comm`)} (process ${pid})`);
  return named.length === 0 ? null : named.join(", ");
}

/** Whether somebody listens there, and on loopback alone. */
export function listensOnLoopbackAlone(port: number): boolean {
  const tables = ["tcp", "tcp6"].map((table) => readProc(`/proc/net/${table}`));
  return areOnLoopback(tables.join("\n"), port, STATES.tcp);
}

function holds(pid: string, inodes: ReadonlySet<string>): boolean {
  return listProc(`/proc/${pid}/fd`).some((fd) => {
    try {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
      return inode !== undefined && inodes.has(inode);
    } catch {
      return false;
    }
  });
}
