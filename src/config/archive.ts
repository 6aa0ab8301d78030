/** What is kept of streams on disks. */
import { z } from "zod";
import { DVR_MAX_US } from "../limits.ts";
import { duration } from "./values.ts";

/** Of a rule for streams, as far as it says what is kept. */
interface KeepRule {
  readonly dvr?: number | undefined;
  readonly record?: string | undefined;
}

const DVR_MIN_US = 60_000_000;

/** us. */
export const dvr = duration
  .transform((seconds) => seconds * 1e6)
  .refine(
    (us) => us >= DVR_MIN_US && us <= DVR_MAX_US,
    `must be from 1m to ${DVR_MAX_US / 3.6e9}h`,
  );

/** A relative one would depend on where the server was started. */
export const recordFolder = z
  .string()
  .regex(/^\/[^\0]*[^\0/]$/, "must be the whole path of a folder: /srv/recordings")
  .refine((path) => !path.split("/").includes(".."), "must not lead upwards (..)");

/** Streams of this rule are cut from their beginning on. */
export function keeps({ dvr: time, record }: KeepRule): boolean {
  return time !== undefined || record !== undefined;
}

/** Folders that streams are recorded to; null stands for the one that goes with the process. */
export function foldersOf(rules: readonly KeepRule[]): readonly (string | null)[] {
  return [...new Set(rules.filter(keeps).map(({ record }) => record ?? null))];
}
