/**
 * What is wrong with a value, in our own words. The schemas' library has words of its own for what a
 * schema does not name; these take their place, wherever the library is used.
 */
import { z } from "zod";

const TYPES: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  tuple: "a list",
  object: "a table",
  record: "a table",
  date: "a date",
  null: "nothing",
  nan: "no number",
};

/** One issue of a schema as the end of a sentence that begins with the key. */
function inOurWords(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case "invalid_type":
      if (issue.input === undefined) return "is missing";
      return `must be ${TYPES[issue.expected] ?? issue.expected}, not ${typeOf(issue.input)}`;
    case "invalid_value":
      return issue.values.length === 1
        ? `must be ${quoted(issue.values[0])}`
        : `must be one of ${issue.values.map(quoted).join(", ")}`;
    case "too_small":
      return size(issue.origin, "at least", Number(issue.minimum), issue.inclusive !== false);
    case "too_big":
      return size(issue.origin, "at most", Number(issue.maximum), issue.inclusive !== false);
    case "unrecognized_keys":
      return `unknown key ${issue.keys.join(", ")}`;
    case "not_multiple_of":
      return `must be a multiple of ${issue.divisor}`;
    case "invalid_union":
      return union(issue.errors ?? [], issue.input);
    case "invalid_format":
      return "is not written as it must be";
    case "invalid_key":
      return "has a key that is not allowed";
    case "invalid_element":
      return "has an entry that is not allowed";
    default:
      return "is not allowed";
  }
}

/** None of several kinds: named when it is their types alone that differ. */
function union(branches: readonly (readonly z.core.$ZodIssue[])[], input: unknown): string {
  if (input === undefined) return "is missing";
  const wanted = branches.map(([first]) =>
    first?.code === "invalid_type" && first.path.length === 0 ? first.expected : null,
  );
  if (wanted.length === 0 || wanted.includes(null)) return "is none of what it may be";
  const names = [...new Set(wanted.map((type) => TYPES[type!] ?? String(type)))];
  return `must be ${names.join(" or ")}, not ${typeOf(input)}`;
}

function size(origin: string, bound: string, limit: number, inclusive: boolean): string {
  const amount = `${bound} ${limit}`;
  if (origin === "string") {
    return bound === "at least" && limit === 1 ? "must not be empty" : `${amount} characters`;
  }
  if (origin === "array" || origin === "set") {
    return bound === "at least" && limit === 1 ? "must not be empty" : `${amount} entries`;
  }
  if (inclusive) return `must be ${amount}`;
  return `must be ${bound === "at least" ? "above" : "below"} ${limit}`;
}

function typeOf(input: unknown): string {
  if (input === null) return "nothing";
  if (Array.isArray(input)) return "a list";
  if (input instanceof Date) return "a date";
  if (typeof input === "number") return Number.isNaN(input) ? "no number" : "a number";
  return TYPES[typeof input] ?? typeof input;
}

function quoted(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

z.config({ localeError: inOurWords });
