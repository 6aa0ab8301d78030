/** Format, lint, types and the house rules: `bun scripts/check.ts`. Exit code 1 when one of them complains. */
import { resolve } from "node:path";

const bin = resolve(import.meta.dir, "../node_modules/.bin");
const steps = [
  [`${bin}/biome`, "check", "--error-on-warnings", "."],
  [`${bin}/tsc`, "--noEmit", "-p", "."],
  // The pages run in browsers and have other global types.
  [`${bin}/tsc`, "--noEmit", "-p", "src/web"],
  [process.execPath, "test", "test/house", "test/tidy.test.ts"],
];

let failed = false;
for (const command of steps) {
  const { success } = Bun.spawnSync(command, {
    cwd: resolve(import.meta.dir, ".."),
    stdio: ["ignore", "inherit", "inherit"],
  });
  failed ||= !success;
}
process.exit(failed ? 1 : 0);
