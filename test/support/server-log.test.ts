import { expect, test } from "bun:test";
import { ServerLog, told } from "./server-log.ts";

const shell = (log: ServerLog, command: string) =>
  Bun.spawn(["sh", "-c", command], { stdio: ["ignore", "ignore", log.fd] });

test("what was written is read at once, while this process looks after nothing else", () => {
  const log = new ServerLog();
  Bun.spawnSync(["sh", "-c", "echo one >&2; printf 'ä\\303' >&2"], {
    stdio: ["ignore", "ignore", log.fd],
  });
  expect(log.logs()).toBe("one\nä");
  Bun.spawnSync(["sh", "-c", "printf '\\244' >&2"], { stdio: ["ignore", "ignore", log.fd] });
  log.close();
  expect(log.logs()).toBe("one\nää");
  log.close();
});

test("whoever is started with it appends", async () => {
  const log = new ServerLog();
  for (const word of ["one", "two"]) await shell(log, `echo ${word} >&2`).exited;
  log.close();
  expect(log.logs()).toBe("one\ntwo\n");
});

test("a line is waited for, and only one behind the place counts", async () => {
  const log = new ServerLog();
  const child = shell(log, "echo early 1 >&2; sleep 0.1; echo 'early 2, late' >&2");
  expect(await told(log, "early")).toBe("early 1");
  const since = log.logs().length;
  expect(await told(log, /y \d, late$/, { since })).toBe("early 2, late");
  await child.exited;
  log.close();
});
