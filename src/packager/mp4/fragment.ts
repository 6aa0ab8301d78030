/** A fragment of an MP4 file (ISO/IEC 14496-12 8.8): moof and mdat, made in one piece. */
import { assert } from "../../assert.ts";
import type { Sample } from "../sample.ts";
import { BOX_BYTES, BoxWriter, FULL_BOX_BYTES } from "./boxes.ts";
import { SampleFlags, Track } from "./tracks.ts";

/** tfhd: the samples' bytes are counted from the moof on. */
const BASE_IS_MOOF = 0x020000;
/** trun: where the samples begin, and what is said of each. */
const TrunFlag = { offset: 1, duration: 0x100, size: 0x200, flags: 0x400, composition: 0x800 };
const MFHD_BYTES = FULL_BOX_BYTES + 4;
const TFHD_BYTES = FULL_BOX_BYTES + 4;
const TFDT_BYTES = FULL_BOX_BYTES + 8;
const TRUN_BYTES = FULL_BOX_BYTES + 8;

/** Samples of one track, each beginning where the one before it ends. */
export interface Run {
  readonly track: Track;
  readonly samples: readonly Sample[];
}

/** Runs without samples are left out. */
export function writeFragment(sequence: number, runs: readonly Run[]): Uint8Array {
  const filled = runs.filter(({ samples }) => samples.length > 0);
  const moofBytes = filled.reduce((sum, run) => sum + trafBytes(run), BOX_BYTES + MFHD_BYTES);
  const mediaBytes = filled.reduce((sum, run) => sum + bytesOf(run), 0);
  const out = new BoxWriter(moofBytes + BOX_BYTES + mediaBytes);
  out.open("moof");
  out.full("mfhd", 0, 0, () => out.u32(sequence));
  let offset = moofBytes + BOX_BYTES;
  for (const run of filled) {
    writeTrackFragment(out, run, offset);
    offset += bytesOf(run);
  }
  out.close();
  out.open("mdat");
  for (const { samples } of filled) for (const { bytes } of samples) out.put(bytes);
  out.close();
  assert(out.length === out.bytes.length, "a fragment is as long as it was reckoned");
  return out.bytes;
}

function bytesOf({ samples }: Run): number {
  return samples.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

function trafBytes(run: Run): number {
  return BOX_BYTES + TFHD_BYTES + TFDT_BYTES + TRUN_BYTES + run.samples.length * entryBytes(run);
}

/** Flags of a track's trun: audio has keyframes only (trex says so), and offsets are said if there are some. */
function trunFlags({ track, samples }: Run): number {
  let flags = TrunFlag.offset | TrunFlag.duration | TrunFlag.size;
  if (track === Track.video) flags |= TrunFlag.flags;
  if (samples.some(({ offset }) => offset !== 0)) flags |= TrunFlag.composition;
  return flags;
}

/** A word for each thing that is said of a sample. */
function entryBytes(run: Run): number {
  const flags = trunFlags(run);
  const words = [TrunFlag.duration, TrunFlag.size, TrunFlag.flags, TrunFlag.composition];
  return 4 * words.filter((flag) => (flags & flag) !== 0).length;
}

/** 8.8.6: `offset` from the moof to the first sample. */
function writeTrackFragment(out: BoxWriter, run: Run, offset: number): void {
  const { track, samples } = run;
  out.open("traf");
  out.full("tfhd", 0, BASE_IS_MOOF, () => out.u32(track));
  out.full("tfdt", 1, 0, () => out.u64(samples[0]!.time));
  const flags = trunFlags(run);
  // Version 1: an offset may be negative.
  out.full("trun", 1, flags, () => {
    out.u32(samples.length);
    out.u32(offset);
    writeEntries(out, samples, flags);
  });
  out.close();
}

function writeEntries(out: BoxWriter, samples: readonly Sample[], flags: number): void {
  let due = samples[0]!.time;
  for (const { time, duration, offset, key, bytes } of samples) {
    // A decoder reckons the times from the first one.
    assert(time === due, "a run has neither gaps nor overlaps");
    due += duration;
    out.u32(duration);
    out.u32(bytes.length);
    if ((flags & TrunFlag.flags) !== 0) out.u32(key ? SampleFlags.key : SampleFlags.between);
    if ((flags & TrunFlag.composition) !== 0) out.u32(offset);
  }
}
