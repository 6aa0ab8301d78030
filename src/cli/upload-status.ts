/** What `spillway publish` shows while it runs: a line that changes on a terminal, else rare lines. */
import type { FileDescription } from "../client/reader-messages.ts";
import { twoDigits } from "../web/format.ts";
import { oneLine } from "./one-line.ts";

export interface UploadFigures {
  /** Position in the file, or in the passes of a loop, us. */
  readonly positionUs: number;
  /** Sent so far, bytes of payload. */
  readonly octets: number;
  /** Of the last report, 0..1. */
  readonly fractionLost: number;
  readonly roundTripUs: number | null;
}

const SHOW_US = 1_000_000;
/** Beside a log a sign of life is enough. */
const LOG_US = 300_000_000;

export class UploadStatus {
  #shownUs = Number.NEGATIVE_INFINITY;
  #loggedUs = Number.NaN;
  #octets = 0;
  #open = false;

  constructor(
    private readonly file: Pick<FileDescription, "durationUs">,
    /** Whether `write` goes to a terminal. */
    private readonly terminal: boolean,
    private readonly write: (text: string) => void,
  ) {}

  /** A whole line, above the one that changes. */
  log(line: string): void {
    this.write(`${this.#open ? "\r\x1b[K" : ""}publish: ${oneLine(line)}\n`);
    this.#open = false;
  }

  /** Figures of this moment; written when it is time. */
  update(now: number, figures: UploadFigures): void {
    if (Number.isNaN(this.#loggedUs)) this.#loggedUs = now;
    const seconds = (now - this.#shownUs) / 1e6;
    const due = this.terminal ? seconds * 1e6 >= SHOW_US : now - this.#loggedUs >= LOG_US;
    if (!due) return;
    const line = this.#line(figures, seconds);
    this.#shownUs = now;
    this.#octets = figures.octets;
    if (!this.terminal) {
      this.#loggedUs = now;
      this.log(line);
      return;
    }
    this.write(`\r\x1b[K${line}`);
    this.#open = true;
  }

  /** Leaves the line that changes as it is. */
  close(): void {
    if (this.#open) this.write("\n");
    this.#open = false;
  }

  #line(figures: UploadFigures, seconds: number): string {
    const { durationUs } = this.file;
    const of = durationUs === null ? "" : ` of ${clock(durationUs)}`;
    const bits = (figures.octets - this.#octets) * 8;
    const rate = Number.isFinite(seconds) && bits >= 0 ? `, ${rateOf(bits / seconds)}` : "";
    const loss = `, loss ${(100 * figures.fractionLost).toFixed(1)} %`;
    const { roundTripUs } = figures;
    const trip = roundTripUs === null ? "" : `, round trip ${(roundTripUs / 1000).toFixed(0)} ms`;
    return `${clock(figures.positionUs)}${of}${rate}${loss}${trip}`;
  }
}

/** 0:07, 12:30, 1:02:03. */
export function clock(us: number): string {
  const seconds = Math.max(0, Math.floor(us / 1e6));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const tail = twoDigits(seconds % 60);
  return hours > 0 ? `${hours}:${twoDigits(minutes)}:${tail}` : `${minutes}:${tail}`;
}

function rateOf(bitsPerSecond: number): string {
  return bitsPerSecond < 1e6
    ? `${(bitsPerSecond / 1e3).toFixed(0)} kb/s`
    : `${(bitsPerSecond / 1e6).toFixed(2)} Mb/s`;
}
