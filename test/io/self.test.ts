import { expect, test } from "bun:test";
import { readProc } from "../../src/io/proc.ts";
import { until } from "../support/until.ts";

const SELF = new URL("../../src/io/self.ts", import.meta.url).href;
/** Prints its number and whether its parent lives, and would go on for ever. */
const child = (parent: string) =>
  `import { endWithParent } from ${JSON.stringify(SELF)};
   console.log(process.pid, endWithParent(${parent}));
   setInterval(() => {}, 1000);`;

test("a process that ends with its parent does so however the parent is ended", async () => {
  const script = child("process.ppid");
  const parent = Bun.spawn(
    [
      process.execPath,
      "-e",
      `const child = Bun.spawn([process.execPath, "-e", ${JSON.stringify(script)}], { stdout: "inherit" });
       await child.exited;`,
    ],
    { stdout: "pipe" },
  );
  const { value } = await parent.stdout.getReader().read();
  const [pid, lives] = new TextDecoder().decode(value).trim().split(" ");
  expect(lives).toBe("true");
  parent.kill("SIGKILL");
  await until("the child has ended", 10_000, () => !isRunning(Number(pid)));
}, 30_000);

test("a parent that is gone already is told", async () => {
  const orphan = Bun.spawn([process.execPath, "-e", child("1")], { stdout: "pipe" });
  const { value } = await orphan.stdout.getReader().read();
  orphan.kill();
  expect(new TextDecoder().decode(value)).toBe(`${orphan.pid} false\n`);
});

/** One that has ended may wait for somebody to take notice. */
function isRunning(pid: number): boolean {
  const stat = readProc(`/proc/${pid}/stat`);
  return stat !== "" && !/\) [ZX] /.test(stat);
}
