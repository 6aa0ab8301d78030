/**
 * The other servers, each as its documentation says for many viewers. Found on PATH, or named by
 * SPILLWAY_PEER_<NAME> (path of the executable).
 */
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { nextPort, type RunningServer, startServer, startSpillway } from "./harness.ts";
import { JANUS_TUNING, startJanus } from "./peer-janus.ts";

export interface Peer {
  readonly name: string;
  /** What was set apart from its defaults, for the record. */
  readonly tuning: string;
  /** Path of its executable, or why there is none. */
  find(): { readonly path: string } | { readonly absent: string };
  version(path: string): string;
  start(path: string): Promise<RunningServer>;
}

function executable(variable: string, ...names: string[]): ReturnType<Peer["find"]> {
  const named = process.env[`SPILLWAY_PEER_${variable}`];
  if (named !== undefined) return existsSync(named) ? { path: named } : { absent: `no ${named}` };
  const path = names.map((name) => Bun.which(name)).find((found) => found !== null);
  return path == null ? { absent: "not installed" } : { path };
}

function versionOf(...command: string[]): string {
  const { stdout, stderr } = Bun.spawnSync(command, { timeout: 5000 });
  return `${stdout}${stderr}`.trim().split("\n")[0]?.slice(0, 60) ?? "";
}

/** From the module data in a Go program, for one that does not tell its version itself. */
function goVersionOf(path: string): string {
  const { stdout } = Bun.spawnSync(["go", "version", "-m", path], { timeout: 5000 });
  return /^\s*mod\s+\S+\s+(\S+)/m.exec(stdout.toString())?.[1] ?? "version unknown";
}

function configFile(name: string, text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), "spillway-bench-")), name);
  writeFileSync(path, text);
  return path;
}

const spillway: Peer = {
  name: "spillway",
  tuning: "one egress worker",
  find: () => ({ path: "dist/spillway" }),
  version: (path) => versionOf(path, "--version"),
  start: () => startSpillway(),
};

const mediamtx: Peer = {
  name: "mediamtx",
  tuning: "other protocols off, one UDP port, writeQueueSize 4096, GOMAXPROCS=1 (one core)",
  find: () => executable("MEDIAMTX", "mediamtx"),
  version: (path) => versionOf(path, "--version"),
  start: (path) => {
    const http = nextPort();
    const config = configFile(
      "mediamtx.yml",
      `logLevel: error
writeQueueSize: 4096
rtsp: no
rtmp: no
hls: no
srt: no
moq: no
webrtc: yes
webrtcAddress: 127.0.0.1:${http}
webrtcLocalUDPAddress: 127.0.0.1:${http + 1}
webrtcIPsFromInterfaces: no
webrtcAdditionalHosts: [127.0.0.1]
paths:
  all_others:
`,
    );
    const base = `http://127.0.0.1:${http}`;
    return startServer({
      command: [path, config],
      env: { GOMAXPROCS: "1" },
      probe: `${base}/`,
      whip: (stream) => `${base}/${stream}/whip`,
      whep: (stream) => `${base}/${stream}/whep`,
    });
  },
};

const broadcastBox: Peer = {
  name: "broadcast-box",
  tuning: "one UDP port, no frontend, GOMAXPROCS=1 (one core)",
  find: () => executable("BROADCAST_BOX", "broadcast-box"),
  version: goVersionOf,
  start: (path) => {
    const http = nextPort();
    const base = `http://127.0.0.1:${http}`;
    const folder = dirname(configFile(".env.production", ""));
    return startServer({
      command: [path],
      cwd: folder,
      env: {
        GOMAXPROCS: "1",
        APP_ENV: "production",
        HTTP_ADDRESS: `127.0.0.1:${http}`,
        UDP_MUX_PORT: String(http + 1),
        DISABLE_FRONTEND: "TRUE",
        DISABLE_STATUS: "true",
      },
      probe: `${base}/api/status`,
      whip: () => `${base}/api/whip`,
      whep: () => `${base}/api/whep`,
      // The stream's name travels as the bearer token.
      arguments: ["--token", "bench"],
    });
  },
};

const srs: Peer = {
  name: "srs",
  tuning: "max_connections 10000, rtc with NACK and TWCC, no RTMP bridge, log to a file at warn",
  find: () => {
    const found = executable("SRS", "srs-server", "objs/srs");
    if (!("path" in found) || !readFileSync(found.path).includes("__asan_init")) return found;
    // The default of its configure: several times slower, and no rival.
    return { absent: "built with the address sanitizer: ./configure --sanitizer=off" };
  },
  version: (path) => versionOf(path, "-v"),
  start: (path) => {
    const http = nextPort();
    const log = configFile("srs.log", "");
    const config = configFile(
      "srs.conf",
      `listen ${http + 2};
max_connections 10000;
daemon off;
srs_log_tank file;
srs_log_level_v2 warn;
srs_log_file ${log};
pid ${dirname(log)}/srs.pid;
http_api { enabled on; listen 127.0.0.1:${http}; }
rtc_server { enabled on; listen ${http + 1}; candidate 127.0.0.1; }
vhost __defaultVhost__ {
  rtc { enabled on; nack on; twcc on; rtmp_to_rtc off; rtc_to_rtmp off; }
}
`,
    );
    const base = `http://127.0.0.1:${http}`;
    return startServer({
      command: [path, "-c", config],
      cwd: dirname(config),
      probe: `${base}/api/v1/versions`,
      whip: (stream) => `${base}/rtc/v1/whip/?app=live&stream=${stream}`,
      whep: (stream) => `${base}/rtc/v1/whep/?app=live&stream=${stream}`,
    });
  },
};

const janus: Peer = {
  name: "janus",
  tuning: JANUS_TUNING,
  find: () => executable("JANUS", "janus"),
  version: (path) => versionOf(path, "--version"),
  start: startJanus,
};

const ome: Peer = {
  name: "ovenmediaengine",
  tuning: "",
  find: () => {
    const found = executable("OVENMEDIAENGINE", "OvenMediaEngine");
    if ("absent" in found) return found;
    return { absent: "installed, but it plays by its own signalling, not by WHEP" };
  },
  version: (path) => versionOf(path, "-v"),
  start: () => Promise.reject(new Error("no WHEP")),
};

export const PEERS: readonly Peer[] = [spillway, mediamtx, broadcastBox, srs, janus, ome];
