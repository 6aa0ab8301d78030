/** The TOML file as settings, and where in it a mistake stands. */
import { messageOf } from "../errors.ts";
import { optionTable } from "./option-table.ts";
import { suggest } from "./suggest.ts";
import { fileTables } from "./tables.ts";

/** What was set where: the later source wins. */
export interface Setting {
  readonly value: unknown;
  readonly from: string;
  /** Of the file, when it comes from one. */
  readonly text?: string;
}

/** A line of a file, from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

/** A mistake in one line of text. */
export class ConfigError extends Error {
  constructor(
    message: string,
    readonly place: Place | null = null,
  ) {
    super(message);
  }
}

/** Bun's parser names no line: it is found by parsing the first lines alone. Beyond it none is told. */
const LINES_MAX = 5_000;

type Document = Readonly<Record<string, unknown>>;

/** Throws a ConfigError for a file that cannot be read, is no TOML or has a key that is not known. */
export function readTomlFile(
  path: string,
  readFile: (path: string) => string,
): Map<string, Setting> {
  const text = read(path, readFile);
  const document = parse(path, text);
  const settings = new Map<string, Setting>();
  const known = [...optionTable.map((option) => option.key), ...Object.keys(fileTables)];
  const groups = new Set(known.filter((key) => key.includes(".")).map((key) => key.split(".")[0]!));
  const visit = (prefix: string, table: Document): void => {
    for (const [name, value] of Object.entries(table)) {
      const key = prefix + name;
      const setting = { value, from: path, text };
      if (known.includes(key) && key !== "config") settings.set(key, setting);
      else if (prefix === "" && groups.has(key) && isTable(value)) visit(`${key}.`, value);
      else {
        const said = `${path}: ${key}: unknown key${suggest(key, known)}`;
        throw new ConfigError(said, placeOf(setting, key.split(".")));
      }
    }
  };
  visit("", document);
  return settings;
}

/** The line on which `keys` (names, and numbers within arrays) first has a value. */
export function placeOf(setting: Setting, keys: readonly (string | number)[]): Place | null {
  if (setting.text === undefined) return null;
  const line = lineWhere(setting.text, (document) => document !== null && has(document, keys));
  return line === null ? null : { file: setting.from, line };
}

function read(path: string, readFile: (path: string) => string): string {
  try {
    return readFile(path);
  } catch (error) {
    throw new ConfigError(`${path}: ${messageOf(error)}`);
  }
}

function parse(path: string, text: string): Document {
  try {
    return Bun.TOML.parse(text) as Document;
  } catch (error) {
    const message = messageOf(error);
    const reason = message.split("\n")[0]!.replace(/^TOML Parse error: /, "");
    const line = brokenLine(text);
    throw new ConfigError(`${path}: ${line === null ? "" : `line ${line}: `}${reason}`);
  }
}

/** The first line of the statement that does not parse: the one after the longest good beginning. */
function brokenLine(text: string): number | null {
  const lines = text.split("\n");
  if (lines.length > LINES_MAX) return null;
  let good = 0;
  for (let count = 1; count <= lines.length; count += 1) {
    if (attempt(`${lines.slice(0, count).join("\n")}\n`) !== null) good = count;
  }
  return Math.min(good + 1, lines.length);
}

/** The number of the first lines whose document satisfies `test`. */
function lineWhere(text: string, test: (document: Document | null) => boolean): number | null {
  const lines = text.split("\n");
  for (let count = 1; count <= Math.min(lines.length, LINES_MAX); count += 1) {
    if (test(attempt(`${lines.slice(0, count).join("\n")}\n`))) return count;
  }
  return null;
}

function attempt(text: string): Document | null {
  try {
    return Bun.TOML.parse(text) as Document;
  } catch {
    return null;
  }
}

/** Of a key that is missing: whether what should hold it is there. */
function has(document: Document, keys: readonly (string | number)[]): boolean {
  let value: unknown = document;
  for (const key of keys) {
    if (typeof value !== "object" || value === null) return false;
    value = (value as Record<string | number, unknown>)[key];
    if (value === undefined) return false;
  }
  return true;
}

function isTable(value: unknown): value is Document {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
