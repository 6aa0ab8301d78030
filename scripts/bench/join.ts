/**
 * WHEP POST to first decoded picture in Chromium, and picture against sound 3 s later, on a stream
 * whose keyframe is cached: `bun run bench:join [JOINS]`. Prints one JSON object.
 */
import { cpus, release, totalmem } from "node:os";
import { lacksChromium, TestBrowser } from "../../test/support/browser.ts";
import { measureJoins, summary } from "../../test/support/joins.ts";
import { startServer } from "../../test/support/server.ts";

const TARGET_MS = 150;

if (lacksChromium("bench:join")) process.exit(1);
const count = Number(process.argv[2] ?? 20);
if (!Number.isInteger(count) || count < 1) {
  console.error("usage: bun run bench:join [JOINS]");
  process.exit(2);
}
const server = await startServer("demo", { warmUp: true });
const browser = await TestBrowser.open();
try {
  const joins = await measureJoins(browser, server.base, "demo", count);
  const { version } = (await server.api("/stats")) as { version: string };
  const cores = cpus();
  const result = {
    bench: "join",
    ...summary(joins),
    targetMs: TARGET_MS,
    machine: {
      cpu: cores[0]?.model ?? "unknown",
      cores: cores.length,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      kernel: release(),
    },
    versions: { spillway: version, bun: Bun.version, chromium: browser.version },
  };
  console.log(JSON.stringify(result, null, 2));
} finally {
  await browser.close();
  await server.stop();
}
