/** Recordings of the real server on a real disk: it is killed, and what it wrote plays. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lacksFfmpeg } from "../support/clips.ts";
import { isShort } from "../support/long.ts";
import { SETUP_MS, startServer } from "../support/server.ts";
import { until } from "../support/until.ts";

const root = mkdtempSync(join(tmpdir(), "spillway-recording-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const films = (folder: string) => readdirSync(folder).filter((name) => name.endsWith(".mp4"));
const bytesIn = (folder: string) =>
  films(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);

/** Its demo runs until the folder holds so much; then it dies as the power fails. */
async function runUntil(config: string, state: string, folder: string, bytes: number) {
  const server = await startServer("demo", { config, args: ["--state", state] });
  try {
    await until("enough is recorded", 30_000, () => bytesIn(folder) > bytes, server.logs);
    process.kill(server.pid, "SIGKILL");
  } finally {
    await server.stop();
  }
}

async function durationOf(path: string): Promise<number> {
  const show = ["-show_entries", "format=duration", "-of", "csv=p=0"];
  const child = Bun.spawn(["ffprobe", "-v", "error", ...show, path], { stdout: "pipe" });
  return Number(await new Response(child.stdout).text());
}

const none = lacksFfmpeg("recordings of a server") || isShort("recordings of a server");

describe.skipIf(none)("recordings of a server", () => {
  test(
    "killed, its files play, and another run leaves them alone",
    async () => {
      const folder = join(root, "recordings");
      mkdirSync(folder);
      const config = `[[streams]]\nmatch = "**"\nrecord = "${folder}"\n`;
      await runUntil(config, join(root, "a"), folder, 1_000_000);
      const [first] = films(folder);
      const path = join(folder, first!);
      expect(await durationOf(path)).toBeWithin(3.9, 60);
      expect((statSync(path).mode & 0o777).toString(8)).toBe("640");
      const before = readFileSync(path);
      await runUntil(config, join(root, "a"), folder, before.length + 500_000);
      expect(films(folder)).toHaveLength(2);
      expect(readFileSync(path).equals(before)).toBeTrue();
      const { files } = JSON.parse(readFileSync(join(folder, "index.json"), "utf8"));
      expect(files.map(({ file }: { file: string }) => file)).toEqual(films(folder).toSorted());
      expect(files[0]).toMatchObject({ stream: "demo", rendition: 0, to: null });
    },
    SETUP_MS + 90_000,
  );

  test(
    "what is to go with it goes with the next start",
    async () => {
      const state = join(root, "b");
      const folder = join(state, "dvr");
      mkdirSync(folder, { recursive: true });
      const config = '[[streams]]\nmatch = "**"\ndvr = "1m"\n';
      await runUntil(config, state, folder, 500_000);
      const [first] = films(folder);
      expect(first).toBeDefined();
      const next = await startServer("serve", { args: ["--state", state] });
      try {
        await until("it is gone", 5_000, () => films(folder).length === 0, next.logs);
      } finally {
        await next.stop();
      }
    },
    SETUP_MS + 60_000,
  );
});
