/** What a file exports is for others of the house, not for tests alone. */
import { expect, test } from "bun:test";
import { read, resolved, sources, typed } from "./sources.ts";

/** Imported by tests alone by design: what stands in for the world in a simulation. */
const FOR_SIMULATION: readonly string[] = [];

/** Those that only tests, or nobody, imported when the rule came. The list may only shrink. */
const FOR_TESTS: readonly string[] = [
  "src/cli/banner.ts baseUrl",
  "src/cli/doctor-checks.ts isOlder",
  "src/cli/watchdog.ts Watchdog",
  "src/client/container/boxes.ts readU64",
  "src/config/values.ts isAddress",
  "src/config/words.ts inOurWords",
  "src/feed/source-clock.ts ClockRun",
  "src/io/certificate.ts fingerprintOf",
  "src/io/dtls-openssl.ts SRTP_PROFILES",
  "src/io/libc.ts SystemError",
  "src/io/port-owner.ts socketInodes",
  "src/io/processor-time.ts parseThreadTime",
  "src/io/processor-time.ts readOwnWaitUs",
  "src/io/processor-time.ts parseMachineTime",
  "src/io/processor-time.ts parseProcessTime",
  "src/load/counters.ts LOAD_COUNTERS",
  "src/load/distributions.ts DISTRIBUTIONS",
  "src/load/report.ts percentiles",
  "src/load/synthetic-track.ts PARAMETER_SETS",
  "src/load/viewer-feedback.ts FEEDBACK_BYTES_MAX",
  "src/feed/layer-table.ts MeasuredLayer",
  "src/media/missing.ts MISSING_MAX",
  "src/media/sent-packets.ts SENT_PACKETS_MAX",
  "src/ring/doorbell.ts BLOCK_BYTES",
  "src/ring/layout.ts RING_MAGIC",
  "src/ring/layout.ts ringBytes",
  "src/ring/layout.ts slotsOffset",
  "src/sdp/negotiate.ts extensionTable",
  "src/sdp/negotiate.ts acceptFormat",
  "src/srtp/key-derivation.ts deriveKey",
  "src/srtp/receiver.ts estimateIndex",
  "src/web/layering.ts SIMULCAST_CODECS",
  "src/wire/dependency-structure.ts TEMPLATES_MAX",
  "src/wire/dependency-structure.ts Indication",
  "src/wire/rtp-extension-values.ts ABS_CAPTURE_TIME_BYTES_WITH_OFFSET",
  "src/wire/rtp-extension-values.ts PLAYOUT_DELAY_MAX",
  "src/wire/stun.ts STUN_FINGERPRINT_XOR",
  "src/wire/stun.ts STUN_UNKNOWN_MAX",
];

/**
 * Functions, classes and constants. Types are free: they name the shape of what a file exports, and
 * their file's own signatures use them.
 */
const EXPORT = /^export (?:abstract )?(?:async )?(?:const|let|function\*?|class|enum) (\w+)/gm;

const used = new Set(
  typed.filter((path) => !path.startsWith("test/")).flatMap((path) => usedBy(path, read(path))),
);
const idle = sources
  .flatMap((path) => [...read(path).matchAll(EXPORT)].map((match) => [path, match[1]!] as const))
  .filter(([path, name]) => !used.has(`${path} ${name}`) && !used.has(`${path} *`))
  .map(([path, name]) => `${path} ${name}`);

test("every form of an import is found", () => {
  const text = `
import { type A, b as c } from "./one.ts";
import type { D } from "../two.ts";
export { e } from "./three.ts";
import * as four from "./four.ts";
const five = await import("./five.ts");
`;
  expect(usedBy("src/x/y.ts", text)).toEqual([
    "src/x/one.ts A",
    "src/x/one.ts b",
    "src/two.ts D",
    "src/x/three.ts e",
    "src/x/four.ts *",
    "src/x/five.ts *",
  ]);
});

test("nothing is exported for tests alone", () => {
  const allowed = [...FOR_SIMULATION, ...FOR_TESTS];
  expect(idle.filter((name) => !allowed.includes(name))).toEqual([]);
});

test("no exception outlives its offence", () => {
  expect([...FOR_SIMULATION, ...FOR_TESTS].filter((name) => !idle.includes(name))).toEqual([]);
});

/** "path name" of what a file takes of others; "*" where it takes all. */
function usedBy(path: string, text: string): string[] {
  const form =
    /(?:import|export) (?:type )?(?:\{([^}]*)\}|\* as \w+) from "(\.[^"]+)"|import\(\s*"(\.[^"]+)"/g;
  return [...text.matchAll(form)].flatMap(([, list = "*", from, whole]) => {
    const target = resolved(path, (from ?? whole)!);
    const names = list.split(",").map((each) => each.trim().replace(/^type /, ""));
    return names.filter((name) => name !== "").map((name) => `${target} ${name.split(" ")[0]}`);
  });
}
