import type { PathFeatures } from "../commands.ts";
import type { Logger } from "../log.ts";
import { probeSegmentation } from "./probe.ts";

/**
 * Chooses between the fast and the portable path, once at start, and says in the log when something
 * is missing. Batched calls that turn out to be unknown are replaced when they are first refused.
 */
export function detectFeatures(portable: boolean, log: Logger): PathFeatures {
  if (portable) {
    log.warn("Portable path: every packet costs several times the CPU", { portable });
    return { segmentation: false, batching: false, opensslCiphers: false };
  }
  const problem = probeSegmentation();
  if (problem !== null) {
    log.warn("No UDP_SEGMENT here: sending costs two to three times the CPU", { problem });
  }
  return { segmentation: problem === null, batching: true, opensslCiphers: true };
}
