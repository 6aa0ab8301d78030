/** The checks of `spillway doctor`, one a function. */
import { lookup } from "node:dns/promises";
import { existsSync, readFileSync } from "node:fs";
import { arch, release } from "node:os";
import { formatHostPort, isLoopback } from "../config/values.ts";
import { type Config, needsFirstToken } from "../config.ts";
import { describeOpenness, opennessOf } from "../control/http/openness.ts";
import { EMBEDDED_OPENSSL } from "../embedded.ts";
import { messageOf } from "../errors.ts";
import { monotonicUs } from "../io/clock.ts";
import { openFolder } from "../io/disk.ts";
import { chooseOpenSsl } from "../io/embedded-openssl.ts";
import { probeSegmentation } from "../io/probe.ts";
import { openFileLimit } from "../io/resource-limit.ts";
import { SOCKET_BUFFER_BYTES } from "../limits.ts";
import { versionLine } from "../version.ts";
import { dvrFolderOf } from "./archive-ground.ts";
import { checkArchive } from "./doctor-archive.ts";
import { checkCluster } from "./doctor-cluster.ts";
import { wayTo } from "./doctor-mtu.ts";
import { checkNames } from "./doctor-names.ts";
import { checkHttpPort, checkLinkPort, checkMediaPorts } from "./doctor-ports.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";
import { isOlder } from "./openssl-age.ts";
import { reachOf } from "./reach.ts";

/** An event stream, a keep-alive connection and some slack for each of 10,000 viewers. */
const OPEN_FILES_MIN = 32_768;
/** 5.0 is the first kernel whose UDP_SEGMENT and UDP_GRO have no known corruption. */
const KERNEL_MIN = 5;

/** `running`: the ports are in use by the server itself. */
export async function runChecks(config: Config, running: boolean): Promise<readonly Finding[]> {
  return [
    ok("version", versionLine()),
    await checkOpenSsl(),
    embeddedOpenSsl(),
    checkKernel(),
    checkSegmentation(),
    ...["rmem_max", "wmem_max"].map(checkBuffer),
    checkOpenFiles(),
    ...(running ? [] : checkPorts(config)),
    checkReach(config),
    checkMediaReach(config),
    ...(config.cluster === null ? [] : await checkCluster(config.cluster, addressesOf, wayTo)),
    ...(config.cluster === null ? [] : await checkNames(config.cluster, fetch, monotonicUs)),
    ...(await checkArchive(config, dvrFolderOf(config), { open: openFolder })),
    checkClock(),
    checkAes(),
    checkAccess(config),
    checkMemoryLimit(config),
    checkCpuLimit(),
  ];
}

function checkPorts(config: Config): readonly Finding[] {
  const link = config.cluster === null ? [] : [checkLinkPort(config.cluster)];
  return [checkHttpPort(config), checkMediaPorts(config), ...link];
}

async function addressesOf(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

async function checkOpenSsl(): Promise<Finding> {
  try {
    const { version, origin } = await chooseOpenSsl();
    const detail = `${version} (${origin})`;
    const copy = EMBEDDED_OPENSSL?.version ?? "";
    if (!isOlder(version, copy)) return ok("openssl", detail);
    const mend = "apt-get install --only-upgrade libssl3";
    return warn("openssl", `${detail} is older than the copy in here (${copy})`, mend);
  } catch (error) {
    return fail("openssl", messageOf(error), "apt-get install libssl3");
  }
}

function embeddedOpenSsl(): Finding {
  const copy = EMBEDDED_OPENSSL;
  if (copy === null) return ok("embedded openssl", "none in this build");
  const hashes = [copy.crypto, copy.ssl].map(({ soname, sha256 }) => `${soname} sha256 ${sha256}`);
  return ok("embedded openssl", `${copy.version}, ${copy.architecture}, ${hashes.join(", ")}`);
}

function checkKernel(): Finding {
  const detail = `Linux ${release()} on ${arch()}`;
  if (Number.parseInt(release(), 10) >= KERNEL_MIN) return ok("kernel", detail);
  return fail("kernel", detail, `Linux ${KERNEL_MIN}.0 or newer is needed`);
}

function checkSegmentation(): Finding {
  const problem = probeSegmentation();
  if (problem === null) return ok("udp offload", "UDP_SEGMENT works");
  return warn(
    "udp offload",
    `UDP_SEGMENT does not work (${problem}): sending costs two to three times the CPU`,
    "Use a kernel with UDP GSO, and no sandbox that hides it (gVisor)",
  );
}

function checkBuffer(name: string): Finding {
  const value = readNumber(`/proc/sys/net/core/${name}`);
  if (value === null) return warn(name, "cannot be read", "Is /proc mounted?");
  const detail = `${value} bytes, ${SOCKET_BUFFER_BYTES} wanted`;
  if (value >= SOCKET_BUFFER_BYTES) return ok(name, detail);
  return warn(
    name,
    `${detail}: bursts will be lost under load`,
    `sysctl -w net.core.${name}=${SOCKET_BUFFER_BYTES} (kept by: spillway install)`,
  );
}

function checkOpenFiles(): Finding {
  const { soft, hard } = openFileLimit();
  const detail = `${soft} (may be raised to ${hard})`;
  if (soft >= OPEN_FILES_MIN) return ok("open files", detail);
  return warn("open files", detail, `ulimit -n ${OPEN_FILES_MIN}, or LimitNOFILE= in the unit`);
}

function checkReach(config: Config): Finding {
  const reach = reachOf(config);
  const where = formatHostPort(config.http.host, config.http.port);
  if (reach === null) return ok("reach", `http ${where}`);
  return warn("reach", `http ${where}: ${reach.detail}`, `To open it: ${reach.mend}`);
}

/** Firefox and libnice (GStreamer) gather no loopback candidates, so nothing connects them to one. */
function checkMediaReach({ media }: Config): Finding {
  const where = `udp ${formatHostPort(media.host, media.port)}`;
  if (!isLoopback(media.host)) return ok("media reach", where);
  return warn(
    "media reach",
    `${where}: no other machine, and neither Firefox nor GStreamer on this one`,
    `media = "0.0.0.0:${media.port}", or an address of this machine`,
  );
}

function checkClock(): Finding {
  const source = readText("/sys/devices/system/clocksource/clocksource0/current_clocksource");
  if (source === null) return warn("clock", "source unknown", "Is /sys mounted?");
  // These are read without a system call; others (hpet, acpi_pm) cost a microsecond or more.
  const fast = ["tsc", "kvm-clock", "arch_sys_counter", "hyperv_clocksource_tsc_page"];
  if (fast.includes(source)) return ok("clock", source);
  return warn("clock", `${source} is slow to read`, "Boot with clocksource=tsc if the CPU has it");
}

function checkAes(): Finding {
  const info = readText("/proc/cpuinfo") ?? "";
  const flags = /^(?:flags|Features)\s*:(.*)$/m.exec(info)?.[1]?.split(" ") ?? [];
  if (flags.includes("aes")) return ok("cpu", "AES instructions");
  return warn("cpu", "no AES instructions: encryption will take most of the CPU", "Another CPU");
}

function checkAccess(config: Config): Finding {
  const { tokens, keys } = config.auth;
  const open = describeOpenness(opennessOf(config));
  const made = needsFirstToken(config) ? ", and one that the first start makes" : "";
  const detail = `open without a token: ${open}; ${tokens.length} tokens, ${keys.length} keys${made}`;
  if (!config.insecure) return ok("access", detail);
  return warn(
    "access",
    detail,
    "Leave --insecure out; [[streams]] with view = open lets all watch",
  );
}

function checkMemoryLimit(config: Config): Finding {
  const limit = cgroupValue("memory.max");
  const rings = Math.round(config.ringMemoryBytes / 2 ** 20);
  if (limit === null) return ok("memory limit", `none; rings may take ${rings} MiB`);
  const detail = `${Math.round(limit / 2 ** 20)} MiB, of which rings may take ${rings} MiB`;
  if (config.ringMemoryBytes <= limit / 2) return ok("memory limit", detail);
  return warn("memory limit", detail, "Lower --ring-memory to half of the limit at most");
}

function checkCpuLimit(): Finding {
  const [quota, period] = (readText(cgroupFile("cpu.max")) ?? "").split(" ");
  if (quota === undefined || quota === "" || quota === "max") return ok("cpu limit", "none");
  const cores = (Number(quota) / Number(period)).toFixed(1);
  return warn(
    "cpu limit",
    `${cores} cores by quota: a burst that uses it up stalls every viewer`,
    "Give whole cores (cpuset) instead of a quota",
  );
}

function cgroupValue(file: string): number | null {
  const text = readText(cgroupFile(file));
  return text === null || text === "max" ? null : Number(text);
}

/** cgroup 2: the file of the group that this process is in. */
function cgroupFile(file: string): string {
  const group = /^0::(.*)$/m.exec(readText("/proc/self/cgroup") ?? "")?.[1] ?? "/";
  const path = `/sys/fs/cgroup${group}/${file}`;
  return existsSync(path) ? path : `/sys/fs/cgroup/${file}`;
}

function readNumber(path: string): number | null {
  const text = readText(path);
  return text === null || !/^\d+$/.test(text) ? null : Number(text);
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return null;
  }
}
