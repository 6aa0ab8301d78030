/** The checks of `spillway doctor`, one a function. */
import { lookup } from "node:dns/promises";
import { arch, networkInterfaces, release } from "node:os";
import type { ClusterConfig } from "../config/cluster.ts";
import { formatHostPort, type HostPort, isLoopback } from "../config/values.ts";
import { type Config, isForThisMachine, needsFirstToken } from "../config.ts";
import { describeOpenness, opennessOf } from "../control/http/openness.ts";
import { localAddresses } from "../control/plane/addresses.ts";
import { EMBEDDED_OPENSSL } from "../embedded.ts";
import { messageOf } from "../errors.ts";
import { monotonicUs, realtimeUs } from "../io/clock.ts";
import { openFolder } from "../io/disk.ts";
import { chooseOpenSsl } from "../io/embedded-openssl.ts";
import { listensOnLoopbackAlone } from "../io/port-owner.ts";
import { probeSegmentation } from "../io/probe.ts";
import { randomFill } from "../io/random.ts";
import { SOCKET_BUFFER_BYTES } from "../limits.ts";
import { versionLine } from "../version.ts";
import { dvrFolderOf } from "./archive-ground.ts";
import { checkArchive } from "./doctor-archive.ts";
import { checkCluster } from "./doctor-cluster.ts";
import { checkLimits } from "./doctor-limits.ts";
import { wayTo } from "./doctor-mtu.ts";
import { checkNames } from "./doctor-names.ts";
import { checkHttpPort, checkIceTcpPort, checkLinkPort, checkMediaPorts } from "./doctor-ports.ts";
import type { ServiceReport } from "./doctor-service.ts";
import { checkTls, shownCertificate } from "./doctor-tls.ts";
import { checkMembers, checkStunServer } from "./doctor-udp.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";
import { stateFolder } from "./first-token.ts";
import { isOlder } from "./openssl-age.ts";
import { reachOf } from "./reach.ts";
import { readText } from "./read-text.ts";
import type { ServiceProcess } from "./service-process.ts";

/** 5.0 is the first kernel whose UDP_SEGMENT and UDP_GRO have no known corruption. */
const KERNEL_MIN = 5;

export interface Questions {
  /** The ports are in use by the server itself. */
  readonly running: boolean;
  /** A STUN server that is asked how it sees this machine; null for none. */
  readonly stun: HostPort | null;
  readonly service: ServiceReport;
  /** Null where no service runs, or where it cannot be seen. */
  readonly server: ServiceProcess | null;
}

export async function runChecks(
  config: Config,
  { running, stun, service, server }: Questions,
): Promise<readonly Finding[]> {
  const state = stateFolder(config) ?? service.stateFolder;
  return [
    ok("version", versionLine()),
    await checkOpenSsl(),
    embeddedOpenSsl(),
    checkKernel(),
    checkProcessor(),
    checkSegmentation(),
    ...["rmem_max", "wmem_max"].map(checkBuffer),
    ...(running ? [] : checkPorts(config)),
    ...service.findings,
    checkReach(config, running),
    checkMediaReach(config),
    ...(await checkTls(config, realtimeUs() / 1000, running ? shownCertificate : null)),
    ...(stun === null ? [] : await askStun(config, stun, running)),
    ...(config.cluster === null ? [] : await checkNode(config.cluster)),
    ...(await checkArchive(config, dvrFolderOf(state), { open: openFolder }, server)),
    checkClock(),
    checkAes(),
    checkAccess(config),
    ...checkLimits(config, service.pid ?? "self", readText),
  ];
}

function checkPorts(config: Config): readonly Finding[] {
  const { iceTcp, cluster } = config;
  return [
    checkHttpPort(config),
    checkMediaPorts(config),
    ...(iceTcp === null ? [] : [checkIceTcpPort(iceTcp)]),
    ...(cluster === null ? [] : [checkLinkPort(cluster)]),
  ];
}

async function checkNode(cluster: ClusterConfig): Promise<readonly Finding[]> {
  return [
    ...(await checkCluster(cluster, addressesOf, wayTo)),
    ...(await checkMembers(cluster, addressesOf, randomFill)),
    ...(await checkNames(cluster, fetch, monotonicUs)),
  ];
}

function askStun(config: Config, stun: HostPort, running: boolean): Promise<readonly Finding[]> {
  const addresses = localAddresses({
    host: config.media.host,
    localFirst: isForThisMachine(config),
    advertise: config.advertise,
    interfaces: networkInterfaces(),
  });
  const told = addresses.flatMap(({ advertised }) => advertised);
  return checkStunServer(config, told, stun, running, addressesOf, randomFill);
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

function checkProcessor(): Finding {
  if (arch() !== "arm64") return ok("processor", arch());
  const mend = "Before an event let spillway bench and spillway load show that it carries yours";
  return warn("processor", "arm64: this is built for it, and not proven on its hardware", mend);
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

function checkReach(config: Config, running: boolean): Finding {
  const reach = reachOf(config);
  const { host, port } = config.http;
  const where = `http ${formatHostPort(host, port)}`;
  if (reach !== null) {
    return warn("reach", `${where}: ${reach.detail}`, `To open it: ${reach.mend}`);
  }
  if (!running || isLoopback(host) || !listensOnLoopbackAlone(port)) return ok("reach", where);
  const detail = `${where} by the configuration, but what runs listens on loopback alone`;
  return warn("reach", detail, "systemctl restart spillway");
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

function readNumber(path: string): number | null {
  const text = readText(path);
  return text === null || !/^\d+$/.test(text) ? null : Number(text);
}
