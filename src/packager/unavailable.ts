import type { OutputsGround } from "./outputs.ts";
import type { SourceReading } from "./source-reading.ts";

/** Why there is no tail of a source, told when it is found. */
export class Unavailable {
  /** What control was told. */
  #reason: string | null = null;

  constructor(private readonly ground: Pick<OutputsGround, "stream" | "tell">) {}

  /** Another source comes. */
  forget(): void {
    this.#reason = null;
  }

  /** Whether there can be none. */
  look({ unavailable: reason }: SourceReading, edition: string | null): boolean {
    if (reason !== null && reason !== this.#reason) {
      const { stream, tell } = this.ground;
      tell({ type: "tail-unavailable", stream, edition, reason, tooHeavy: false });
    }
    this.#reason = reason;
    return reason !== null;
  }
}
