/** `spillway doctor`: what on this machine would hurt a live event, and how to mend it. */
import { parseArgs } from "node:util";
import { type Command, usage } from "./command.ts";
import { findHazards, readConfigAndPlaces } from "./configuration.ts";
import { runChecks } from "./doctor-checks.ts";
import type { Finding } from "./finding.ts";
import { firewallRules } from "./firewall.ts";
import { tokenFile } from "./first-token.ts";
import { optionLines } from "./help.ts";

export const doctorCommand: Command = {
  help: `Checks this machine: OpenSSL, UDP offload, socket buffers, limits, ports, certificate, the
service that systemd runs, clock, folders of recordings, and for a cluster the secret's file, the way
to other nodes and etcd. Says how to mend what is wrong. Exit code 1 when something must be mended.

Usage: spillway doctor [OPTIONS]

Options:
${optionLines([
  { flag: "--json", value: "", help: "One JSON object instead of text." },
  {
    flag: "--running",
    value: "",
    help: "A server runs here already: do not check that its ports are free.",
  },
  { flag: "...", value: "", help: "Those of serve: --http, --media, --config and so on." },
])}`,
  run,
};

async function run(args: readonly string[]): Promise<number> {
  const own = ["--json", "--running"];
  const { values } = usage("doctor", () =>
    parseArgs({
      args: args.filter((arg) => own.includes(arg)),
      options: {
        json: { type: "boolean", default: false },
        running: { type: "boolean", default: false },
      },
    }),
  );
  const places = readConfigAndPlaces(args.filter((arg) => !own.includes(arg)));
  const { config } = places;
  const warnings = findHazards(places, tokenFile(config));
  const findings: readonly Finding[] = [
    ...(await runChecks(config, values.running)),
    ...warnings.map((hazard) => ({ ...hazard, level: "warn" as const })),
  ];
  const firewall = firewallRules(config);
  const failed = findings.some((finding) => finding.level === "fail");
  if (values.json) console.log(JSON.stringify({ ok: !failed, findings, firewall }, null, 2));
  else console.log(text(findings, firewall));
  return failed ? 1 : 0;
}

const MARKS = { ok: "ok  ", warn: "WARN", fail: "FAIL" } as const;

function text(findings: readonly Finding[], firewall: readonly string[]): string {
  const lines = findings.flatMap((finding) => [
    `${MARKS[finding.level]}  ${finding.name}: ${finding.detail}`,
    ...(finding.mend === null ? [] : [`      ${finding.mend}`]),
  ]);
  return [...lines, "", "Firewall, one of:", ...firewall.map((rule) => `      ${rule}`)].join("\n");
}
