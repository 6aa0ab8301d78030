/** Options of a command by a table: read, and checked as they are asked for. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { UsageError, usage } from "./command.ts";
import type { OptionLine } from "./help.ts";

/** One line of the table; without a `value` it is a switch. */
export function option(name: string, value: string, help: string, standard = ""): OptionLine {
  return { flag: `--${name}`, value, help, ...(standard === "" ? {} : { default: standard }) };
}

/** Throws a UsageError for what stands in no line of the table. */
export function readOptions(
  command: string,
  options: readonly OptionLine[],
  args: readonly string[],
): Given {
  const known = Object.fromEntries(
    options.map(({ flag, value }) => [
      flag.slice(2),
      { type: value === "" ? ("boolean" as const) : ("string" as const) },
    ]),
  );
  const { values, positionals } = usage(command, () =>
    parseArgs({ args: [...args], allowPositionals: true, options: known }),
  );
  return new Given(command, values, positionals);
}

/** The options that were given. What makes no sense throws a UsageError that names command and option. */
export class Given {
  readonly #command: string;
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(
    command: string,
    values: Readonly<Record<string, unknown>>,
    readonly positionals: readonly string[],
  ) {
    this.#command = command;
    this.#values = values;
  }

  /** Throws where there are more arguments than so many beside the options. */
  argumentsAtMost(max: number): void {
    const extra = this.positionals[max];
    if (extra !== undefined) throw this.#wrong(`"${extra}" is one argument too many`);
  }

  text(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === "string" ? value : undefined;
  }

  has(name: string): boolean {
    return this.#values[name] !== undefined;
  }

  /** The absolute path of a file. */
  file(name: string): string | undefined {
    const path = this.text(name);
    return path === undefined ? undefined : resolve(path);
  }

  on(name: string): boolean {
    return this.#values[name] === true;
  }

  number(name: string, fallback: number, min: number, max: number): number {
    const text = this.text(name);
    if (text === undefined) return fallback;
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (!(value >= min && value <= max)) {
      throw this.#wrong(`--${name} is a number from ${min} to ${max}, not "${text}"`);
    }
    return value;
  }

  whole(name: string, fallback: number, min: number, max: number): number {
    const value = this.number(name, fallback, min, max);
    if (!Number.isInteger(value)) throw this.#wrong(`--${name} is a whole number`);
    return value;
  }

  /** "2.5M", "800k", "64000". */
  bitsPerSecond(name: string, fallback: string): number {
    const text = this.text(name) ?? fallback;
    const match = /^(\d+(?:\.\d+)?)([kM]?)$/.exec(text);
    const unit = match?.[2] === "M" ? 1e6 : match?.[2] === "k" ? 1e3 : 1;
    const value = Number(match?.[1] ?? Number.NaN) * unit;
    if (!(value >= 10_000 && value <= 1e9)) {
      throw this.#wrong(`--${name} is 10k to 1000M, not "${text}"`);
    }
    return value;
  }

  /** By `burst` and `spread`, ms, of which one is given at most; 0: all packets of a frame at once. */
  spreadMs(fps: number): number {
    if (this.on("burst") && this.text("spread") !== undefined) {
      throw this.#wrong("--burst and --spread exclude each other");
    }
    const spreadMs = this.number("spread", 0, 0, 1000);
    if (spreadMs > 1000 / fps) throw this.#wrong("--spread is longer than a frame lasts");
    return spreadMs;
  }

  #wrong(complaint: string): UsageError {
    return new UsageError(`${this.#command}: ${complaint}`);
  }
}
