/** Where this process records streams to. */
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { foldersOf } from "../config/archive.ts";
import type { Config } from "../config.ts";
import type { ArchiveGround } from "../control/streams/start-tails.ts";
import { openFolder } from "../io/disk.ts";
import { UsageError } from "./command.ts";
import { stateFolder } from "./first-token.ts";

const DVR_NAME = "dvr";

/** Throws a UsageError where a stream's past has no place, or would be taken for what has to go. */
export function archiveGround(config: Config): ArchiveGround {
  const folders = foldersOf(config.streams);
  const state = stateFolder(config);
  const dvrFolder = dvrFolderOf(state);
  if (dvrFolder === null && folders.includes(null)) {
    throw new UsageError("streams: dvr needs a folder: --state DIR, or record in its rule");
  }
  if (dvrFolder !== null && folders.includes(dvrFolder)) {
    throw new UsageError(`streams: record cannot be ${dvrFolder}: each start empties that folder`);
  }
  if (state !== null && folders.includes(null)) mkdirSync(state, { recursive: true, mode: 0o700 });
  return { disk: { open: openFolder }, dvrFolder };
}

/** For what goes with the process; null without a state folder. */
export function dvrFolderOf(state: string | null): string | null {
  return state === null ? null : join(resolve(state), DVR_NAME);
}
