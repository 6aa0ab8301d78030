/** The programs of `npm run clients`: how each is made ready, and how it is started. */
import { existsSync, mkdirSync } from "node:fs";
import { resolve } from "node:path";

const HERE = import.meta.dir;
const ROOT = resolve(HERE, "../..");

export type Role = "publish" | "view";

/** Where RTP comes in for clients that encode nothing. */
export const FEED = { video: 5004, audio: 5006 } as const;

/** Where the programs are, once `prepare` has run. */
export interface Places {
  /** A folder with a newer Debian, or null where it cannot be made. */
  readonly debian: string | null;
  /** For what the registries of other languages give. */
  readonly cache: string;
}

export interface Program {
  readonly name: string;
  readonly roles: readonly Role[];
  /** It publishes what `feedCommand` sends to FEED. */
  readonly fed: boolean;
  /** It prints events as lines of JSON; else the server alone tells how it does. */
  readonly tells: boolean;
  prepare(places: Places): void;
  version(places: Places): string;
  /** `seconds` long, then it ends by itself. */
  command(places: Places, role: Role, url: string, seconds: number): Command;
}

export interface Command {
  readonly words: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const inDebian = ({ debian }: Places, ...words: string[]): Command => ({
  words: ["chroot", debian ?? "/", ...words],
});

/** FFmpeg's whip muxer; it has no WHEP. */
function ffmpeg(name: string, flags: readonly string[]): Program {
  return {
    name,
    roles: ["publish"],
    fed: false,
    tells: false,
    prepare: () => undefined,
    version: (places) => firstLine(inDebian(places, "ffmpeg", "-version")).split(" ")[2] ?? "",
    command: (places, _role, url, seconds) =>
      inDebian(
        places,
        ...["ffmpeg", "-hide_banner", "-loglevel", "warning", "-re"],
        ...["-f", "lavfi", "-i", "testsrc2=size=640x360:rate=30"],
        ...["-f", "lavfi", "-i", "sine=sample_rate=48000", "-t", String(seconds)],
        ...["-c:v", "libx264", "-preset", "ultrafast", "-profile:v", "baseline", "-bf", "0"],
        ...["-g", "60", "-pix_fmt", "yuv420p", "-b:v", "1M"],
        ...["-c:a", "libopus", "-ar", "48000", "-ac", "2", "-f", "whip", ...flags, url],
      ),
  };
}

const gstreamer: Program = {
  name: "GStreamer webrtcbin",
  roles: ["publish", "view"],
  fed: false,
  tells: true,
  prepare({ debian }) {
    run(["cp", `${HERE}/gstreamer.py`, `${debian}/usr/local/bin/gstreamer.py`]);
  },
  version: (places) =>
    firstLine(inDebian(places, ...["python3", "/usr/local/bin/gstreamer.py", "version"])).replace(
      "GStreamer ",
      "",
    ),
  command: (places, role, url, seconds) =>
    inDebian(places, ...["python3", "/usr/local/bin/gstreamer.py", role, url, String(seconds)]),
};

const aiortc: Program = {
  name: "aiortc",
  roles: ["publish", "view"],
  fed: false,
  tells: true,
  prepare({ cache }) {
    if (existsSync(`${cache}/venv/.complete`)) return;
    run(["python3", "-m", "venv", `${cache}/venv`]);
    run([`${cache}/venv/bin/pip`, "install", "--quiet", "aiortc", "aiohttp"]);
    run(["touch", `${cache}/venv/.complete`]);
  },
  version: (places) => firstLine(python(places, "version")),
  command: (places, role, url, seconds) => python(places, role, url, String(seconds)),
};

function python({ cache }: Places, ...words: string[]): Command {
  return { words: [`${cache}/venv/bin/python`, `${HERE}/aiortc_client.py`, ...words] };
}

const pion: Program = {
  name: "Pion",
  roles: ["publish", "view"],
  fed: true,
  tells: true,
  prepare({ cache }) {
    run(["go", "build", "-o", `${cache}/pion`, "."], `${HERE}/pion`);
  },
  version: ({ cache }) => firstLine({ words: [`${cache}/pion`, "version"] }),
  command: ({ cache }, ...order) => ({ words: [`${cache}/pion`, ...fedOrder(...order)] }),
};

const libdatachannel: Program = {
  name: "libdatachannel",
  roles: ["publish", "view"],
  fed: true,
  tells: true,
  prepare({ cache }) {
    const folder = `${cache}/datachannel`;
    if (existsSync(`${folder}/node_modules/node-datachannel`)) return;
    mkdirSync(folder, { recursive: true });
    run(["npm", "install", "--no-audit", "--no-fund", "--prefix", folder, "node-datachannel"]);
  },
  version: ({ cache }) =>
    firstLine({
      words: ["node", "-p", `require("${packageOf(cache)}/package.json").version`],
    }),
  command: ({ cache }, ...order) => ({
    words: [process.execPath, `${HERE}/datachannel.ts`, ...fedOrder(...order)],
    env: { NODE_DATACHANNEL: packageOf(cache) },
  }),
};

function packageOf(cache: string): string {
  return resolve(cache, "datachannel/node_modules/node-datachannel");
}

const werift: Program = {
  name: "werift",
  roles: ["publish", "view"],
  fed: true,
  tells: true,
  prepare: () => undefined,
  version: () =>
    firstLine({
      words: ["node", "-p", `require("${ROOT}/node_modules/werift/package.json").version`],
    }),
  command: (_places, ...order) => ({
    words: [process.execPath, `${HERE}/werift.ts`, ...fedOrder(...order)],
  }),
};

function fedOrder(role: Role, url: string, seconds: number): string[] {
  return [role, url, String(seconds), String(FEED.video), String(FEED.audio)];
}

export const PROGRAMS: readonly Program[] = [
  ffmpeg("FFmpeg", []),
  ffmpeg("FFmpeg, dtls_active", ["-whip_flags", "dtls_active"]),
  gstreamer,
  aiortc,
  pion,
  libdatachannel,
  werift,
];

/** True for those that come from the newer Debian. */
export function needsDebian(program: Program): boolean {
  return program.name.startsWith("FFmpeg") || program === gstreamer;
}

/** VP8 with a keyframe each 2 s, whatever is asked for, and Opus, as RTP to FEED. */
export function feedCommand(): string[] {
  return [
    ...["ffmpeg", "-hide_banner", "-loglevel", "error", "-re"],
    ...["-f", "lavfi", "-i", "testsrc2=size=640x360:rate=30"],
    ...["-f", "lavfi", "-i", "sine=sample_rate=48000"],
    ...["-map", "0:v", "-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8"],
    ...["-b:v", "1M", "-g", "60", "-payload_type", "96", "-f", "rtp"],
    `rtp://127.0.0.1:${FEED.video}?pkt_size=1200`,
    ...["-map", "1:a", "-c:a", "libopus", "-ac", "2", "-payload_type", "111", "-f", "rtp"],
    `rtp://127.0.0.1:${FEED.audio}?pkt_size=1200`,
  ];
}

/** Runs to the end; throws with what it said when it fails. */
export function run(words: readonly string[], cwd = ROOT): void {
  const { success, stderr, stdout } = Bun.spawnSync([...words], { cwd });
  if (success) return;
  throw new Error(`${words.join(" ")}: ${(stderr.toString() || stdout.toString()).trim()}`);
}

function firstLine({ words, env }: Command): string {
  const { stdout } = Bun.spawnSync([...words], { env: { ...process.env, ...env } });
  return stdout.toString().split("\n")[0]!.trim();
}
