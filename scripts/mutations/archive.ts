/** What is kept on disks: nothing is lost unseen, nothing else is touched, and what goes is what may. */
import { type Mutation, rule } from "./rule.ts";

const ARCHIVE = "src/archive/";
const RECORDING = `${ARCHIVE}recording.ts`;
const REEL = `${ARCHIVE}reel.ts`;
const STORE = `${ARCHIVE}store.ts`;
const DISK = "src/io/disk.ts";

export const ARCHIVES: readonly Mutation[] = [
  rule("AR01", RECORDING, "strand.waiting >= ARCHIVE_WAITING_MAX", "false"),
  rule("AR02", STORE, "if (free >= reserveBytes) return true;", "return true;"),
  rule("AR03", REEL, "segment.breaks === 0 && ", ""),
  rule("AR03", REEL, "segment.msn !== this.#nextMsn || ", ""),
  rule("AR04", REEL, "await this.file.truncate(this.length).catch(ignore);", ""),
  rule("AR04", REEL, "await this.file.sync();", ""),
  rule(
    "AR05",
    RECORDING,
    "if (this.keep.folder === null) this.store.remove(name);",
    "this.store.remove(name);",
  ),
  rule("AR05", STORE, "if (isFileName(name) || name.startsWith(LIST_NAME))", "if (true)"),
  rule("AR06", DISK, "O_RDONLY | O_DIRECTORY | O_NOFOLLOW", "O_RDONLY | O_DIRECTORY"),
  rule("AR06", DISK, "O_RDONLY | O_NOFOLLOW | O_NONBLOCK", "O_RDONLY | O_NONBLOCK"),
  rule("AR07", RECORDING, "shiftTimes(bytes, reel.beats) ? bytes : null", "bytes"),
  rule("AR08", RECORDING, "reel.toUs < oldestUs", "reel.fromUs < oldestUs"),
];
