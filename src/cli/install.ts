/** `spillway install`: what a service needs, printed to read or written to /etc. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { formatHostPort } from "../config/values.ts";
import { type Config, exampleConfig } from "../config.ts";
import { messageOf } from "../errors.ts";
import { type Command, UsageError, usage } from "./command.ts";
import { readFileConfig, readNoConfig } from "./configuration.ts";
import { optionLines } from "./help.ts";
import { reachOf } from "./reach.ts";
import { CONFIG_FILE, CONFIG_GROUP, sysctlFile, systemdUnit, sysusersFile } from "./unit.ts";

const NEXT_STEPS = [
  `systemd-sysusers && chgrp -R ${CONFIG_GROUP} ${dirname(CONFIG_FILE)}`,
  "sysctl --system && systemctl daemon-reload && systemctl enable --now spillway",
];

export const installCommand: Command = {
  help: `Makes a hardened systemd unit, a sysctl file for socket buffers and a commented configuration.
Without --write they are printed. Files that exist are not touched.

Usage: spillway install [OPTIONS]

Options:
${optionLines([
  { flag: "--write", value: "", help: "Write the files (needs root)." },
  { flag: "--root", value: "DIR", help: "Write below this folder instead of /.", default: "/" },
  {
    flag: "--binary",
    value: "PATH",
    help: "The executable that the unit starts.",
    default: "this one",
  },
  {
    flag: "--privileged-ports",
    value: "",
    help: "Let the service bind ports below 1024 (CAP_NET_BIND_SERVICE).",
  },
])}

Afterwards:
  ${NEXT_STEPS.join("\n  ")}`,
  run: async (args) => run(args),
};

function run(args: readonly string[]): number {
  const { values } = usage("install", () =>
    parseArgs({
      args: [...args],
      options: {
        write: { type: "boolean", default: false },
        root: { type: "string", default: "/" },
        binary: { type: "string" },
        "privileged-ports": { type: "boolean", default: false },
      },
    }),
  );
  const compiled = Bun.main.startsWith("/$bunfs/");
  const binary = values.binary ?? (compiled ? process.execPath : "/usr/local/bin/spillway");
  if (!/^\/[^\s%"'\\]+$/.test(binary)) {
    throw new UsageError(`--binary: "${binary}" is not an absolute path that a unit can name`);
  }
  const files: readonly (readonly [path: string, text: string, mode: number])[] = [
    [
      "/etc/systemd/system/spillway.service",
      systemdUnit(binary, values["privileged-ports"]),
      0o644,
    ],
    ["/etc/sysctl.d/60-spillway.conf", sysctlFile(), 0o644],
    ["/etc/sysusers.d/spillway.conf", sysusersFile(), 0o644],
    // Tokens may be written into it: for root and CONFIG_GROUP alone.
    [CONFIG_FILE, exampleConfig(), 0o640],
  ];
  const root = values.root.replace(/\/+$/, "");
  for (const [path, text, mode] of files) {
    if (values.write) writeFile(root + path, text, mode);
    else console.log(`# ==> ${path}\n${text}`);
  }
  const told = listening(root + CONFIG_FILE);
  if (values.write) console.log(`\nNow run:\n  ${NEXT_STEPS.join("\n  ")}\n\n${told}`);
  else console.log(told.replace(/^/gm, "# "));
  return 0;
}

/** Where the service will listen by its configuration, and how to open it when nobody else could come. */
function listening(file: string): string {
  const config = existsSync(file) ? readOrTell(file) : readNoConfig();
  if (typeof config === "string") return `The service will not start: ${config}`;
  const { http, media, cluster } = config;
  const where = formatHostPort(http.host, http.port);
  const nodes = cluster === null ? "" : `, and for other nodes on UDP port ${cluster.link.port}`;
  const said = `The service listens on ${where} (TCP), for media from UDP port ${media.port} on${nodes}.`;
  if (reachOf(config) === null) return said;
  return `${said}
That is this machine alone. To open it to others, set in ${CONFIG_FILE}
  http = "0.0.0.0:${http.port}"    for all; a token is then asked for, and the first start makes one
or, behind a proxy on this machine,
  trusted-proxy = ["127.0.0.1", "::1"]
  public-url = "https://live.example.com"`;
}

/** The configuration, or what is wrong with it. */
function readOrTell(file: string): Config | string {
  try {
    return readFileConfig(file);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
}

function writeFile(path: string, text: string, mode: number): void {
  if (existsSync(path)) {
    console.log(`${path}: exists, left as it is`);
    return;
  }
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    writeFileSync(path, text, { mode, flag: "wx" });
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
  console.log(`${path}: written`);
}
