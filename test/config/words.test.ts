/** Complaints are in our own words, whatever the schema library would say. */
import { expect, test } from "bun:test";
import { z } from "zod";
import { loadConfig, optionTable } from "../../src/config.ts";
import "../../src/config/words.ts";

/** What the library says where nobody else does. */
const THEIRS =
  /invalid|expected|received|unrecognized|too (small|big)|required|\bzod\b|undefined|NaN/i;

const complaint = (schema: z.ZodType, value: unknown): string => {
  const result = schema.safeParse(value);
  if (result.success) throw new Error("it was accepted");
  return result.error.issues[0]!.message;
};

const CASES: readonly (readonly [schema: z.ZodType, value: unknown, words: string])[] = [
  [z.string(), 5, "must be text, not a number"],
  [z.string(), undefined, "is missing"],
  [z.number(), "x", "must be a number, not text"],
  [z.number(), Number.NaN, "must be a number, not no number"],
  [z.boolean(), null, "must be true or false, not nothing"],
  [z.array(z.string()), {}, "must be a list, not a table"],
  [z.object({}), [], "must be a table, not a list"],
  [z.int(), 1.5, "must be a whole number, not a number"],
  [z.enum(["a", "b"]), "c", 'must be one of "a", "b"'],
  [z.literal(7), 8, "must be 7"],
  [z.string().min(1), "", "must not be empty"],
  [z.string().min(3), "x", "at least 3 characters"],
  [z.string().max(3), "xxxx", "at most 3 characters"],
  [z.array(z.string()).min(1), [], "must not be empty"],
  [z.array(z.string()).max(1), ["a", "b"], "at most 1 entries"],
  [z.number().min(2), 1, "must be at least 2"],
  [z.number().positive(), 0, "must be above 0"],
  [z.number().max(2), 3, "must be at most 2"],
  [z.number().lt(2), 2, "must be below 2"],
  [z.number().multipleOf(5), 6, "must be a multiple of 5"],
  [z.strictObject({}), { a: 1, b: 2 }, "unknown key a, b"],
  [z.union([z.string(), z.number()]), true, "must be text or a number, not true or false"],
  [z.union([z.string(), z.number()]), undefined, "is missing"],
  [z.union([z.literal("y"), z.literal("z")]), "x", "is none of what it may be"],
  [z.string().regex(/^a/), "b", "is not written as it must be"],
  [z.url(), "b", "is not written as it must be"],
  [z.record(z.string().min(2), z.string()), { a: "x" }, "has a key that is not allowed"],
  [z.string().refine(() => false), "x", "is not allowed"],
  [z.map(z.string(), z.string()), new Map([["a", 1]]), "must be text, not a number"],
];

for (const [schema, value, words] of CASES) {
  test(`O5: ${words}`, () => {
    expect(complaint(schema, value)).toBe(words);
  });
}

test("O5: words that a schema has of its own stay", () => {
  expect(complaint(z.string().min(2, "two at least"), "x")).toBe("two at least");
});

const load = (file: string) =>
  loadConfig({
    args: ["--config", "c.toml"],
    env: {},
    readFile: (path) => (path === "c.toml" ? file : "5a".repeat(32)),
    cores: 2,
    memoryBytes: 2 ** 33,
  });

const WRONG = [
  "{}",
  "[]",
  "[1]",
  "-1",
  "1.5",
  '""',
  "true",
  "1979-05-27",
  '[""]',
  "{ x = 1 }",
  "'\u00e9'",
];

test("O5: no option answers a wrong value in the library's words", () => {
  let complaints = 0;
  for (const { key } of optionTable) {
    if (key === "config") continue;
    // Without it others are not looked at.
    const secret = key === "cluster-secret-file" ? "" : 'cluster-secret-file = "s"\n';
    for (const value of WRONG) {
      const result = load(`${secret}${key} = ${value}`);
      if (result.ok) continue;
      complaints += 1;
      expect(result.error.replaceAll(value, "")).not.toMatch(THEIRS);
    }
  }
  expect(complaints).toBeGreaterThan(100);
});

const TABLES = {
  "auth.tokens": ["token", "hash", "rights", "streams", "max-width", "max-bitrate", "other"],
  "auth.keys": ["id", "alg", "secret", "public", "jwks", "other"],
  "ice-servers": ["urls", "username", "credential", "other"],
  streams: ["match", "takeover", "wait-for-stream", "view", "playout-delay-min-ms", "max-height"],
} as const;

test("O5: nor does any key of the file's tables", () => {
  for (const [table, keys] of Object.entries(TABLES)) {
    for (const key of keys) {
      for (const value of WRONG) {
        const result = load(`[[${table}]]\n${key} = ${value}\n`);
        if (!result.ok) expect(result.error.replaceAll(value, "")).not.toMatch(THEIRS);
      }
    }
    const scalar = load(`${table.includes(".") ? "" : `${table} = 5`}`);
    if (!scalar.ok) expect(scalar.error).not.toMatch(THEIRS);
  }
});
