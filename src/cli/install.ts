/** `spillway install`: what a service needs, printed to read or written to /etc. */
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { formatHostPort } from "../config/values.ts";
import { type Config, exampleConfig } from "../config.ts";
import { realtimeUs } from "../io/clock.ts";
import { tokenNotice } from "./access-tokens.ts";
import { type Command, UsageError } from "./command.ts";
import { readFileConfig, readFlags } from "./configuration.ts";
import { checkTls } from "./doctor-tls.ts";
import { ownExecutable } from "./executable.ts";
import type { Finding } from "./finding.ts";
import { firewallRules } from "./firewall.ts";
import { option, readOptions } from "./given.ts";
import { optionLines } from "./help.ts";
import { type InstalledFile, rootOf, writeFile } from "./install-files.ts";
import { PUBLIC_OPTIONS, type PublicService, publicService } from "./public-service.ts";
import { reachOf } from "./reach.ts";
import { CONFIG_FILE, CONFIG_GROUP, serviceFiles } from "./unit.ts";

const NEXT_STEPS = [
  `systemd-sysusers && chgrp -R ${CONFIG_GROUP} ${dirname(CONFIG_FILE)} && sysctl --system`,
  "systemctl daemon-reload && systemctl enable spillway && systemctl restart spillway",
  `spillway doctor --running --config ${CONFIG_FILE}`,
] as const;

const OPTIONS = [
  option("write", "", "Write the files (needs root)."),
  option("root", "DIR", "Write below this folder instead of /.", "/"),
  option("binary", "PATH", "The executable that the unit starts.", "this one"),
  option(
    "privileged-ports",
    "",
    "Let the service bind ports below 1024 (CAP_NET_BIND_SERVICE), as --public-url does where it must.",
  ),
] as const;

export const installCommand: Command = {
  help: `Makes a hardened systemd unit, a sysctl file for socket buffers and a commented configuration.
Without --write they are printed. Files that exist are not touched.

Usage: spillway install [OPTIONS]
       spillway install --public-url URL [--tls-cert FILE --tls-key FILE | --behind-proxy]

Options:
${optionLines(OPTIONS)}

With --public-url all is written, with a configuration that others reach, and tokens: to publish,
to view, to administer. Each is in a file of its own for root alone, and shown once on a terminal.
${optionLines(PUBLIC_OPTIONS)}

Afterwards:
  ${NEXT_STEPS.join("\n  ")}`,
  run,
};

/** The first port that everybody may bind. */
const PORT_FREE_MIN = 1024;

async function run(args: readonly string[]): Promise<number> {
  const given = readOptions("install", [...OPTIONS, ...PUBLIC_OPTIONS], args);
  given.argumentsAtMost(0);
  const root = rootOf(given);
  const service = publicService(given, root);
  const privileged =
    given.on("privileged-ports") || (service?.config.http.port ?? PORT_FREE_MIN) < PORT_FREE_MIN;
  const files = [
    ...machineFiles(binaryOf(given.text("binary")), privileged),
    ...(service?.files ?? [exampleFile()]),
  ];
  if (given.on("write") || service !== null) {
    for (const file of files) console.log(writeFile(file, root));
    const told = service === null ? listeningBy(root + CONFIG_FILE) : await openingOf(service);
    console.log(`\n${told}\n\nNow run:\n  ${NEXT_STEPS.join("\n  ")}`);
  } else {
    for (const { path, text } of files) console.log(`# ==> ${path}\n${text}`);
    console.log(listeningBy(root + CONFIG_FILE).replace(/^/gm, "# "));
  }
  return 0;
}

function binaryOf(given: string | undefined): string {
  const binary = given ?? ownExecutable() ?? "/usr/local/bin/spillway";
  if (/^\/[^\s%"'\\]+$/.test(binary)) return binary;
  throw new UsageError(`--binary: "${binary}" is not an absolute path that a unit can name`);
}

function machineFiles(binary: string, privileged: boolean): readonly InstalledFile[] {
  const plain = serviceFiles(binary, false);
  return serviceFiles(binary, privileged).map(({ path, text }, index) => {
    // A port below 1024 takes a right more than the service was given before.
    const replaces = privileged ? [plain[index]!.text] : [];
    return { path, text, mode: 0o644, replaces };
  });
}

/** Tokens may be written into it: for root and CONFIG_GROUP alone. */
function exampleFile(): InstalledFile {
  return { path: CONFIG_FILE, text: exampleConfig(), mode: 0o640, replaces: [] };
}

/** How others reach the service, and who may what there. */
async function openingOf({ config, publicUrl, copies, tokens }: PublicService): Promise<string> {
  const wrong = (await checkTls(config, realtimeUs() / 1000, null)).filter(isWrong);
  const proxied = config.trustedProxies.length === 0 ? [] : [proxyHint(config, publicUrl)];
  const renewal = copies.length === 0 ? [] : [renewalHint(copies)];
  const minded = wrong.map(({ name, detail, mend }) => `Mind: ${name}: ${detail}. ${mend}`);
  return `${[listening(config), ...proxied, ...renewal, ...minded].join("\n")}

Open it in the firewall, one of:
  ${firewallRules(config).join("\n  ")}

${tokenNotice(tokens, publicUrl, process.stdout.isTTY)}`;
}

function isWrong({ level }: Finding): boolean {
  return level !== "ok";
}

function renewalHint(copies: PublicService["copies"]): string {
  const lines = copies.map(({ from, path }) => `install -m 640 -g ${CONFIG_GROUP} ${from} ${path}`);
  return `The service has copies of its own. After a change:
  ${[...lines, "systemctl reload spillway"].join(" &&\n  ")}`;
}

/** Caddy wants each brace at the end of a line, or on one of its own. */
function proxyHint({ http }: Config, publicUrl: string): string {
  return `The proxy passes ${publicUrl} on to it. All that Caddy needs in its Caddyfile:
  ${publicUrl} {
    reverse_proxy ${formatHostPort(http.host, http.port)}
  }`;
}

/** Where the service will listen by its configuration file, and how to open it when nobody else could come. */
function listeningBy(file: string): string {
  const config = existsSync(file) ? readOrTell(file) : readFlags([]);
  if (typeof config === "string") return `The service will not start: ${config}`;
  const said = listening(config);
  if (reachOf(config) === null) return said;
  return `${said}
That is this machine alone. To open it to others, set in ${CONFIG_FILE}
  http = "0.0.0.0:${config.http.port}"    for all; a token is then asked for, and the first start makes one
or, behind a proxy on this machine,
  trusted-proxy = ["127.0.0.1", "::1"]
  public-url = "https://live.example.com"
or let spillway install --public-url do it.`;
}

function listening({ http, media, cluster }: Config): string {
  const where = formatHostPort(http.host, http.port);
  const nodes = cluster === null ? "" : `, and for other nodes on UDP port ${cluster.link.port}`;
  return `The service listens on ${where} (TCP), for media from UDP port ${media.port} on${nodes}.`;
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
