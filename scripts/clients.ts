/**
 * `npm run clients [NAME...]`: publishes with and watches by real WebRTC clients, 60 s each, and
 * stores what they got for the table in README.md. Needs root (network namespaces), Chromium, Go,
 * Python and npm; fetches the clients by their package managers and builds a folder with a newer
 * Debian. Takes some 15 minutes, so it is no part of `npm test`.
 */
import { existsSync, mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { addNamespace, removeNamespace, sweepNamespaces } from "../test/net/namespaces.ts";
import { needsDebian, type Places, PROGRAMS, run } from "./clients/programs.ts";

const ROOT = resolve(import.meta.dir, "..");
/** Of the two namespaces, which nobody else sees. */
const NEAR = "10.88.0.1";
const FAR = "10.88.0.2";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string", default: "60" },
    debian: { type: "string", default: "/var/tmp/spillway-debian" },
  },
});
const wanted = PROGRAMS.filter(
  ({ name }) => positionals.length === 0 || positionals.includes(name),
);
const unknown = positionals.find((name) => !PROGRAMS.some((program) => program.name === name));
if (unknown !== undefined || !(Number(values.seconds) >= 5)) {
  const names = PROGRAMS.map(({ name }) => `"${name}"`).join(" ");
  console.error(`Usage: npm run clients -- [NAME...] [--seconds N] [--debian FOLDER]\n${names}`);
  process.exit(2);
}
if (process.getuid?.() !== 0) fail("It makes network namespaces, which needs root.");
if (!existsSync(resolve(ROOT, "dist/spillway"))) fail("There is no dist/spillway: bun run build");

const places: Places = { debian: values.debian, cache: resolve(ROOT, ".cache/clients") };
mkdirSync(places.cache, { recursive: true });
if (wanted.some(needsDebian)) {
  // stderr and stdout go to the terminal: it takes a minute or two.
  const { exitCode } = Bun.spawnSync(
    ["sh", `${import.meta.dir}/clients/debian.sh`, values.debian],
    {
      stdio: ["ignore", "inherit", "inherit"],
    },
  );
  if (exitCode !== 0) process.exit(1);
}
for (const program of wanted) program.prepare(places);

sweepNamespaces();
const near = addNamespace("near");
const far = addNamespace("far");
try {
  connect();
  const job = { places, names: wanted.map(({ name }) => name), seconds: Number(values.seconds) };
  const child = Bun.spawn(
    [
      ...["ip", "netns", "exec", near, process.execPath, `${import.meta.dir}/clients/run.ts`],
      JSON.stringify({ ...job, all: positionals.length === 0, far, near: NEAR }),
    ],
    { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"] },
  );
  process.exitCode = await child.exited;
} finally {
  removeNamespace(near);
  removeNamespace(far);
}

/** One virtual cable between the two. */
function connect(): void {
  run(["ip", "-n", near, "link", "add", "near", "type", "veth", "peer", "name", "far"]);
  run(["ip", "-n", near, "link", "set", "far", "netns", far]);
  for (const [namespace, device, address, other] of [
    [near, "near", NEAR, FAR],
    [far, "far", FAR, NEAR],
  ] as const) {
    run(["ip", "-n", namespace, "link", "set", device, "addrgenmode", "none"]);
    run(["ip", "-n", namespace, "address", "add", `${address}/24`, "dev", device]);
    run(["ip", "-n", namespace, "link", "set", device, "up"]);
    run(["ip", "-n", namespace, "route", "add", "default", "via", other]);
  }
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
