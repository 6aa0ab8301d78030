import type { PathFeatures } from "../contract/setup.ts";
import { probeSegmentation } from "./probe.ts";

/** What this machine offers, and a sentence for the log when something is missing. */
export interface DetectedFeatures {
  readonly features: PathFeatures;
  readonly warning: string | null;
}

/**
 * Chooses between the fast and the portable path, once at start. Batched calls that turn out to be
 * unknown (ENOSYS) are replaced when they are first refused.
 */
export function detectFeatures(portable: boolean): DetectedFeatures {
  if (portable) {
    return {
      features: { segmentation: false, batching: false, opensslCiphers: false },
      warning: "Portable path as configured: every packet costs several times the CPU",
    };
  }
  const problem = probeSegmentation();
  return {
    features: { segmentation: problem === null, batching: true, opensslCiphers: true },
    warning:
      problem === null
        ? null
        : `No UDP_SEGMENT here (${problem}): sending costs two to three times the CPU`,
  };
}
