import { expect, test } from "bun:test";
import { statusText } from "../../src/cli/status-text.ts";

const [A, B, C, D] = ["aa", "bb", "cc", "dd"].map((pair) => pair.repeat(16)) as [
  string,
  string,
  string,
  string,
];
const NOTHING = {
  ...{ members: [], secrets: [], differences: [], streams: [], failures: [] },
};

const MEMBER = {
  ...{ node: B, linked: true, answered: true, role: "edge", region: "", version: "1.2.2" },
  ...{
    address: "192.0.2.2:8300",
    roundTripMs: 12.34,
    datagramBytes: 1372,
    load: 0.256,
    filled: 0.5,
  },
};
const WAY = {
  node: A,
  parent: null,
  standby: [],
  path: [] as string[] | null,
  viewers: 10,
  ageMs: null,
};

test("a node tells who else is there, each stream's tree, and what is wrong", () => {
  const text = statusText({
    version: "1.2.3",
    node: { id: A, cluster: "live", role: "core", region: "eu", addresses: ["192.0.2.1:8300"] },
    members: [
      MEMBER,
      {
        ...{ node: C, linked: false, answered: false, role: null, region: "", version: "" },
        ...{ address: "", roundTripMs: null, datagramBytes: null, load: null, filled: null },
      },
    ],
    secrets: [
      { id: "kidone11", have: [A, B], lack: [], used: [A, B] },
      { id: "kidtwo22", have: [A], lack: [B], used: [] },
    ],
    differences: [{ kind: "token", id: "3fa9c1d2", have: [A], lack: [B] }],
    streams: [
      {
        name: "cam",
        owner: D,
        nodes: [
          { ...WAY, parent: B, path: [D, B], viewers: 3, ageMs: 41.26, standby: [C] },
          {
            ...WAY,
            node: B,
            parent: D,
            path: [D],
            viewers: 7,
            ageMs: 20,
            filled: 31,
            withheld: ["h"],
          },
          { ...WAY, node: C, path: null, viewers: 1 },
        ],
      },
      { name: "own", owner: A, nodes: [WAY] },
    ],
    failures: [
      { at: A, address: "192.0.2.9:8300", node: D, reason: "another cluster name" },
      { at: B, address: "", node: "", reason: "somebody knocks" },
    ],
  });
  expect(text).toBe(
    [
      'Node aaaaaaaa (core in eu) of "live", Spillway 1.2.3',
      "Reached at 192.0.2.1:8300",
      "Secret kidone11: used by all; 1 of the nodes did not say",
      "Secret kidtwo22: NOT accepted by bbbbbbbb; used by 0 of 2; 1 of the nodes did not say: no node may have it alone",
      "",
      "node      role  region  address         round trip  datagram  load  filled  version",
      "bbbbbbbb  edge          192.0.2.2:8300  12.3 ms     1372 B    26 %  50 %    1.2.2",
      "cccccccc                                                                             does not answer",
      "",
      "stream  node                 viewers  media age  filled  standby",
      "cam     dddddddd             ?                                     does not answer",
      "          bbbbbbbb           7        20.0 ms    31                without h",
      "            aaaaaaaa (here)  3        41.3 ms            cccccccc",
      "        cccccccc             1                                     nobody gives it",
      "own     aaaaaaaa (here)      10                                    publisher",
      "",
      "Token 3fa9c1d2 differs: at aaaaaaaa, not at bbbbbbbb",
      "No link to 192.0.2.9:8300, dddddddd: another cluster name",
      "At bbbbbbbb: no link: somebody knocks",
    ].join("\n"),
  );
});

test("what is wrong with a link stands behind its member", () => {
  const node = { id: A, cluster: "live", role: "core", region: "", addresses: ["192.0.2.1:8300"] };
  const members = [{ ...MEMBER, trouble: "loses 12 % of what is sent" }];
  const text = statusText({ version: "1", node, ...NOTHING, members });
  expect(text).toMatch(/^bbbbbbbb .* loses 12 % of what is sent$/m);
});

test("where etcd decides whose a name is, nodes that cannot ask it are named", () => {
  const names = { by: "etcd", owned: 2, trouble: null as string | null };
  const node = { id: A, cluster: "live", role: "core", region: "", addresses: [], names };
  const away = { ...names, trouble: "http://e:1: cannot be reached, for 7 s" };
  const all = { version: "1", ...NOTHING, members: [{ ...MEMBER, names: away }] };
  const text = statusText({ ...all, node });
  expect(text).toContain("\nNames by etcd: 2 of this node\n");
  const there =
    "Names by etcd: CANNOT be asked at bbbbbbbb: http://e:1: cannot be reached, for 7 s";
  expect(text).toContain(`\n${there}\n`);
  const here = statusText({ ...all, node: { ...node, names: away } });
  expect(here).toContain("\nNames by etcd: CANNOT be asked here: http://e:1");
  const mesh = { ...node, names: { ...names, by: "mesh" } };
  expect(statusText({ ...all, node: mesh })).not.toContain("Names by");
});

test("a secret that all accept and not all use may come first", () => {
  const { members, ...rest } = NOTHING;
  const node = { id: A, cluster: "live", role: "core", region: "", addresses: ["192.0.2.1:8300"] };
  const secrets = [{ id: "kidone11", have: [A, B], lack: [], used: [A] }];
  const text = statusText({ version: "1", node, ...rest, members, secrets });
  expect(text).toContain("Secret kidone11: accepted by all, used by 1 of 2\n");
  expect(text).toContain("No other nodes.\n\nNo streams.");
});

test("who watches each stream by which tier, with and without a cluster", () => {
  const stream = { name: "cam", live: true, viewers: 12, hls: null };
  const unavailable = { state: "unavailable", reason: "its video is VP8" };
  const list = {
    streams: [
      stream,
      { ...stream, name: "hall", hls: { state: "live", reason: null, viewers: 340 } },
      { ...stream, name: "old", live: false, viewers: 0, hls: unavailable },
    ],
  };
  const lines = [
    "stream         viewers  of its tail  tail (HLS)",
    "cam     live   12",
    "hall    live   12       340          live",
    "old     waits  0        0            unavailable: its video is VP8",
  ];
  const alone = { version: "1", node: null, ...NOTHING };
  expect(statusText(alone, list).split("\n")).toEqual([
    ...["Spillway 1, in no cluster.", ""],
    ...lines,
  ]);
  const node = { id: A, cluster: "live", role: "core", region: "", addresses: [] };
  expect(statusText({ ...alone, node }, list)).toEndWith(lines.join("\n"));
  expect(statusText(alone, { streams: [] })).toBe("Spillway 1, in no cluster.");
});

test("where something is recorded it is told how much, or why nothing", () => {
  const stream = { name: "cam", live: true, viewers: 1, hls: null };
  const recording = { state: "on", reason: null, bytes: 1.5 * 2 ** 30, segmentsLost: 0 };
  const full = { ...recording, state: "full", reason: "3 MiB are left", segmentsLost: 12 };
  const list = {
    streams: [
      { ...stream, recording },
      { ...stream, name: "hall", recording: full },
      { ...stream, name: "old", recording: null },
    ],
  };
  const text = statusText({ version: "1", node: null, ...NOTHING }, list);
  expect(text.split("\n").slice(2)).toEqual([
    "stream        viewers  of its tail  tail (HLS)  recorded",
    "cam     live  1                                 1.5 GiB",
    "hall    live  1                                 full: 3 MiB are left, 12 segments lost",
    "old     live  1",
  ]);
});

test("a server in no cluster, and an answer that is something else", () => {
  expect(statusText({ version: "1", node: null, ...NOTHING })).toBe("Spillway 1, in no cluster.");
  expect(statusText({ hello: 1 })).toBe("The server answers something else.");
});
