/** The options as rows: of `--help`, of the README and of the example file. */
import { OPTIONS, type OptionSpec } from "./options.ts";

/** One row of --help and of the README's table. */
export interface OptionRow {
  readonly key: string;
  readonly flag: string;
  readonly env: string;
  readonly default: string;
  readonly value: string;
  readonly help: string;
  readonly hidden: boolean;
}

export const optionTable: readonly OptionRow[] = Object.entries(OPTIONS).map(
  ([key, spec]: [string, OptionSpec]) => ({
    key,
    flag: `--${key.replaceAll(".", "-")}`,
    env: `SPILLWAY_${key.replaceAll(/[.-]/g, "_").toUpperCase()}`,
    default: spec.default,
    value: spec.value,
    help: spec.help,
    hidden: spec.hidden ?? false,
  }),
);
