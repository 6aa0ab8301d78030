/** Who may: what is open, foreign pages, half-open publishers, tokens and their times. */

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: sources are quoted as they stand.

import { CONTROL, type Mutation, rule } from "./rule.ts";

export const ACCESS: readonly Mutation[] = [
  rule(
    "S4",
    `${CONTROL}http/auth.ts`,
    "(this.#isLocal(client) && !this.#isForeign(request, client))",
    "this.#isLocal(client)",
  ),
  rule("S4", `${CONTROL}http/foreign.ts`, "if (origin !== null) {", "if (origin === '') {"),
  rule(
    "S4",
    `${CONTROL}http/foreign.ts`,
    'return site !== "none" && site !== "same-origin";',
    "return site === '';",
  ),
  rule(
    "S4",
    `${CONTROL}http/foreign.ts`,
    "allowed.includes(normal)",
    "allowed.includes(`${normal}/`)",
  ),
  rule("S4", `${CONTROL}http/harden.ts`, 'headers.set("X-Content-Type-Options", "nosniff");', ""),
  rule(
    "S4",
    `${CONTROL}http/harden.ts`,
    `headers.set("Content-Security-Policy", "frame-ancestors 'none'");`,
    "",
  ),
  rule("S4", "src/web/pages.ts", "if (!plays) parts.push", "if (plays) parts.push"),
  rule(
    "S5",
    `${CONTROL}http/auth.ts`,
    "if (!isGuarded && hasCredentials(this.#config)) {",
    "if (false) {",
  ),
  rule("S5", `${CONTROL}http/auth.ts`, "if (!isGuarded && !isOpen) {", "if (false) {"),
  rule(
    "S5",
    `${CONTROL}http/openness.ts`,
    "before.everybody && after.everybody",
    "after.everybody",
  ),
  rule("S5", `${CONTROL}http/openness.ts`, "before.loopback && after.loopback", "after.loopback"),
  rule(
    "S5",
    `${CONTROL}http/openness.ts`,
    "before.sessionUrlIsProof && after.sessionUrlIsProof",
    "after.sessionUrlIsProof",
  ),
  rule(
    "S5",
    `${CONTROL}http/openness.ts`,
    "before.hookDecides.filter((right) => after.hookDecides.includes(right))",
    "after.hookDecides",
  ),
  rule("S5", `${CONTROL}http/openness.ts`, "rules: [...before.rules, ", "rules: ["),
  rule(
    "S6",
    `${CONTROL}streams/registry.ts`,
    "if (this.#grantRings(session) === null) return;",
    "",
  ),
  rule(
    "S6",
    `${CONTROL}streams/pending.ts`,
    "if (tokenHash !== null) keys.push(tokenKey(tokenHash));",
    "",
  ),
  rule("S6", `${CONTROL}streams/pending.ts`, "keys.push(`publisher ${addressKey(address)}`);", ""),
  rule(
    "S6",
    `${CONTROL}http/session-resource.ts`,
    'if (end === "ring-memory") return ringMemoryUsedUp();',
    "",
  ),
  rule("S6", "src/ingest/early-media.ts", "bytes.slice(", "bytes.subarray("),
  rule(
    "S6",
    "src/ingest/early-media.ts",
    "if (this.#held.length === EARLY_PACKETS_MAX) return false;",
    "",
  ),
  rule(
    "S7",
    `${CONTROL}http/jwt.ts`,
    "streams: z.array(z.string().min(1).max(400)).min(1).max(100),",
    "streams: z.array(z.string().min(1).max(400)).min(1).max(100).default(['**']),",
  ),
  rule("S7", `${CONTROL}http/jwt.ts`, "?? misspelt(payload)", ""),
  rule("S7", `${CONTROL}http/jwt.ts`, "if (!isNumericDate(time))", "if (time === null)"),
  rule("S7", `${CONTROL}http/jwt.ts`, "iat > now + LEEWAY_S", "iat > 1e300"),
  rule("S7", `${CONTROL}http/jwt.ts`, "exp! - since <= rules.lifetimeMax + LEEWAY_S", "exp! > 0"),
  rule("S7", `${CONTROL}http/jwt.ts`, "Math.min(now, iat ?? now, nbf ?? now)", "now"),
  rule(
    "S7",
    `${CONTROL}http/pattern.ts`,
    "// Names are in this form",
    'if (pattern === "*") return true;\n  // Names are in this form',
  ),
  rule("C11", "src/sdp/fragment.ts", "if (unreadable !== null) {", "if (unreadable === '') {"),
  rule(
    "C11",
    "src/sdp/candidate.ts",
    "return lines.some(isReadable) ? null",
    "return lines.every(isReadable) ? null",
  ),
  rule(
    "S14",
    `${CONTROL}http/redirect.ts`,
    "if (tokenOf(request) !== null) {",
    'if (request.headers.has("Authorization")) {',
  ),
];
