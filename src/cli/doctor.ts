/** `spillway doctor`: what on this machine would hurt a live event, and how to mend it. */
import { type HostPort, machines } from "../config/values.ts";
import { type Command, UsageError } from "./command.ts";
import { findHazards, readConfigAndPlaces } from "./configuration.ts";
import { runChecks } from "./doctor-checks.ts";
import { checkService } from "./doctor-service.ts";
import type { Finding } from "./finding.ts";
import { firewallRules } from "./firewall.ts";
import { tokenFile } from "./first-token.ts";
import { type Given, option, readOptions } from "./given.ts";
import { optionLines } from "./help.ts";
import { splitOptions } from "./options-split.ts";
import { readText } from "./read-text.ts";
import { serviceEyes } from "./service-eyes.ts";
import { serviceProcess } from "./service-process.ts";

/** RFC 8489 18.6. */
const STUN_PORT = 3478;

const OPTIONS = [
  option("json", "", "One JSON object instead of text."),
  option("running", "", "A server runs here already: do not check that its ports are free."),
  option(
    "stun",
    "HOST[:PORT]",
    "Ask this STUN server whether UDP passes, and by which address; from media's port, unless it is in use.",
  ),
] as const;

export const doctorCommand: Command = {
  help: `Checks this machine: OpenSSL, UDP offload, socket buffers, limits, ports, certificate, the
service that systemd runs, clock, folders of recordings, and for a cluster the secret's file, the way
to other nodes and etcd. Says how to mend what is wrong. Exit code 1 when something must be mended.

Usage: spillway doctor [OPTIONS]

Options:
${optionLines([
  ...OPTIONS,
  { flag: "...", value: "", help: "Those of serve: --http, --media, --config and so on." },
])}`,
  run,
};

async function run(args: readonly string[]): Promise<number> {
  const { own, serve } = splitOptions(OPTIONS, args);
  const given = readOptions("doctor", OPTIONS, own);
  const places = readConfigAndPlaces(serve);
  const { config } = places;
  const [running, stun] = [given.on("running"), stunOf(given)];
  const service = checkService(serviceEyes, running);
  const server = service.pid === null ? null : serviceProcess(service.pid, readText);
  const warnings = findHazards(places, tokenFile(config), server?.uid);
  const findings: readonly Finding[] = [
    ...(await runChecks(config, { running, stun, service, server })),
    ...warnings.map((hazard) => ({ ...hazard, level: "warn" as const })),
  ];
  const firewall = firewallRules(config);
  const failed = findings.some((finding) => finding.level === "fail");
  if (given.on("json")) console.log(JSON.stringify({ ok: !failed, findings, firewall }, null, 2));
  else console.log(text(findings, firewall));
  return failed ? 1 : 0;
}

function stunOf(given: Given): HostPort | null {
  const text = given.text("stun");
  if (text === undefined) return null;
  const parsed = machines(1, true).safeParse(text);
  if (!parsed.success) throw new UsageError(`--stun: ${parsed.error.issues[0]!.message}`);
  const [server] = parsed.data;
  if (server === undefined) throw new UsageError("--stun: needs a value: --stun HOST:PORT");
  return { host: server.host, port: server.port ?? STUN_PORT };
}

const MARKS = { ok: "ok  ", warn: "WARN", fail: "FAIL" } as const;

function text(findings: readonly Finding[], firewall: readonly string[]): string {
  const lines = findings.flatMap((finding) => [
    `${MARKS[finding.level]}  ${finding.name}: ${finding.detail}`,
    ...(finding.mend === null ? [] : [`      ${finding.mend}`]),
  ]);
  return [...lines, "", "Firewall, one of:", ...firewall.map((rule) => `      ${rule}`)].join("\n");
}
