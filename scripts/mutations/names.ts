/** Names by etcd: who wins, who is asked, what is given back, what is kept, and which epoch a name has. */
import { CONTROL, type Mutation, rule } from "./rule.ts";

const CLAIM = `${CONTROL}etcd/claim.ts`;
const CLAIMS = `${CONTROL}etcd/claims.ts`;

export const NAMES: readonly Mutation[] = [
  rule(
    "etcd-claim",
    CLAIM,
    'by === null ? "replace" : "ask"',
    'by === null ? "replace" : "replace"',
  ),
  rule("etcd-claim", CLAIM, '(type === "replace" && !this.#takeover) || ', ""),
  rule("etcd-claim", CLAIM, " || this.#yields) this.#lose()", ") this.#lose()"),
  rule("etcd-claim", CLAIM, "this.#takeover = false;\n    this.revision", "this.revision"),
  rule("etcd-claim", CLAIM, 'call.type === "drop" && !mayBeDone', 'call.type === "drop"'),
  rule("etcd-claim", CLAIM, "by.node === this.value.node && by.boot === this.value.boot", "true"),
  rule("etcd-claim", CLAIMS, " || !this.#options.isInUse(name)", ""),
  rule("etcd-claim", CLAIMS, "if (!there.has(claim.name)) claim.missing(askedAt);", ""),
  rule("etcd-claim", CLAIMS, "if (!this.#claims.has(name)) this.#add(name, true);", "void name;"),
  rule("etcd-claim", CLAIMS, "let room = CALLS_MAX - this.#out;", "let room = 1e6;"),
  rule("etcd-claim", `${CONTROL}etcd/lease.ts`, ": now + RENEW_US;", ": now + 4 * RENEW_US;"),
  rule("etcd-claim", `${CONTROL}etcd/answers.ts`, "result.TTL > 0 ? result.ID : null", "result.ID"),
  rule(
    "etcd-claim",
    `${CONTROL}etcd/requests.ts`,
    '{ target: "MOD", mod_revision: String(call.over) }',
    '{ target: "CREATE", create_revision: "0" }',
  ),
  rule(
    "etcd-claim",
    `${CONTROL}http/whip.ts`,
    'if (verdict === "won") return go();',
    "return go();",
  ),
  rule(
    "etcd-claim",
    `${CONTROL}streams/cluster.ts`,
    '(await this.names.recheck(name)) === "won"',
    '(await this.names.recheck(name)) === "away"',
  ),
  rule(
    "etcd-claim",
    `${CONTROL}streams/cluster.ts`,
    'if (event.type === "left") this.names?.look(event.stream.name);',
    "",
  ),
  rule(
    "etcd-epoch",
    `${CONTROL}etcd/etcd-names.ts`,
    "revision <= EPOCH_FLOOR_MAX ? revision : 0",
    "revision",
  ),
  rule("etcd-epoch", `${CONTROL}streams/cluster.ts`, "this.names?.epochOf(stream.name) ?? 0", "0"),
  rule(
    "etcd-epoch",
    "src/cascade/names.ts",
    "Math.max(epochMin, this.#nextEpoch(name))",
    "epochMin + 1",
  ),
];
