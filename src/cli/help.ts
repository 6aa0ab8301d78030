/** Layout of help texts: plain columns that fit 100 characters. */

export interface OptionLine {
  readonly flag: string;
  /** Name of the value; "" for a switch. */
  readonly value: string;
  readonly help: string;
  readonly default?: string;
}

const WIDTH = 100;
/** Longer names push their text to the next line instead of moving all others. */
const COLUMN_MAX = 34;

/** One line an option (wrapped at 100 characters), in the given order. */
export function optionLines(options: readonly OptionLine[]): string {
  return columns(
    options.map((option) => {
      const name = option.value === "" ? option.flag : `${option.flag} ${option.value}`;
      const standard = option.default ? ` Default: ${option.default}.` : "";
      return [name, option.help + standard];
    }),
  );
}

/** Two columns, indented by two spaces. */
export function columns(rows: readonly (readonly [name: string, text: string])[]): string {
  const fitting = rows.map(([name]) => name.length).filter((length) => length <= COLUMN_MAX);
  const column = Math.max(0, ...fitting) + 4;
  return rows
    .map(([name, text]) => {
      const lines = wrap(text, WIDTH - column);
      const first = `  ${name}`;
      const start =
        first.length + 2 > column ? `${first}\n${" ".repeat(column)}` : first.padEnd(column);
      return start + lines.join(`\n${" ".repeat(column)}`);
    })
    .join("\n");
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
