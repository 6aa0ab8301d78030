/** Answers as etcd 3.4.23 gave them, and what comes near them and is none. */
import { expect, test } from "bun:test";
import { readAnswer, readFailure, readQuestions } from "../../../src/control/etcd/answers.ts";
import type { Call } from "../../../src/control/etcd/calls.ts";
import { Keys } from "../../../src/control/etcd/requests.ts";

const KEYS = new Keys("x");
const HEADER = { cluster_id: "14841639068965178418", member_id: "10276657743932975437" };
const HEAD = { ...HEADER, revision: "2", raft_term: "2" };
const LEASE = "7587899261445918727";
const CLAIM = { node: "ab".repeat(16), boot: 7, serial: 3 };
const GRANT: Call = { type: "grant" };
const RENEW: Call = { type: "renew", lease: LEASE };
const LIST: Call = { type: "list", lease: LEASE };
const CREATE: Call = { type: "create", name: "a", claim: CLAIM, lease: LEASE };
const READ: Call = { type: "read", name: "a" };

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

function held(value: string, modRevision = "2"): object {
  const key = base64("/spillway/x/names/a");
  const kvs = [
    { key, create_revision: "2", mod_revision: modRevision, version: "1", value, lease: LEASE },
  ];
  return { header: HEAD, responses: [{ response_range: { header: {}, kvs, count: "1" } }] };
}

test("etcd-claim: a lease is granted, renewed, and over", () => {
  const granted = { header: HEAD, ID: LEASE, TTL: "10" };
  expect(readAnswer(GRANT, granted, KEYS)).toEqual({ type: "lease", lease: LEASE });
  expect(readAnswer(RENEW, { result: granted }, KEYS)).toEqual({ type: "lease", lease: LEASE });
  const over = { result: { header: HEAD, ID: LEASE } };
  expect(readAnswer(RENEW, over, KEYS)).toEqual({ type: "lease", lease: null });
});

test("names that hang on a lease are told from its other keys", () => {
  const keys = ["/spillway/x/names/a", "/spillway/x/names/b/c", "/spillway/x/asks/1/2"].map(base64);
  const list = { header: HEAD, ID: LEASE, TTL: "9", grantedTTL: "10", keys };
  expect(readAnswer(LIST, list, KEYS)).toEqual({ type: "names", names: ["a", "b/c"] });
  const none = { header: HEAD, ID: LEASE, TTL: "9", grantedTTL: "10" };
  expect(readAnswer(LIST, none, KEYS)).toEqual({ type: "names", names: [] });
  expect(readAnswer(LIST, { header: HEAD, ID: LEASE, TTL: "-1" }, KEYS)).toEqual({
    type: "lease-gone",
  });
});

test("a claim was written, or who has the name is told", () => {
  const done = { header: HEAD, succeeded: true, responses: [{ response_put: { header: {} } }] };
  expect(readAnswer(CREATE, done, KEYS)).toEqual({
    ...{ type: "key", done: true, revision: 2, holding: null },
  });
  expect(readAnswer(CREATE, held(base64(JSON.stringify(CLAIM))), KEYS)).toEqual({
    ...{ type: "key", done: false, revision: 2, holding: { by: CLAIM, modRevision: 2 } },
  });
  const empty = { header: HEAD, responses: [{ response_range: { header: {} } }] };
  expect(readAnswer(CREATE, empty, KEYS)).toMatchObject({ done: false, holding: null });
  expect(readAnswer(READ, { header: HEAD }, KEYS)).toMatchObject({ done: false, holding: null });
});

test("a value that no node wrote is somebody's, and nobody's name is read of it", () => {
  for (const value of ["", "null", "7", "[]", "{}", '{"node":"x","boot":1,"serial":1}', "\u0000"]) {
    expect(readAnswer(CREATE, held(base64(value)), KEYS)).toMatchObject({ holding: { by: null } });
  }
});

test("what is no answer is none: nothing is taken for won that was not said", () => {
  const wrong = [
    null,
    7,
    "",
    [],
    {},
    { header: HEAD },
    { header: HEAD, responses: [] },
    { error: "x" },
  ];
  for (const json of [...wrong, { header: HEAD, succeeded: "true", responses: [] }]) {
    expect(readAnswer(CREATE, json, KEYS)).toBeNull();
  }
  for (const json of wrong) expect(readAnswer(GRANT, json, KEYS)).toBeNull();
  for (const json of wrong) expect(readAnswer(RENEW, json, KEYS)).toBeNull();
  // Revisions are counted with: one that a number cannot hold is none.
  for (const revision of ["9007199254740993", "99999999999999999", "-1", "1e3", "", 2.5]) {
    expect(readAnswer(CREATE, held("", revision as string), KEYS)).toBeNull();
  }
  expect(readAnswer(GRANT, { ID: "1; drop", TTL: "10" }, KEYS)).toBeNull();
  expect(readAnswer(GRANT, { ID: LEASE, TTL: "0" }, KEYS)).toBeNull();
});

test("a watch tells what this node is asked about", () => {
  const kv = { key: base64("/spillway/x/asks/1/2"), value: base64('{"name":"cam"}') };
  const line = { result: { header: HEAD, events: [{ kv }, { kv: { key: "", value: "!" } }] } };
  expect(readQuestions(line)).toBeNull();
  const events = [{ kv }, { kv: { value: base64("{}") } }, { type: "DELETE", kv: { key: "" } }];
  expect(readQuestions({ result: { header: HEAD, events } })).toEqual({
    ...{ revision: 2, canceled: false, names: ["cam"] },
  });
  const created = { result: { header: HEAD, created: true } };
  expect(readQuestions(created)).toEqual({ revision: 2, canceled: false, names: [] });
  const ended = { result: { header: HEAD, canceled: true, compact_revision: "9" } };
  expect(readQuestions(ended)).toMatchObject({ canceled: true });
});

test("a refusal's words and code are read as far as it has them", () => {
  expect(readFailure({ error: "a", message: "b", code: 5 })).toEqual({ words: "b", code: 5 });
  expect(readFailure({ error: "a" })).toEqual({ words: "a", code: null });
  for (const json of [undefined, null, 7, [], { code: "5" }]) {
    expect(readFailure(json)).toEqual({ words: null, code: null });
  }
});
