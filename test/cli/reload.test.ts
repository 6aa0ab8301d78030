import { afterAll, expect, spyOn, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reloadCommand } from "../../src/cli/reload.ts";
import { isShort } from "../support/long.ts";

const folder = mkdtempSync(join(tmpdir(), "spillway-reload-"));
const short = isShort("a server that does not say what came of a reload");
afterAll(() => rmSync(folder, { recursive: true }));

test.skipIf(short)(
  "of a server that says nothing it is not told that it goes on as it was",
  async () => {
    const deaf = "process.on('SIGHUP', () => {}); console.log('on'); setInterval(() => {}, 1000)";
    const child = Bun.spawn([process.execPath, "-e", deaf], { stdout: "pipe" });
    const said = spyOn(console, "error").mockImplementation(() => {});
    try {
      await child.stdout.getReader().read();
      expect(await reloadCommand.run(["--state", folder, "--pid", String(child.pid)])).toBe(1);
      expect(said.mock.calls.flat()).toEqual([
        expect.stringMatching(/has not said .* see its log$/),
      ]);
    } finally {
      said.mockRestore();
      child.kill();
    }
  },
  20_000,
);
