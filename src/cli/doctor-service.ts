/** The service that systemd runs: whether it runs at all, by which unit and which executable. */
import { join } from "node:path";
import { type Finding, fail, ok, warn } from "./finding.ts";
import type { ServiceEyes } from "./service-eyes.ts";
import { systemdUnit } from "./unit.ts";

export interface ServiceReport {
  readonly findings: readonly Finding[];
  /** Of the server that runs; null when none does. */
  readonly pid: number | null;
  /** What the unit gives it for its state; null without. */
  readonly stateFolder: string | null;
}

const PROPERTIES = [
  ...["LoadState", "ActiveState", "SubState", "Result", "NRestarts"],
  ...["MainPID", "FragmentPath", "NeedDaemonReload", "StateDirectory"],
] as const;
/** Where systemd has StateDirectory= of the system's services. */
const STATE_ROOT = "/var/lib";
/** Lines of a unit that are named. */
const LINES_SHOWN = 3;

/** `wanted`: whoever asks says that a server runs. */
export function checkService(eyes: ServiceEyes, wanted: boolean): ServiceReport {
  const unit = eyes.show(PROPERTIES);
  if (unit === null || unit.LoadState !== "loaded") {
    return { findings: [], pid: null, stateFolder: null };
  }
  const pid = Number(unit.MainPID) > 0 ? Number(unit.MainPID) : null;
  return {
    findings: [
      ...checkState(unit, pid, wanted),
      ...checkUnit(unit, eyes),
      ...(pid === null ? [] : checkExecutable(pid, eyes)),
    ],
    pid,
    stateFolder: stateFolderOf(unit),
  };
}

/** The first of its list is what the service is told. */
function stateFolderOf({ StateDirectory: names = "" }: Unit): string | null {
  const [first = ""] = names.split(" ");
  return first === "" ? null : join(STATE_ROOT, first);
}

type Unit = Readonly<Record<string, string>>;

function checkState(unit: Unit, pid: number | null, wanted: boolean): readonly Finding[] {
  const { ActiveState: state = "", SubState: part = "", Result: result = "" } = unit;
  const restarts = Number(unit.NRestarts ?? 0);
  const again = restarts === 0 ? "" : `, restarted ${restarts} times by itself`;
  if (state === "active") return [ok("service", `process ${pid}${again}`)];
  const mend = "journalctl --unit spillway --lines 50";
  if (state === "failed" || part === "auto-restart") {
    return [fail("service", `${state}, ${part} (${result})${again}`, mend)];
  }
  return wanted ? [warn("service", `${state}, ${part}`, "systemctl start spillway")] : [];
}

function checkUnit(unit: Unit, eyes: ServiceEyes): readonly Finding[] {
  const { FragmentPath: path = "" } = unit;
  const text = eyes.readText(path);
  if (text === null) return [];
  if (unit.NeedDaemonReload === "yes") {
    const mend = "systemctl daemon-reload && systemctl restart spillway";
    return [warn("unit", `${path} has changed since systemd read it`, mend)];
  }
  const binary = /^ExecStart=(\S+) serve\b/m.exec(text)?.[1] ?? "/usr/local/bin/spillway";
  const privileged = /^CapabilityBoundingSet=CAP_NET_BIND_SERVICE$/m.test(text);
  const wanted = systemdUnit(binary, privileged);
  if (text === wanted.trim()) return [ok("unit", `${path} is as this version writes it`)];
  const shown = `spillway install --binary ${binary}${privileged ? " --privileged-ports" : ""}`;
  return [
    warn(
      "unit",
      `${path} is not as this version writes it${difference(text, wanted)}`,
      `${shown} shows it; own changes belong elsewhere: systemctl edit spillway`,
    ),
  ];
}

/** Comments say nothing to systemd. */
function difference(text: string, wanted: string): string {
  const has = settingsOf(text);
  const missing = settingsOf(wanted).filter((line) => !has.includes(line));
  if (missing.length === 0) return "";
  const more = missing.length > LINES_SHOWN ? ` and ${missing.length - LINES_SHOWN} more` : "";
  return `, it lacks ${missing.slice(0, LINES_SHOWN).join(", ")}${more}`;
}

function settingsOf(text: string): readonly string[] {
  return text.split("\n").filter((line) => /^\w+=/.test(line));
}

function checkExecutable(pid: number, eyes: ServiceEyes): readonly Finding[] {
  const link = `/proc/${pid}/exe`;
  const path = eyes.readLink(link);
  // Only root may see it of others.
  if (path === null) return [];
  if (path.endsWith(" (deleted)")) {
    const [file = ""] = path.split(" (deleted)");
    return [warn("executable", `${file} is another now`, "systemctl restart spillway")];
  }
  if (eyes.own === null || eyes.isSame(link, eyes.own)) return [ok("executable", path)];
  return [
    warn(
      "executable",
      `the service runs ${path}, which is another than ${eyes.own}`,
      `install -m 755 ${eyes.own} ${path} && systemctl restart spillway`,
    ),
  ];
}
