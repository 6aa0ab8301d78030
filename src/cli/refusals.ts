/** Frames that could not be sent: each reason is told when it first happens, the count at the end. */
import { OUT_OF_ORDER, type RefusedFrame } from "../client/file-pass.ts";
import { MediaFileError } from "../client/media.ts";
import { clock } from "./upload-status.ts";

/** So much disorder is no slip of one clock but B-frames that begin late. */
const DISORDER_MAX = 50;

export class Refusals {
  readonly #counts = new Map<string, number>();

  constructor(
    private readonly name: string,
    private readonly log: (line: string) => void,
    /** The line that mends the file. */
    private readonly help: string,
  ) {}

  /** Throws a MediaFileError when the file is not worth going on with. */
  note({ kind, timeUs, refused }: RefusedFrame): void {
    const reason = `${kind}: ${refused}`;
    const count = (this.#counts.get(reason) ?? 0) + 1;
    this.#counts.set(reason, count);
    if (count === 1) this.log(`at ${clock(timeUs)} a frame is left out, ${reason}`);
    if (refused === OUT_OF_ORDER && count >= DISORDER_MAX) {
      throw new MediaFileError(
        `${this.name}: its ${kind} has B-frames or unordered times, which WebRTC cannot carry. ${this.help}`,
      );
    }
  }

  /** Throws a MediaFileError when anything was left out. */
  conclude(): void {
    if (this.#counts.size === 0) return;
    const counts = [...this.#counts].map(([reason, count]) => `${count} x ${reason}`);
    throw new MediaFileError(
      `${this.name}: frames were left out: ${counts.join("; ")}. ${this.help}`,
    );
  }
}
