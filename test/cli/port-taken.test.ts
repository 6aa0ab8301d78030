/** A port belongs to one server: a second one is refused and told whose it is. */
import { afterEach, expect, test } from "bun:test";
import { binary, runBinary } from "../support/binary.ts";
import { type ServerProcess, startProcess } from "../support/process.ts";
import { told } from "../support/server-log.ts";

let server: ServerProcess | null = null;
afterEach(async () => {
  await server?.kill();
  server = null;
});

for (const host of ["127.0.0.1", "0.0.0.0", "[::]", "localhost"]) {
  test(`O2: a second server on the port of a running one is refused, on ${host} too`, async () => {
    server = await startProcess(["serve"]);
    const { port } = new URL(server.base);
    const args = ["serve", "--insecure", "--http", `${host}:${port}`, "--media", "127.0.0.1:0"];
    const { code, out, err } = runBinary(await binary(), args);
    expect({ code, out, lines: err.trim().split("\n").length }).toEqual({
      code: 1,
      out: "",
      lines: 1,
    });
    expect(err).toContain(
      `:${port}: the port is in use; choose another --http, or end its owner: `,
    );
    expect(err).toContain(`spillway (process ${server.pid()})`);
    expect(await server.ready()).toBe(true);
  }, 160_000);
}

test("O2: a second server on the media ports of a running one is refused", async () => {
  server = await startProcess(["serve"]);
  const port = /"media":"127\.0\.0\.1:(\d+)"/.exec(await told(server, '"Serving"'))![1]!;
  // Its second worker's port is enough.
  for (const first of [Number(port), Number(port) + 1]) {
    const args = ["serve", "--http", "127.0.0.1:0", "--media", `127.0.0.1:${first}`];
    const { code, err } = runBinary(await binary(), args);
    expect(code).toBe(1);
    expect(err).toMatch(/^spillway: media: UDP 127\.0\.0\.1:\d+: Address already in use; choose/);
    expect(err).toContain(`end its owner: spillway (process ${server.pid()})`);
  }
}, 160_000);

test("O2: doctor names the owner", async () => {
  server = await startProcess(["serve"]);
  const { host } = new URL(server.base);
  const { code, out } = runBinary(await binary(), [
    "doctor",
    "--http",
    host,
    "--media",
    "127.0.0.1:0",
  ]);
  expect(code).toBe(1);
  expect(out).toContain(
    `Choose another --http, or end its owner: spillway (process ${server.pid()})`,
  );
}, 160_000);
