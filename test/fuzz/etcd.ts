/** Answers of etcd, whatever they are: nothing is read of them that was not said, and nothing breaks. */
import {
  parse,
  readAnswer,
  readFailure,
  readQuestions,
  readToken,
} from "../../src/control/etcd/answers.ts";
import type { Call } from "../../src/control/etcd/calls.ts";
import { Keys } from "../../src/control/etcd/requests.ts";
import { STREAM_NAME_LENGTH_MAX } from "../../src/limits.ts";
import { Dice } from "./dice.ts";
import { demand } from "./judge.ts";

const STEPS = 300;
const LEASE = "7587899261445918727";
const CLAIM = { node: "ab".repeat(16), boot: 7, serial: 3 };
const KEYS = new Keys("fuzz");
const CALLS: readonly Call[] = [
  { type: "grant" },
  { type: "renew", lease: LEASE },
  { type: "list", lease: LEASE },
  { type: "create", name: "a", claim: CLAIM, lease: LEASE },
  { type: "replace", name: "a", claim: CLAIM, lease: LEASE, over: 7 },
  { type: "ask", name: "a", node: CLAIM.node, by: CLAIM.node, lease: LEASE },
  { type: "confirm", name: "a", claim: CLAIM, lease: LEASE },
  { type: "read", name: "a" },
  { type: "drop", name: "a", over: 7 },
];

/** One case: how many of what was made up were answers. Throws when a rule is broken. */
export function fuzzEtcd(seed: number): number {
  const dice = new Dice(seed);
  let read = 0;
  for (let step = 0; step < STEPS; step += 1) {
    const json = altered(dice, dice.pick(samples(dice)));
    for (const call of CALLS) if (judged(call, json)) read += 1;
    const questions = readQuestions(json);
    demand(questions === null || Number.isSafeInteger(questions.revision), "a revision counts");
    for (const name of questions?.names ?? []) {
      demand(name.length > 0 && name.length <= STREAM_NAME_LENGTH_MAX, "a name is one");
    }
    const { words, code } = readFailure(json);
    demand(words === null || /^[\x20-\x7e]{0,200}$/.test(words), "words are one line");
    demand(code === null || Number.isSafeInteger(code), "a code is a number");
    const token = readToken(json);
    demand(token === null || /^[\x21-\x7e]+$/.test(token), "a token fits into a header");
    parse(cut(dice, JSON.stringify(json) ?? ""));
  }
  return read;
}

/** True for an answer; what it says must have been said. */
function judged(call: Call, json: unknown): boolean {
  const answer = readAnswer(call, json, KEYS);
  if (answer === null) return false;
  const said = JSON.stringify(json);
  if (answer.type === "lease") {
    demand(call.type === "grant" || call.type === "renew", "a lease answers what asks for one");
    demand(answer.lease === null || /^\d{1,19}$/.test(answer.lease), "a lease is digits");
    demand(answer.lease !== null || call.type === "renew", "none is granted none");
  } else if (answer.type === "key") {
    demand("name" in call, "a key answers what asks of a name");
    demand(Number.isSafeInteger(answer.revision), "a revision counts");
    const isSaid = call.type === "ask" || said.includes('"succeeded":true');
    demand(!answer.done || isSaid, "nothing is done that was not said to be");
    demand(!answer.done || answer.holding === null, "what is done leaves nobody");
    const { by = null, modRevision = 0 } = answer.holding ?? {};
    demand(by === null || /^[0-9a-f]{32}$/.test(by.node), "a node is one");
    demand(Number.isSafeInteger(modRevision), "a revision counts");
  } else {
    demand(call.type === "list", "names, or that nothing hangs there, answer what asks for them");
  }
  return true;
}

/** Answers as they are when all is well. */
function samples(dice: Dice): unknown[] {
  const header = {
    cluster_id: "1",
    member_id: "2",
    revision: String(dice.below(1e9)),
    raft_term: "2",
  };
  const value = base64(JSON.stringify(CLAIM));
  const kvs = [{ key: base64(KEYS.name("a")), create_revision: "2", mod_revision: "3", value }];
  const question = { kv: { key: base64("k"), value: base64('{"name":"a"}') } };
  return [
    { header, ID: LEASE, TTL: "10", keys: [base64(KEYS.name("a"))] },
    { result: { header, ID: LEASE, TTL: "10" } },
    { header, kvs, count: "1" },
    { header, succeeded: true, responses: [{ response_put: { header } }] },
    { header, responses: [{ response_range: { header, kvs } }] },
    { result: { header, created: true, events: [question] } },
    { error: "etcdserver: no", message: "etcdserver: no", code: 5 },
    { header, token: "abc.123" },
  ];
}

/** With some of its parts others, or gone. */
function altered(dice: Dice, json: unknown): unknown {
  if (dice.chance(0.1)) return other(dice);
  if (Array.isArray(json)) {
    const items = json.map((item) => (dice.chance(0.8) ? item : altered(dice, item)));
    return dice.chance(0.9) ? items : [...items, other(dice)];
  }
  if (typeof json !== "object" || json === null) return dice.chance(0.9) ? json : other(dice);
  const entries = Object.entries(json).filter(() => dice.chance(0.95));
  return Object.fromEntries(
    entries.map(([key, value]) => [key, dice.chance(0.5) ? value : altered(dice, value)]),
  );
}

function other(dice: Dice): unknown {
  return dice.pick<unknown>([
    ...[null, true, false, 0, -1, 0.5, 2 ** 53, Number.MAX_VALUE, "", "-1", "1e9", "0x10", " 7"],
    ...["9007199254740993", "99999999999999999999", "\u0000\n\u001b[31m", "x".repeat(1000)],
    ...[[], {}, [[[[]]]], { header: {} }, { __proto__: null, revision: "1" }, Array(50).fill(0)],
    ...[base64("null"), base64('{"name":""}'), base64(`{"name":"${"n".repeat(300)}"}`), "===="],
  ]);
}

function cut(dice: Dice, text: string): string {
  return text.slice(dice.below(3), dice.below(text.length + 1));
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
