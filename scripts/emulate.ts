/**
 * Runs an executable for arm64 in qemu's user mode: `bun scripts/emulate.ts EXECUTABLE`. Its version, its
 * doctor, and a session: a publisher and viewers from this machine's own sources. Exit code 1 where one of
 * them fails, with the last words of the executable. Needs Debian's qemu-user-static.
 */
import { resolve } from "node:path";
import { foreignPackage } from "./foreign.ts";

const ROOT = resolve(import.meta.dir, "..");
const QEMU = "qemu-aarch64-static";
const READY_MS = 120_000;
const VIEWERS = 2;
const LAST_WORDS = 4000;

const executable = resolve(process.argv[2] ?? "");
if (Bun.which(QEMU) === null) throw new Error(`no ${QEMU}: apt-get install qemu-user-static`);
const { root } = foreignPackage("libc6", "arm64", resolve(ROOT, ".cache/debian"));
const emulated = [QEMU, "-L", root, executable];

console.log(await told(["--version"]));
const { findings } = JSON.parse(await told(["doctor", "--json"])) as {
  readonly findings: readonly { readonly name: string; readonly level: string }[];
};
for (const level of ["ok", "warn", "fail"]) {
  const names = findings.filter((finding) => finding.level === level).map(({ name }) => name);
  console.log(`doctor, ${level}: ${names.join(", ")}`);
}
await session();

/** What a command prints; it may find fault with this machine (1), not die. */
async function told(args: readonly string[]): Promise<string> {
  const child = Bun.spawn([...emulated, ...args], { stdout: "pipe", stderr: "pipe" });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  const code = await child.exited;
  if (code > 1 || out === "") throw new Error(`${args.join(" ")} ended with ${code}\n${err}`);
  return out.trim();
}

async function session(): Promise<void> {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
  const { port } = listener;
  listener.stop(true);
  const base = `http://127.0.0.1:${port}`;
  const places = ["--http", `127.0.0.1:${port}`, "--media", "127.0.0.1:0", "--no-warm-up"];
  const server = Bun.spawn([...emulated, "serve", ...places], { stdout: "ignore", stderr: "pipe" });
  const words = new Response(server.stderr).text();
  try {
    await ready(`${base}/readyz`, server.exited);
    await play(base);
  } finally {
    server.kill();
    console.log((await words).slice(-LAST_WORDS));
  }
}

async function ready(url: string, exited: Promise<number>): Promise<void> {
  let ended: number | null = null;
  void exited.then((code) => {
    ended = code;
  });
  const deadline = Date.now() + READY_MS;
  while (Date.now() < deadline && ended === null) {
    if ((await fetch(url).catch(() => null))?.ok) return;
    await Bun.sleep(200);
  }
  throw new Error(ended === null ? "the server is not ready" : `the server ended with ${ended}`);
}

async function play(base: string): Promise<void> {
  const stream = ["--publish", `${base}/whip/emulated`, "--bitrate", "300k", "--viewers"];
  const load = ["src/main.ts", "load", `${base}/whep/emulated`, ...stream, String(VIEWERS)];
  const child = Bun.spawn([process.execPath, ...load, "--duration", "5"], {
    cwd: ROOT,
    stdio: ["ignore", "inherit", "inherit"],
  });
  if ((await child.exited) !== 0) throw new Error("the session fails");
}
