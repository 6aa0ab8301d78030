import { expect, test } from "bun:test";
import { socketInodes } from "../../src/io/proc-net.ts";

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
