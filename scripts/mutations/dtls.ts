/** DTLS among forgeries, its timers, and faults that cost one session or request. */

import { type Mutation, PEER, rule } from "./rule.ts";

export const DTLS: readonly Mutation[] = [
  rule("S2", `${PEER}dtls-client-guard.ts`, "this.#pending !== null || !isHello", "!isHello"),
  rule(
    "S2",
    "src/host/socket-reader.ts",
    "this.#handler.datagramFault(error, now);",
    "throw error;",
  ),
  rule("S2", `${PEER}peer-table.ts`, "onFault(peer, error);", "void [peer, error];", {
    binary: true,
  }),
  rule(
    "S2",
    "src/host/session-faults.ts",
    "if (now - kind.toldAt < TELL_AGAIN_US) {",
    "if (now < kind.toldAt) {",
    { binary: true },
  ),
  rule(
    "S2",
    "src/cli/server.ts",
    'process.on("unhandledRejection", (error) => control.noteFault("promise", error));',
    "",
    { binary: true },
  ),
  // Which records and messages can be.
  rule(
    "S8",
    `${PEER}dtls-messages.ts`,
    "if (this.length > DTLS_MESSAGE_BYTES_MAX) return",
    "if (this.length < 0) return",
  ),
  rule("S8", `${PEER}dtls-outbox.ts`, "record[0] !== RecordType.alert", "record[0] !== 0"),
  rule("S8", `${PEER}dtls-records.ts`, "fragment >= ENCRYPTED_FRAGMENT_MIN", "fragment >= 0"),
  rule("S8", `${PEER}dtls-messages.ts`, "this.offset + this.size > this.length ||", ""),
  // Who sent them.
  rule(
    "S8",
    `${PEER}dtls-proof.ts`,
    'if (!signatureHolds(key, signed, signature)) return "forged";',
    "",
  ),
  rule("S8", `${PEER}dtls-proof.ts`, 'return named ? "proven" : "foreign";', 'return "proven";'),
  rule("S8", `${PEER}dtls-guard.ts`, 'if (proof === "forged") {', 'if (proof === "unknown") {'),
  rule(
    "S8",
    `${PEER}dtls-server-guard.ts`,
    "if (!returned && (this.#beginnings > 0 ||",
    "if (!returned && (this.#beginnings > 7 ||",
  ),
  rule(
    "S8",
    `${PEER}dtls-server-guard.ts`,
    "const returned = sameBytes(cookie, this.#cookie);",
    "const returned = cookie.length > 0;",
  ),
  rule(
    "S8",
    `${PEER}dtls-server-guard.ts`,
    "if (returned) this.end(",
    "if (returned && cookieOf(hello) === null) this.end(",
  ),
  rule(
    "S8",
    `${PEER}dtls-client-guard.ts`,
    "if (done.message?.length !== MESSAGE_HEADER_BYTES) return;",
    "if (done.message === null) return;",
  ),
  rule(
    "S8",
    `${PEER}dtls-outbox.ts`,
    "writeSequence(record, this.#sequence++);",
    "writeSequence(record, 0);",
  ),
  rule("S8", `${PEER}dtls-client-guard.ts`, "this.engine!.skipRecords(this.#resealed);", ""),
  // When they are sent again.
  rule("C1", `${PEER}dtls-repeat.ts`, "CLIENT_REPEAT_US = 1_000_000", "CLIENT_REPEAT_US = 60_000"),
  rule("C1", `${PEER}dtls-repeat.ts`, "HELLO_REPEAT_US = 60_000", "HELLO_REPEAT_US = 1_000_000"),
  rule(
    "C1",
    `${PEER}dtls-repeat.ts`,
    "SERVER_REPEAT_MIN_US = 150_000",
    "SERVER_REPEAT_MIN_US = 60_000",
  ),
  rule("C1", `${PEER}dtls-repeat.ts`, "const ROUND_TRIPS = 3;", "const ROUND_TRIPS = 1;"),
  rule(
    "C1",
    `${PEER}dtls-repeat.ts`,
    "Math.min(REPEAT_MAX_US, 2 * this.#interval)",
    "Math.min(REPEAT_MAX_US, this.#interval)",
  ),
  rule("C1", `${PEER}dtls-repeat.ts`, "ASKED_DISTANCE_US = 20_000", "ASKED_DISTANCE_US = 0"),
  rule(
    "C1",
    `${PEER}dtls-server-guard.ts`,
    "this.timer.asked(now)) this.repeatDue();",
    "this.passed) this.repeatDue();",
  ),
  rule(
    "C1",
    `${PEER}dtls-client-guard.ts`,
    "this.#mediaSince < OVERTAKEN_US ||",
    "this.#mediaSince < 0 ||",
  ),
  rule("C1", "src/host/socket-reader.ts", "return this.drained ||", "return true ||"),
  rule("C1", "src/host/socket-reader.ts", "drained &&= !full;", "drained &&= true;"),
  rule(
    "C1",
    `${PEER}dtls-client-guard.ts`,
    "this.timer.start(now, this.#repeatUs);",
    "this.timer.start(now, HELLO_REPEAT_US);",
  ),
  rule(
    "C1",
    `${PEER}dtls-start.ts`,
    'ice.mode === "lite" ? CLIENT_REPEAT_US',
    'ice.mode !== "lite" ? CLIENT_REPEAT_US',
  ),
  rule(
    "S8",
    `${PEER}dtls-guard.ts`,
    "const PROOFS_PER_SECOND = 20;",
    "const PROOFS_PER_SECOND = 0;",
  ),
  rule("S8", `${PEER}dtls-guard.ts`, "named ? this.#proofs : this.#foreignProofs", "this.#proofs"),
];
