/** Whom the service runs as. Whoever asks may be root, who may what the service may not. */
import { accessSync, constants, statSync } from "node:fs";
import { messageOf } from "../errors.ts";

export interface ServiceProcess {
  readonly uid: number;
  /** Why it may not write to a folder; null where it may. */
  readonly refusal: (folder: string) => string | null;
}

const WRITE_AND_SEARCH = 0o3;

/** By what /proc tells of `pid`; null where that cannot be read. */
export function serviceProcess(
  pid: number,
  readText: (path: string) => string | null,
): ServiceProcess | null {
  const status = readText(`/proc/${pid}/status`) ?? "";
  const ids = (name: string) =>
    (new RegExp(`^${name}:(.*)$`, "m").exec(status)?.[1] ?? "").trim().split(/\s+/).map(Number);
  const [, uid] = ids("Uid");
  if (uid === undefined) return null;
  const groups = [ids("Gid")[1], ...ids("Groups")];
  const refusal = (folder: string): string | null => {
    try {
      // As it sees the folder: its unit may leave all but its own read-only, or hide it.
      const seen = `/proc/${pid}/root${folder}`;
      accessSync(seen, constants.W_OK | constants.X_OK);
      const { mode, uid: owner, gid } = statSync(seen);
      const bits = uid === owner ? mode >> 6 : groups.includes(gid) ? mode >> 3 : mode;
      if (uid === 0 || (bits & WRITE_AND_SEARCH) === WRITE_AND_SEARCH) return null;
      return `the service's user (${uid}) may not write there`;
    } catch (error) {
      return messageOf(error);
    }
  };
  return { uid, refusal };
}
