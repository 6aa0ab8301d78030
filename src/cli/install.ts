/** `spillway install`: what a service needs, printed to read or written to /etc. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { exampleConfig } from "../config.ts";
import { type Command, UsageError, usage } from "./command.ts";
import { optionLines } from "./help.ts";
import { sysctlFile, systemdUnit } from "./unit.ts";

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

Afterwards: systemctl daemon-reload && sysctl --system && systemctl enable --now spillway`,
  run: async (args) => run(args),
};

function run(args: readonly string[]): number {
  const { values } = usage(() =>
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
    // Tokens may be written into it.
    ["/etc/spillway/spillway.toml", exampleConfig(), 0o600],
  ];
  const root = values.root.replace(/\/+$/, "");
  for (const [path, text, mode] of files) {
    if (values.write) writeFile(root + path, text, mode);
    else console.log(`# ==> ${path}\n${text}`);
  }
  return 0;
}

function writeFile(path: string, text: string, mode: number): void {
  if (existsSync(path)) {
    console.log(`${path}: exists, left as it is`);
    return;
  }
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { mode, flag: "wx" });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  console.log(`${path}: written`);
}
