/** What `bun test` writes, line by line: what failed, and the figures that it closes with. */

export interface Counts {
  passed: number;
  /** Errors between tests are failures, too. */
  failed: number;
  skipped: number;
}

const FIGURE = /^ *(\d+) (pass|fail|skip|todo|errors?|expect\(\) calls|filtered out)$/;
const CLOSING = /^(?:\d+ tests? (?:failed|skipped|todo):|Ran \d+ tests? across )/;
/** Between those lines. */
const LISTED = /^$|^\((?:fail|skip|todo)\) /;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const COLORS = /\u001b\[[\d;]*m/g;

/** Of one run of `bun test`. */
export class Report {
  readonly counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  /** Their files and names. */
  readonly failures: string[] = [];
  #file = "";
  #closing = false;

  /** Whether the line is to be shown: what a run closes with is told for all runs together. */
  takes(line: string): boolean {
    const plain = line.replace(COLORS, "");
    const [, figure, of] = FIGURE.exec(plain) ?? [];
    const closes = figure !== undefined || CLOSING.test(plain);
    this.#closing ||= closes;
    if (figure !== undefined) this.#count(Number(figure), of!);
    else if (!this.#closing) this.#note(plain);
    return !this.#closing || !(closes || LISTED.test(plain));
  }

  /** Whether it came to its end. */
  get closed(): boolean {
    return this.#closing;
  }

  #count(figure: number, of: string): void {
    if (of === "pass") this.counts.passed += figure;
    else if (of === "fail" || of.startsWith("error")) this.counts.failed += figure;
    else if (of === "skip" || of === "todo") this.counts.skipped += figure;
  }

  #note(line: string): void {
    this.#file = /^(test\/\S+\.ts):$/.exec(line)?.[1] ?? this.#file;
    if (line.startsWith("(fail) ")) this.failures.push(`${this.#file}: ${line.slice(7)}`);
  }
}
