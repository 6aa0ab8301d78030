import { afterEach, beforeEach, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { pinnedRegion } from "../../src/io/pinned.ts";
import {
  type Accepted,
  acceptTcp,
  closeTcp,
  endTcp,
  openTcpListener,
  tcpStream,
} from "../../src/io/tcp-socket.ts";
import { localPort } from "../../src/io/udp-socket.ts";
import { NOTSENT_BYTES_MAX } from "../../src/limits.ts";
import { formatPath } from "../../src/wire/path.ts";
import { until } from "../support/until.ts";

const region = pinnedRegion(65_536);

let listener: number;
let client: Socket;
let accepted: Accepted;

beforeEach(async () => {
  listener = openTcpListener("127.0.0.1", 4, 0);
  expect(acceptTcp(listener)).toBeNull();
  client = connect(localPort(listener), "127.0.0.1");
  client.on("error", () => {});
  accepted = await until("a connection", 2_000, () => acceptTcp(listener));
});

afterEach(() => {
  client.destroy();
  closeTcp(accepted.fd);
  closeTcp(listener);
});

test("a connection is taken with the client's address", () => {
  expect(formatPath(accepted)).toBe(`127.0.0.1:${client.localPort}`);
});

test("bytes come and go, and an end is seen", async () => {
  const stream = tcpStream(accepted.fd);
  expect(stream.read(region, 0, 100)).toBe(0);
  client.write("abc");
  await until("bytes", 2_000, () => stream.read(region, 7, 100) || null);
  expect(new TextDecoder().decode(region.bytes.subarray(7, 10))).toBe("abc");
  const got = new Promise<string>((resolve) =>
    client.once("data", (data) => resolve(String(data))),
  );
  expect(stream.write(region, 8, 2)).toBe(2);
  expect(await got).toBe("bc");
  client.end();
  expect(await until("the end", 2_000, () => stream.read(region, 0, 100) || null)).toBeLessThan(0);
  endTcp(accepted.fd);
  expect(stream.write(region, 0, 10)).toBeLessThan(0);
});

test("tcp-line: the kernel keeps little of what a client does not read", async () => {
  client.pause();
  const stream = tcpStream(accepted.fd);
  let total = 0;
  for (let count = 1; count > 0; total += count) count = stream.write(region, 0, 4_096);
  expect(stream.write(region, 0, 4_096)).toBe(0);
  expect(notSent()).toBe(NOTSENT_BYTES_MAX);
  expect(total).toBeGreaterThan(NOTSENT_BYTES_MAX);
});

test("a port that is taken is told by its name", () => {
  const port = localPort(listener);
  expect(() => openTcpListener("127.0.0.1", 4, port)).toThrow(`listen 127.0.0.1 port ${port}: `);
});

/** By `ss`: bytes that the kernel has not sent once. */
function notSent(): number {
  const port = localPort(listener);
  const text = Bun.spawnSync(["ss", "-tniH", `sport = :${port}`]).stdout.toString();
  return Number(/notsent:(\d+)/.exec(text)?.[1]);
}
