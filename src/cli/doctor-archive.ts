/** Folders that streams are recorded to: whether the server can write there, and has room. */
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { dirname } from "node:path";
import type { Disk } from "../archive/disk.ts";
import { foldersOf } from "../config/archive.ts";
import type { Config } from "../config.ts";
import { messageOf } from "../errors.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";

const NAME = "recordings";

/** `dvrFolder`: for streams with dvr alone. */
export async function checkArchive(
  config: Config,
  dvrFolder: string | null,
  disk: Disk,
): Promise<readonly Finding[]> {
  return Promise.all(
    foldersOf(config.streams).map((folder) => {
      const path = folder ?? dvrFolder;
      if (path !== null) return checkFolder(path, config.diskReserveBytes, disk);
      return fail(
        NAME,
        "a stream has dvr, and there is no folder for it",
        "--state DIR, or record",
      );
    }),
  );
}

async function checkFolder(path: string, reserveBytes: number, disk: Disk): Promise<Finding> {
  try {
    const folder = await disk.open(path, false);
    // The server makes it, and nothing above it: that may be a disk that is not mounted.
    await access(folder === null ? dirname(path) : path, constants.W_OK | constants.X_OK);
    if (folder === null) return ok(NAME, `${path} is made with the first stream`);
    const free = await folder.freeBytes();
    await folder.close();
    const detail = `${path}: ${gibibytes(free)} free, ${gibibytes(reserveBytes)} of it stay so`;
    if (free > reserveBytes) return ok(NAME, detail);
    return warn(NAME, `${detail}: nothing is recorded`, "Make room, or lower --disk-reserve");
  } catch (error) {
    const mend = "A folder, no symbolic link, that the server's user may write";
    return fail(NAME, `${path}: ${messageOf(error)}`, mend);
  }
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
