import type { Archive } from "../../archive/archive.ts";
import { STORE_STATES } from "../../archive/store.ts";
import { LOSS_REASONS } from "../../archive/totals.ts";
import type { Exposition } from "./exposition.ts";

/** What is recorded, and what is not. */
export function writeArchiveMetrics(out: Exposition, archive: Archive | null): void {
  out.family("recorded_bytes_total", "counter", "Bytes of streams that were written to disks.");
  out.family("recorded_segments_total", "counter", "Segments of them.");
  const lost =
    "Segments that were not: the disk was slow, has no room or failed, or memory was full.";
  out.family("recorded_segments_lost_total", "counter", lost);
  out.family("recording_folders", "gauge", "Folders that streams are recorded to, by state.");
  if (archive === null) return;
  const { totals } = archive;
  out.value("recorded_bytes_total", "", totals.bytes);
  out.value("recorded_segments_total", "", totals.segments);
  for (const reason of LOSS_REASONS) {
    out.value("recorded_segments_lost_total", `reason="${reason}"`, totals.lost[reason]);
  }
  for (const state of STORE_STATES) {
    out.value("recording_folders", `state="${state}"`, archive.count(state));
  }
}
