/** `spillway uninstall`: takes back what `spillway install` wrote. */
import { lstatSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { exampleConfig } from "../config.ts";
import { type Command, UsageError } from "./command.ts";
import { ownExecutable } from "./executable.ts";
import { option, readOptions } from "./given.ts";
import { optionLines } from "./help.ts";
import { attempt, rootOf } from "./install-files.ts";
import { CONFIG_FILE, CONFIG_GROUP, STATE_FOLDERS, serviceFiles } from "./unit.ts";

const OPTIONS = [
  option("purge", "", "Remove configuration, tokens, certificates and state as well."),
  option("root", "DIR", "Remove below this folder instead of /.", "/"),
] as const;

const STOP = "systemctl disable --now spillway";

export const uninstallCommand: Command = {
  help: `Takes back what spillway install wrote: the unit, the sysctl file, the group, and the configuration
where nobody has changed it. Needs root, and the service stopped:
  ${STOP}

Usage: spillway uninstall [OPTIONS]

Options:
${optionLines(OPTIONS)}`,
  run: async (args) => run(args),
};

const CONFIG_FOLDER = dirname(CONFIG_FILE);
/** By the package manager, where it has put the service in place. */
const PACKAGE_LIST = "/var/lib/dpkg/info/spillway.list";
/** By `systemctl edit` and `systemctl enable`. */
const ADDED = [
  "/etc/systemd/system/spillway.service.d",
  "/etc/systemd/system/multi-user.target.wants/spillway.service",
];

function run(args: readonly string[]): number {
  const given = readOptions("uninstall", OPTIONS, args);
  given.argumentsAtMost(0);
  const root = rootOf(given);
  const purge = given.on("purge");
  refuse(root);
  const paths = [...serviceFiles("", false).map(({ path }) => path), ...ADDED];
  if (purge) paths.push(CONFIG_FOLDER, ...STATE_FOLDERS);
  else if (read(root + CONFIG_FILE) === exampleConfig()) paths.push(CONFIG_FILE);
  const folders = [CONFIG_FOLDER, ...STATE_FOLDERS].map((path) => root + path).filter(isThere);
  const found = paths.map((path) => root + path).filter(isThere);
  for (const place of found) {
    attempt(() => rmSync(place, { recursive: true }));
    console.log(`${place}: removed`);
  }
  const own = root + CONFIG_FOLDER;
  attempt(() => {
    if (isThere(own) && readdirSync(own).length === 0) rmdirSync(own);
  });
  const kept = folders.filter(isThere);
  for (const place of kept) console.log(`${place}: left as it is (--purge removes it)`);
  if (found.length === 0) console.log("No service is installed.");
  else console.log(`\nNow run:\n  ${nextSteps(kept.length === 0).join("\n  ")}`);
  return 0;
}

/** Throws where files must not be taken away from below somebody. */
function refuse(root: string): void {
  if (isThere(root + PACKAGE_LIST)) {
    throw new UsageError(
      "uninstall: the service came as a package: apt-get remove spillway (or purge, with configuration and state)",
    );
  }
  if (root !== "" || Bun.which("systemctl") === null) return;
  const active = Bun.spawnSync(["systemctl", "is-active", "--quiet", "spillway"]);
  if (active.success) throw new UsageError(`uninstall: the service runs; before this: ${STOP}`);
}

/** What no file is. */
function nextSteps(nothingKept: boolean): readonly string[] {
  const group = nothingKept ? [`groupdel ${CONFIG_GROUP}`] : [];
  return [
    "systemctl daemon-reload && sysctl --system",
    ...group,
    `rm ${ownExecutable() ?? "/usr/local/bin/spillway"}`,
  ];
}

/** A link that leads nowhere is there, too. Throws a UsageError where only root may look. */
function isThere(place: string): boolean {
  return attempt(() => lstatSync(place, { throwIfNoEntry: false })) !== undefined;
}

function read(place: string): string | null {
  return isThere(place) ? attempt(() => readFileSync(place, "utf8")) : null;
}
