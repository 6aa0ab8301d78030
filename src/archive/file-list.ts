import { z } from "zod";
import { isFileName } from "./file-name.ts";

/** index.json: what each file of the folder is. */
export const LIST_NAME = "index.json";

/** One file, as the list tells of it. */
export interface Listed {
  readonly file: string;
  readonly stream: string;
  readonly rendition: number;
  /** Wall clock at capture; null: it grows, or was cut short. */
  readonly from: string;
  readonly to: string | null;
  readonly seconds: number | null;
}

const schema = z.object({
  version: z.literal(1),
  files: z.array(z.looseObject({ file: z.string().refine(isFileName) })),
});

/** A line a file, made once: a year of one stream are 9,000, which are told anew with each file. */
export class FileList {
  /** There is news to write. */
  changed = false;
  readonly #lines = new Map<string, string>();

  get size(): number {
    return this.#lines.size;
  }

  set(listed: Listed): void {
    this.#lines.set(listed.file, JSON.stringify(listed));
    this.changed = true;
  }

  remove(file: string): void {
    if (this.#lines.delete(file)) this.changed = true;
  }

  /** Takes what an earlier process wrote, of files that are still there; false where that is no list. */
  load(text: string, there: ReadonlySet<string>): boolean {
    const parsed = schema.safeParse(jsonOf(text));
    if (!parsed.success) return false;
    for (const entry of parsed.data.files) {
      if (there.has(entry.file)) this.#lines.set(entry.file, JSON.stringify(entry));
    }
    return true;
  }

  get text(): string {
    return `{"version":1,"files":[\n${[...this.#lines.values()].join(",\n")}\n]}\n`;
  }
}

/** Undefined of what is no JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
