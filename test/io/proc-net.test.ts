import { expect, test } from "bun:test";
import { areOnLoopback, socketInodes } from "../../src/io/proc-net.ts";

test("sockets are found by port and state", () => {
  const table = [
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
    "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1",
    "   1: 0100007F:1F90 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0        0 222 1",
    "   2: 0100007F:01F9 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 333 1",
  ].join("\n");
  expect(socketInodes(table, 8080, "0A")).toEqual(["111"]);
  expect(socketInodes(table, 505, "0A")).toEqual(["333"]);
  expect(socketInodes("", 8080, "0A")).toEqual([]);
});

test("sockets on loopback alone are told from those that others reach", () => {
  const at = (...hosts: readonly string[]) =>
    areOnLoopback(
      hosts.map((host, i) => `  ${i}: ${host}:1F90 00000000:0000 0A 0:0 0:0 0 0 0 ${i}`).join("\n"),
      8080,
      "0A",
    );
  const [any4, any6] = ["0".repeat(8), "0".repeat(32)];
  const loopback = ["0100007F", "0302017F", `${"0".repeat(24)}01000000`];
  const mapped = `${"0".repeat(16)}FFFF00000100007F`;
  expect(at(...loopback, mapped)).toBe(true);
  for (const other of [any4, any6, "0700000A", `${"0".repeat(16)}FFFF00000700000A`]) {
    expect(at(other), other).toBe(false);
    expect(at("0100007F", other), other).toBe(false);
  }
  expect(at()).toBe(false);
  expect(areOnLoopback("0: 0100007F:1F91 0:0 0A 0 0 0 0 0 1", 8080, "0A")).toBe(false);
  expect(areOnLoopback("0: 0100007F:1F90 0:0 01 0 0 0 0 0 1", 8080, "0A")).toBe(false);
});
