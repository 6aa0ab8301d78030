import { expect, test } from "bun:test";
import { statusText } from "../../src/cli/status-text.ts";

const A = "aa".repeat(16);
const B = "bb".repeat(16);
const C = "cc".repeat(16);

test("a node tells whom it has links with, how streams come, and why links could not be", () => {
  const text = statusText({
    version: "1.2.3",
    node: {
      id: A,
      cluster: "live",
      role: "core",
      region: "eu",
      addresses: ["192.0.2.1:8300"],
      accepts: ["kidone11", "kidtwo22"],
    },
    members: [
      {
        node: B,
        role: "edge",
        region: "",
        version: "1.2.2",
        address: "192.0.2.2:8300",
        roundTripMs: 12.34,
        load: 0.256,
        accepts: ["kidone11"],
      },
    ],
    streams: [
      { name: "own", owner: A, parent: null, standby: [], path: [], children: 3, viewers: 10 },
      { name: "cam", owner: C, parent: B, standby: [C], path: [C, B], children: 0, viewers: 7 },
      { name: "lost", owner: C, parent: null, standby: [], path: null, children: 0, viewers: 1 },
    ],
    failures: [{ address: "192.0.2.9:8300", node: C, reason: "another cluster name" }],
  });
  expect(text).toBe(
    [
      'Node aaaaaaaa (core in eu) of "live", Spillway 1.2.3',
      "Reached at 192.0.2.1:8300, accepts secrets kidone11, kidtwo22",
      "",
      "node      role  region  address         round trip  load  version  accepts",
      "bbbbbbbb  edge          192.0.2.2:8300  12.3 ms     26 %  1.2.2    kidone11",
      "",
      "stream  comes by             standby   children  viewers",
      "own     here                           3         10",
      "cam     cccccccc > bbbbbbbb  cccccccc  0         7",
      "lost    nobody gives it                0         1",
      "",
      "No link to 192.0.2.9:8300, cccccccc: another cluster name",
    ].join("\n"),
  );
});

test("a server in no cluster, and an answer that is something else", () => {
  const none = { version: "1", node: null, members: [], streams: [], failures: [] };
  expect(statusText(none)).toBe("Spillway 1, in no cluster.");
  expect(statusText({ hello: 1 })).toBe("The server answers something else.");
});
