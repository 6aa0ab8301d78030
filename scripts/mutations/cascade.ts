/**
 * What keeps the tree of a stream a tree and its copies one: the path, copies and holes, when a parent
 * is dead, whose name counts, who is a member, and how far a parent's word is believed.
 */
import { type Mutation, rule } from "./rule.ts";

const CASCADE = "src/cascade/";
const SIZE = `${CASCADE}path-size.ts`;
const HANDOVER = `${CASCADE}handover.ts`;
const PULLED = "src/relay/pulled-ring.ts";

export const CASCADES: readonly Mutation[] = [
  rule("cascade-path", `${CASCADE}pull.ts`, "path.includes(self) || ", ""),
  rule("cascade-path", `${CASCADE}pull.ts`, " || path.length >= PATH_NODES_MAX", ""),
  rule("cascade-path", `${CASCADE}pull.ts`, " || path[0] !== this.known.owner", ""),
  rule("cascade-path", `${CASCADE}serving.ts`, "path.includes(link.node) || ", ""),
  rule("cascade-path", `${CASCADE}serving.ts`, " || path.length + 1 >= PATH_NODES_MAX;", ";"),
  rule(
    "cascade-copies",
    "src/ring/writer.ts",
    "if (ahead < 0 && Atomics.load(this.views.slotWords, word) === sequence) return NO_SLOT;",
    "",
  ),
  rule(
    "cascade-holes",
    PULLED,
    "if (ahead > 0) this.missing.addGap(now, this.#next!, sequence, way);",
    "",
  ),
  rule("cascade-holes", PULLED, "this.missing.addGap(now, this.#next, head, way);", ""),
  rule("cascade-holes", PULLED, "this.missing.fill(now, sequence);", ""),
  rule("cascade-holes", "src/relay/fills.ts", "this.#waiting.push((from + i) | 0);", ""),
  rule("cascade-holes", "src/relay/fills.ts", "this.#budget.earn(bytes - this.#bytes);", ""),
  rule("cascade-holes", "src/relay/pulled-stream.ts", "this.#turns[ring] = turn + 1;", ""),
  rule(
    "cascade-holes",
    "src/relay/pulled-stream.ts",
    "if (now - this.rootHeardAt > MISSED_MAX_US) for (const ring of this.rings) ring.breakOff();",
    "",
  ),
  rule(
    "cascade-holes",
    PULLED,
    "return ((oldest - this.#come) | 0) < 0 ? oldest : this.#come;",
    "return this.#next;",
  ),
  rule("cascade-holes", PULLED, "this.missing.addBelow(now, sequence + 1, this.#first, way);", ""),
  rule("cascade-useful", "src/relay/pulled-stream.ts", "quiet && ", ""),
  rule(
    "cascade-useful",
    PULLED,
    "((head - this.#come) | 0) <= 0",
    "((head - this.#next) | 0) <= 0",
  ),
  rule("cascade-places", `${CASCADE}serving.ts`, " || sameKey(each.key, key)),\n", "),\n"),
  rule(
    "cascade-places",
    `${CASCADE}serving.ts`,
    'if (key.owner === child.link.node) return "loop";',
    "",
  ),
  rule(
    "cascade-boot",
    `${CASCADE}node.ts`,
    "if (before !== null && before.hello?.boot !== hello?.boot) before.lost(ENDED, now);",
    "",
  ),
  rule("cascade-mtu", SIZE, "if (this.#passes) this.#lost += 1;", "this.#lost += 1;"),
  rule(
    "cascade-mtu",
    SIZE,
    "this.#found = LINK_PAYLOAD_MIN;\n      this.#raiseAt",
    "this.#raiseAt",
  ),
  rule("cascade-mtu", SIZE, "this.bytes = LINK_PAYLOAD_MIN;\n    this.#dueAt", "this.#dueAt"),
  rule("cascade-mtu", "src/relay/fills.ts", "this.#writer.repeat(", "this.#writer.send("),
  rule("cascade-mtu", "src/relay/carriers.ts", "    carrier.output.size = link.size;\n", ""),
  rule("cascade-rekey", HANDOVER, " && session === this.#other", ""),
  rule("cascade-rekey", HANDOVER, " || !sameBytes(association, this.#association)", ""),
  rule("cascade-rekey", HANDOVER, " && age >= APART_US", ""),
  rule("cascade-rekey", HANDOVER, "Math.max(sent, received) >=", "sent >="),
  rule(
    "cascade-rekey",
    "src/relay/link-output.ts",
    "    port.buffer.set(this.buffer.subarray(0, this.#length));\n",
    "",
  ),
  rule(
    "cascade-rekey",
    "src/relay/relay.ts",
    "if (this.#carriers.heir(port, security, address, now)) return;",
    "",
  ),
  rule("cascade-stamps", `${CASCADE}liveness.ts`, "if (arrival > this.#heardAt) ", ""),
  rule("cascade-stamps", `${CASCADE}link.ts`, "liveness.heard(arrival)", "liveness.heard(now)"),
  rule(
    "cascade-stamps",
    `${CASCADE}node.ts`,
    "    this.pulls.handleTimeout(now);\n    this.members",
    "    this.judge(now);\n    this.members",
  ),
  rule(
    "cascade-epochs",
    `${CASCADE}names.ts`,
    "left.epoch > right.epoch",
    "left.epoch < right.epoch",
  ),
  rule(
    "cascade-epochs",
    `${CASCADE}names.ts`,
    "left.owner > right.owner",
    "left.owner < right.owner",
  ),
  rule("cascade-epochs", `${CASCADE}names.ts`, "return this.#highestOf(name) + 1;", "return 1;"),
  rule(
    "cascade-proof",
    `${CASCADE}greeting.ts`,
    " || !isProof(hello.proof, proofOf(keys, exported, other, hello.node))",
    "",
  ),
  rule("cascade-proof", `${CASCADE}greeting.ts`, "nodeIdOf(hello.node) !== node", "node === ''"),
  rule("cascade-proof", `${CASCADE}keyring.ts`, ".update(Uint8Array.of(end))", ""),
  rule(
    "cascade-proof",
    `${CASCADE}link.ts`,
    "else if (this.hello === null)",
    "else if (type === Message.hello)",
  ),
  rule("cascade-proof", `${CASCADE}link.ts`, "else if (!this.open) return;", ""),
  rule("cascade-asks", `${CASCADE}asks.ts`, " || this.#heard.has(key)", ""),
  rule(
    "cascade-asks",
    `${CASCADE}asks.ts`,
    'if (link.hello?.role !== "core" && asker !== link.node) return;',
    "",
  ),
  rule(
    "cascade-asks",
    `${CASCADE}asks.ts`,
    "!(isCore || nodeIdOf(answer.node) === link.node)",
    "false",
  ),
  rule(
    "cascade-asks",
    `${CASCADE}asks.ts`,
    'return others.filter(({ hello }) => hello?.role === "edge");',
    "return [];",
  ),
  rule("cascade-asks", `${CASCADE}asks.ts`, " && link.backlog < BACKLOG_MAX", ""),
  rule(
    "cascade-standby",
    `${CASCADE}pulls.ts`,
    "standbys: () => this.#standbys(known),",
    "standbys: () => this.#candidates(known),",
  ),
  rule("cascade-standby", `${CASCADE}pull.ts`, " || !sharesNode(parent, path)", ""),
  rule(
    "cascade-standby",
    `${CASCADE}places.ts`,
    "if (needOf(child) === 2) return max - needed;",
    "",
  ),
  rule(
    "cascade-standby",
    `${CASCADE}serving.ts`,
    'else if (child.mode === "warm") this.#pledge(child, now);',
    "",
  ),
  rule("cascade-heads", PULLED, "!this.#believed || ", ""),
  rule(
    "cascade-heads",
    PULLED,
    "if (before === null || !isNear(head, before)) this.#believed = false;\n    else ",
    "",
  ),
  rule("cascade-heads", PULLED, "if (now - this.#newAt < GAP_MIN_US) return false;", ""),
  rule("cascade-heads", PULLED, "if (beyond || ", "if ("),
];
