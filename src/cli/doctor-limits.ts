/** What a process may take: files, memory, processors. */
import type { Config } from "../config.ts";
import { type Finding, ok, warn } from "./finding.ts";

/** An event stream, a keep-alive connection and some slack for each of 10,000 viewers. */
const OPEN_FILES_MIN = 32_768;

/** A server that runs, or one that would be started as this process was. */
type Process = number | "self";

/** Null when it cannot be read. */
type Read = (path: string) => string | null;

export function checkLimits(config: Config, process: Process, read: Read): readonly Finding[] {
  const group = (file: string) => groupText(file, process, read);
  return [
    checkOpenFiles(read(`/proc/${process}/limits`) ?? ""),
    checkMemory(config, group("memory.max")),
    checkProcessors(group("cpu.max")),
  ];
}

/** `limits`: /proc/PID/limits. */
function checkOpenFiles(limits: string): Finding {
  const name = "open files";
  const [, soft = "", hard = ""] = /^Max open files +(\S+) +(\S+)/m.exec(limits) ?? [];
  if (soft === "") return warn(name, "limit unknown", "Is /proc mounted?");
  const detail = `${soft} (may be raised to ${hard})`;
  if (soft === "unlimited" || Number(soft) >= OPEN_FILES_MIN) return ok(name, detail);
  return warn(name, detail, `ulimit -n ${OPEN_FILES_MIN}, or LimitNOFILE= in the unit`);
}

function checkMemory(config: Config, max: string | null): Finding {
  const limit = max === null || max === "max" ? null : Number(max);
  const rings = Math.round(config.ringMemoryBytes / 2 ** 20);
  if (limit === null) return ok("memory limit", `none; rings may take ${rings} MiB`);
  const detail = `${Math.round(limit / 2 ** 20)} MiB, of which rings may take ${rings} MiB`;
  if (config.ringMemoryBytes <= limit / 2) return ok("memory limit", detail);
  return warn("memory limit", detail, "Lower --ring-memory to half of the limit at most");
}

function checkProcessors(max: string | null): Finding {
  const [quota, period] = (max ?? "").split(" ");
  if (quota === undefined || quota === "" || quota === "max") return ok("cpu limit", "none");
  const cores = (Number(quota) / Number(period)).toFixed(1);
  return warn(
    "cpu limit",
    `${cores} cores by quota: a burst that uses it up stalls every viewer`,
    "Give whole cores (cpuset) instead of a quota",
  );
}

/** cgroup 2: a file of the group that the process is in. */
function groupText(file: string, process: Process, read: Read): string | null {
  const group = /^0::(.*)$/m.exec(read(`/proc/${process}/cgroup`) ?? "")?.[1] ?? "/";
  return read(`/sys/fs/cgroup${group}/${file}`) ?? read(`/sys/fs/cgroup/${file}`);
}
