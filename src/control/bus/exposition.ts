/** Collects samples by family, since the format wants a family's lines together. */
export class Exposition {
  readonly #families = new Map<string, string[]>();

  family(name: string, type: "counter" | "gauge" | "histogram", help: string): void {
    this.#families.set(name, [
      `# HELP spillway_${name} ${help}`,
      `# TYPE spillway_${name} ${type}`,
    ]);
  }

  value(name: string, labels: string, value: number): void {
    const family = this.#families.get(name) ?? this.#families.get(name.replace(SUFFIX, ""));
    family?.push(`spillway_${name}${labels === "" ? "" : `{${labels}}`} ${value}`);
  }

  toString(): string {
    return `${[...this.#families.values()].flat().join("\n")}\n`;
  }
}

const SUFFIX = /_(bucket|sum|count)$/;
