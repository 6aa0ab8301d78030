import { expect, test } from "bun:test";
import { checkService } from "../../src/cli/doctor-service.ts";
import type { ServiceEyes } from "../../src/cli/service-eyes.ts";
import { systemdUnit } from "../../src/cli/unit.ts";

const BINARY = "/usr/local/bin/spillway";
const FRAGMENT = "/etc/systemd/system/spillway.service";
const RUNNING = {
  ...{ LoadState: "loaded", ActiveState: "active", SubState: "running", Result: "success" },
  ...{ NRestarts: "0", MainPID: "77", FragmentPath: FRAGMENT, NeedDaemonReload: "no" },
};

interface Machine {
  readonly unit?: Readonly<Record<string, string>> | null;
  readonly text?: string;
  /** What /proc tells of the executable that runs; null without the right to see it. */
  readonly runs?: string | null;
  readonly own?: string | null;
  readonly same?: boolean;
}

/** What is told of a machine whose service is as it should be, but for this. */
function reportOf(machine: Machine, wanted = true) {
  const { unit = RUNNING, text = systemdUnit(BINARY, false), runs = BINARY } = machine;
  const eyes: ServiceEyes = {
    show: () => unit,
    readText: (path) => (path === FRAGMENT ? text.trim() : null),
    readLink: (path) => (path === "/proc/77/exe" ? runs : null),
    isSame: () => machine.same ?? true,
    own: machine.own === undefined ? BINARY : machine.own,
  };
  return checkService(eyes, wanted);
}

/** The same, each finding by its name. */
function found(machine: Machine, wanted = true) {
  const { findings, pid } = reportOf(machine, wanted);
  for (const { level, mend } of findings) expect(mend === null).toBe(level === "ok");
  const told = findings.map(({ name, level, detail }) => [name, `${level}: ${detail}`]);
  return { pid, ...Object.fromEntries(told) };
}

test("without systemd, or without the unit, nothing is told", () => {
  expect(found({ unit: null })).toEqual({ pid: null });
  expect(found({ unit: { ...RUNNING, LoadState: "not-found" } })).toEqual({ pid: null });
});

test("a service as this version wants it is good, with and without privileged ports", () => {
  for (const privileged of [false, true]) {
    expect(found({ text: systemdUnit("/opt/bin/spillway", privileged) })).toEqual({
      pid: 77,
      service: "ok: process 77",
      unit: `ok: ${FRAGMENT} is as this version writes it`,
      executable: `ok: ${BINARY}`,
    });
  }
});

test("a unit of another version is told by what it lacks", () => {
  const old = systemdUnit(BINARY, false)
    .replace(/^WatchdogSignal=.*\n/m, "")
    .replace("LimitNOFILE=1048576", "LimitNOFILE=1024");
  expect(found({ text: old }).unit).toBe(
    `warn: ${FRAGMENT} is not as this version writes it, it lacks WatchdogSignal=SIGKILL, LimitNOFILE=1048576`,
  );
  const bare = "[Service]\nExecStart=/opt/spillway serve\n";
  expect(found({ text: bare }).unit).toMatch(/it lacks .*, .*, .* and \d+ more$/);
  const changed = { ...RUNNING, NeedDaemonReload: "yes" };
  expect(found({ unit: changed }).unit).toContain("has changed since systemd read it");
});

test("the unit that is shown instead lets it bind what it could bind before", () => {
  for (const [privileged, more] of [
    [false, ""],
    [true, " --privileged-ports"],
  ] as const) {
    const text = `${systemdUnit(BINARY, privileged)}# mine\n`;
    const unit = reportOf({ text }).findings.find(({ name }) => name === "unit")!;
    expect(unit.mend).toStartWith(`spillway install --binary ${BINARY}${more} shows it`);
  }
});

test("the state folder is the one that the unit names first", () => {
  const folder = (names: string) =>
    reportOf({ unit: { ...RUNNING, StateDirectory: names } }).stateFolder;
  expect(folder("spillway")).toBe("/var/lib/spillway");
  expect(folder("spillway/a other")).toBe("/var/lib/spillway/a");
  expect(folder("")).toBeNull();
  expect(reportOf({}).stateFolder).toBeNull();
  expect(reportOf({ unit: null }).stateFolder).toBeNull();
});

test("an executable that was replaced, or is another than this, is told", () => {
  expect(found({ runs: `${BINARY} (deleted)` }).executable).toBe(`warn: ${BINARY} is another now`);
  expect(found({ own: "/tmp/spillway", same: false }).executable).toBe(
    `warn: the service runs ${BINARY}, which is another than /tmp/spillway`,
  );
  expect(found({ own: "/tmp/spillway" }).executable).toBe(`ok: ${BINARY}`);
  // Nothing can be said of it by whoever runs from sources, or may not look.
  expect(found({ own: null, same: false }).executable).toBe(`ok: ${BINARY}`);
  expect(found({ runs: null }).executable).toBeUndefined();
});

test("a service that does not run says why, and how often it was started again", () => {
  const state = (change: Readonly<Record<string, string>>, wanted = true) =>
    found({ unit: { ...RUNNING, MainPID: "0", ...change } }, wanted).service;
  const failed = { ActiveState: "failed", SubState: "failed", Result: "exit-code" };
  expect(state(failed)).toBe("fail: failed, failed (exit-code)");
  expect(state({ ...failed, ActiveState: "activating", SubState: "auto-restart" })).toMatch(
    /^fail/,
  );
  const stopped = { ActiveState: "inactive", SubState: "dead" };
  expect(state(stopped)).toBe("warn: inactive, dead");
  expect(state(stopped, false)).toBeUndefined();
  expect(found({ unit: { ...RUNNING, NRestarts: "3" } }).service).toBe(
    "ok: process 77, restarted 3 times by itself",
  );
});
