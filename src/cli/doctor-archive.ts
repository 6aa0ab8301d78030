/** Folders that streams are recorded to: whether the server can write there, and has room. */
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { dirname } from "node:path";
import type { Disk, Folder } from "../archive/disk.ts";
import { foldersOf } from "../config/archive.ts";
import type { Config } from "../config.ts";
import { messageOf } from "../errors.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";
import type { ServiceProcess } from "./service-process.ts";
import { CONFIG_GROUP } from "./unit.ts";

const NAME = "recordings";

/**
 * `dvrFolder`: for streams with dvr alone. `server`: whom the service runs as; null where whoever asks would
 * run it.
 */
export async function checkArchive(
  config: Config,
  dvrFolder: string | null,
  disk: Disk,
  server: ServiceProcess | null,
): Promise<readonly Finding[]> {
  return Promise.all(
    foldersOf(config.streams).map((folder) => {
      const path = folder ?? dvrFolder;
      if (path !== null) return checkFolder(path, config.diskReserveBytes, disk, server);
      return fail(
        NAME,
        "a stream has dvr, and there is no folder for it",
        "--state DIR, or record",
      );
    }),
  );
}

async function checkFolder(
  path: string,
  reserveBytes: number,
  disk: Disk,
  server: ServiceProcess | null,
): Promise<Finding> {
  let folder: Folder | null = null;
  try {
    folder = await disk.open(path, false);
    // The server makes it, and nothing above it: that may be a disk that is not mounted.
    await mayWrite(folder === null ? dirname(path) : path, server);
    if (folder === null) return ok(NAME, `${path} is made with the first stream`);
    const free = await folder.freeBytes();
    const detail = `${path}: ${gibibytes(free)} free, ${gibibytes(reserveBytes)} of it stay so`;
    if (free > reserveBytes) return ok(NAME, detail);
    return warn(NAME, `${detail}: nothing is recorded`, "Make room, or lower --disk-reserve");
  } catch (error) {
    return fail(NAME, `${path}: ${messageOf(error)}`, mendOf(path));
  } finally {
    await folder?.close();
  }
}

async function mayWrite(folder: string, server: ServiceProcess | null): Promise<void> {
  if (server === null) return access(folder, constants.W_OK | constants.X_OK);
  const refusal = server.refusal(folder);
  if (refusal !== null) throw new Error(refusal);
}

function mendOf(path: string): string {
  return `A folder, no symbolic link, that the server's user may write: for the service ReadWritePaths=${path} (systemctl edit spillway), and its group ${CONFIG_GROUP} may write there`;
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
