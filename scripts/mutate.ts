/**
 * Switches off one rule of WHIP and WHEP after the other (scripts/mutations.ts) in a copy of the
 * tree and runs the tests named by its ids, which must fail: `bun run mutate [ID...]`. Prints the
 * survivors; exit code 1 when there are any. Takes some minutes, so it is no part of `npm test`.
 */
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { MUTATIONS } from "./mutations.ts";

const ROOT = resolve(import.meta.dir, "..");
const COPIED = [
  "src",
  "workers",
  "test",
  "scripts",
  "package.json",
  "tsconfig.json",
  "bunfig.toml",
  // The executable holds it.
  "LICENSE",
];
/** A run that takes longer has shown nothing. */
const RUN_MS = 300_000;
/** Of a test: one that ends in the middle of its waiting fails between tests, which shows nothing either. */
const TEST_MS = 60_000;
/** Tests that drive the executable import one of these. */
const NEEDS_BINARY = /support\/(binary|server|browser)\.ts"/;

type Rule = (typeof MUTATIONS)[number];

const wanted = process.argv.slice(2);
const rules = MUTATIONS.filter(
  ({ ids }) => wanted.length === 0 || ids.some((id) => wanted.includes(id)),
);
const copy = mkdtempSync(join(tmpdir(), "spillway-mutate-"));
const survivors: string[] = [];
try {
  for (const name of COPIED) cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
  const files = testFiles();
  for (const rule of rules) {
    const alive = survivorsOf(rule, files);
    const name = `${rule.ids.join(" ")}: ${rule.file}: ${oneLine(rule.search)}`;
    console.log(`${alive.length === 0 ? "killed  " : `SURVIVES (${alive.join(" ")})`} ${name}`);
    if (alive.length > 0) survivors.push(`${alive.join(" ")} in ${name}`);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
console.log(`${rules.length - survivors.length} of ${rules.length} mutations were noticed.`);
for (const line of survivors) console.error(`not noticed: ${line}`);
process.exit(survivors.length === 0 ? 0 : 1);

/** The ids of the rule none of whose tests failed with the rule switched off. */
function survivorsOf(rule: Rule, files: readonly TestFile[]): readonly string[] {
  const path = join(copy, rule.file);
  const source = readFileSync(path, "utf8");
  if (source.split(rule.search).length !== 2) return ["not applicable"];
  writeFileSync(
    path,
    source.replace(rule.search, () => rule.replace),
  );
  try {
    const chosen = files.filter(
      ({ text, binary }) =>
        binary === (rule.binary ?? false) && rule.ids.some((id) => text.includes(id)),
    );
    if (chosen.length === 0) return rule.ids;
    const failed = failedTests(
      rule,
      chosen.map(({ name }) => name),
    );
    return rule.ids.filter((id) => !failed.some((title) => title.includes(id)));
  } finally {
    writeFileSync(path, source);
  }
}

function failedTests(rule: Rule, files: readonly string[]): readonly string[] {
  const pattern = `\\b(${rule.ids.join("|")})\\b`;
  const limit = ["--timeout", String(TEST_MS)];
  const run = Bun.spawnSync([process.execPath, "test", ...limit, "-t", pattern, ...files], {
    cwd: copy,
    timeout: RUN_MS,
    stdout: "pipe",
    stderr: "pipe",
  });
  if (run.exitedDueToTimeout) {
    console.error(`the tests took over ${RUN_MS / 1000} s`);
    return [];
  }
  const text = `${run.stdout}${run.stderr}`;
  // A mutation that does not even load proves nothing. Of a server that does nothing right a test's
  // client may fail when nobody waits for it.
  const unloaded = rule.binary ? /build failed/ : /SyntaxError|Unhandled error between tests/;
  if (unloaded.test(text)) {
    console.error(text.split("\n").find((line) => /rror|failed/.test(line)) ?? "");
    return [];
  }
  return text.split("\n").filter((line) => line.startsWith("(fail) "));
}

interface TestFile {
  readonly name: string;
  readonly text: string;
  readonly binary: boolean;
}

function testFiles(): readonly TestFile[] {
  return readdirSync(join(copy, "test"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.ts") && name !== "conformance.test.ts")
    .map((name) => {
      const text = readFileSync(join(copy, "test", name), "utf8");
      return { name: `test/${name}`, text, binary: NEEDS_BINARY.test(text) };
    });
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").slice(0, 70);
}
