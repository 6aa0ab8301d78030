/** `spillway demo` as a person starts it: the executable, live by itself, ended by a signal. */
import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { binary } from "./support/binary.ts";
import { freeTcpPort } from "./support/process.ts";
import { until } from "./support/until.ts";

const path = await binary();
const state = mkdtempSync(join(tmpdir(), "spillway-demo-"));
afterAll(() => {
  rmSync(dirname(path), { recursive: true, force: true });
  rmSync(state, { recursive: true, force: true });
});

const statusOf = (url: string, token = "") =>
  fetch(url, { headers: { Authorization: `Bearer ${token}` } }).then(
    (response) => response.status,
    () => 0,
  );

test("is live by itself behind a token of its own, and leaves on SIGTERM", async () => {
  const port = await freeTcpPort();
  const args = ["--http", `0.0.0.0:${port}`, "--media", "127.0.0.1:0", "--state", state];
  const demo = Bun.spawn([path, "demo", ...args], { cwd: "/", stdout: "pipe", stderr: "ignore" });
  try {
    const base = `http://127.0.0.1:${port}`;
    await until(
      "ready with a keyframe",
      10_000,
      async () => (await statusOf(`${base}/readyz`)) === 200,
    );
    expect(await statusOf(`${base}/api/v1/streams`)).toBe(401);
    expect(existsSync(join(state, "token"))).toBe(true);
    const token = readFileSync(join(state, "token"), "utf8").trim();
    expect(await statusOf(`${base}/api/v1/streams`, token)).toBe(200);
    for (const page of ["", "watch/demo", "publish/demo", "dashboard"]) {
      expect(await statusOf(`${base}/${page}`)).toBe(200);
    }
    demo.kill("SIGTERM");
    expect(await demo.exited).toBe(0);
    const printed = await new Response(demo.stdout).text();
    // Here is no terminal, so the token stays in its file.
    expect(printed).not.toContain(token);
    expect(printed).toContain("/watch/demo");
  } finally {
    demo.kill("SIGKILL");
  }
});

test("a port that is taken is one line and exit code 1", async () => {
  const taken = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
  const args = ["--http", `127.0.0.1:${taken.port}`, "--media", "127.0.0.1:0"];
  const server = Bun.spawn([path, ...args], { cwd: "/", stdout: "ignore", stderr: "pipe" });
  const message = await new Response(server.stderr).text();
  taken.stop(true);
  expect(await server.exited).toBe(1);
  expect(message.trimEnd().split("\n")).toHaveLength(1);
  expect(message).toContain("spillway: ");
});
