/** Segments of a made-up stream, and a place to write them to. */
import { Archive } from "../../src/archive/archive.ts";
import type { SegmentBytes } from "../../src/archive/reel.ts";
import type { TailSegment } from "../../src/contract/tail.ts";
import { createLogger } from "../../src/log.ts";
import { writeFragment } from "../../src/packager/mp4/fragment.ts";
import { writeInit } from "../../src/packager/mp4/init.ts";
import type { Sample } from "../../src/packager/sample.ts";
import { MemoryDisk } from "./memory-disk.ts";

export const STATE = "/state/dvr";
/** A full hour. */
export const BEGAN_US = Date.UTC(2026, 10, 30, 21) * 1000;
/** Its stream began longer ago: its times are not small. */
const ZERO_US = BEGAN_US - 100_000_000;

/** One segment of 2 s, in two parts, of rendition 0. */
export function segmentOf(msn: number, more: Partial<TailSegment> = {}): TailSegment {
  return {
    ...{ name: `e-0-${2 * msn}-${2 * msn + 1}.m4s`, parts: [], msn },
    ...{ durationUs: 2_000_000, wallUs: BEGAN_US + msn * 2_000_000 },
    ...{ init: "e-0-init0.mp4", era: 0, breaks: 0, gap: false },
    ...more,
  };
}

/** What it consists of: 25 pictures and 50 packets of sound a second. */
export function bytesOf({ wallUs, msn }: Pick<TailSegment, "wallUs" | "msn">): SegmentBytes {
  return { init: INIT, parts: [0, 1].map((part) => fragmentAt(wallUs + part * 1_000_000, msn)) };
}

function fragmentAt(wallUs: number, sequence: number): Uint8Array {
  const seconds = (wallUs - ZERO_US) / 1e6;
  const run = (rate: number, count: number): Sample[] =>
    Array.from({ length: count }, (_, i) => ({
      time: Math.round(rate * seconds) + (i * rate) / count,
      duration: rate / count,
      ...{ offset: 0, timestamp: 0, key: i === 0, bytes: new Uint8Array(10).fill(sequence + i) },
    }));
  return writeFragment(sequence + 1, [
    { track: 1, samples: run(90_000, 25) },
    { track: 2, samples: run(48_000, 50) },
  ]);
}

const AVC = Uint8Array.of(1, 0x42, 0xc0, 0x1f, 0xff, 0xe0, 0);
const INIT = writeInit({
  video: { codec: "h264", codecs: "avc1.42c01f", width: 640, height: 360, config: AVC },
  audio: { codec: "opus", channels: 2 },
}) as Uint8Array<ArrayBuffer>;

/** An archive on a disk in memory. */
export class Desk {
  readonly disk = new MemoryDisk();
  readonly lines: string[] = [];
  nowUs = 0;
  readonly archive: Archive;

  constructor(reserveBytes = 0) {
    this.archive = new Archive(
      {
        disk: this.disk,
        now: () => this.nowUs,
        wall: () => BEGAN_US / 1000 + this.nowUs / 1000,
        log: createLogger({
          ...{ level: "info", format: "json", wall: () => 0 },
          sink: (line) => this.lines.push(line),
        }),
        reserveBytes,
      },
      STATE,
    );
  }

  /** How often a line of the log says so. */
  said(text: string): number {
    return this.lines.filter((line) => line.includes(text)).length;
  }
}

export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(parts));
}
