import { expect, test } from "bun:test";
import { wordsOf } from "../../src/web/cluster-words.ts";
import type { ClusterReport, MemberEntry, NamesEntry } from "../../src/web/reports.ts";

const [A, B, C] = ["aaaa1111bbbb", "cccc2222dddd", "eeee3333ffff"] as [string, string, string];
const AWAY = "http://192.0.2.1:2379: cannot be reached";

function member(node: string, change: Partial<MemberEntry> = {}): MemberEntry {
  return {
    ...{ node, linked: true, answered: true, role: "core", region: "", version: "1", address: "" },
    ...{ roundTripMs: 1, load: 0, filled: null, names: { by: "etcd", trouble: null } },
    ...change,
  };
}

/** Of node A. */
function report(change: Partial<ClusterReport> = {}, names?: NamesEntry): ClusterReport {
  const node = { id: A, cluster: "test", role: "core", region: "", ...(names ? { names } : {}) };
  return {
    ...{ node, members: [member(B), member(C)], secrets: [], differences: [], streams: [] },
    failures: [],
    ...change,
  };
}

test("nothing is wrong: nothing is said, also of nodes that tell nothing of who decides on names", () => {
  expect(wordsOf(report())).toEqual([]);
  const members = [member(B, { names: null }), member(C, { names: { by: "mesh", trouble: null } })];
  expect(wordsOf(report({ members }, { by: "etcd", trouble: null }))).toEqual([]);
});

test("each node that cannot ask etcd is named, this one first, with what it says itself", () => {
  const away: NamesEntry = { by: "etcd", trouble: AWAY };
  const other: NamesEntry = { by: "etcd", trouble: "http://192.0.2.2:2379: no leader" };
  const members = [member(B), member(C, { names: other })];
  expect(wordsOf(report({ members }))).toEqual([
    "Node eeee3333 cannot ask etcd: http://192.0.2.2:2379: no leader.",
  ]);
  expect(wordsOf(report({ members }, away))).toEqual([
    `Node aaaa1111 cannot ask etcd: ${AWAY}.`,
    "Node eeee3333 cannot ask etcd: http://192.0.2.2:2379: no leader.",
  ]);
});

test("links that cannot be, nodes that do not answer, secrets and tokens that differ: a line each", () => {
  const failures = [
    { at: A, address: "192.0.2.9:8300", node: "", reason: "no answer" },
    { at: B, address: "", node: C, reason: "wrong secret" },
    { at: A, address: "", node: "", reason: "somebody knocks" },
  ];
  const differences = [
    { kind: "token" as const, id: "t1", have: [A, B], lack: [C] },
    { kind: "key" as const, id: "k1", have: [B], lack: [A] },
  ];
  const members = [member(B, { answered: false, names: null }), member(C)];
  const secrets = [
    { id: "s1", have: [A, B, C], lack: [] },
    { id: "s2", have: [A], lack: [B, C] },
  ];
  expect(wordsOf(report({ failures, differences, members, secrets }))).toEqual([
    "No link to 192.0.2.9:8300: no answer.",
    "At cccc2222: no link to eeee3333: wrong secret.",
    "No link: somebody knocks.",
    "Node cccc2222 does not answer.",
    "Secret s2 is not accepted by cccc2222, eeee3333.",
    "Token t1 differs: it is at aaaa1111, cccc2222, not at eeee3333.",
    "Key k1 differs: it is at cccc2222, not at aaaa1111.",
  ]);
});
