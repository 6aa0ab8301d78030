/** Whom media goes to: proofs, nominations, consent, dead paths, trials, hashes of addresses. */
import { type Mutation, PEER, rule } from "./rule.ts";

const CHOICE = `${PEER}path-choice.ts`;
const LITE = `${PEER}ice-lite.ts`;
const TABLE = `${PEER}peer-addresses.ts`;

export const PATHS: readonly Mutation[] = [
  // A nomination, or a check alone, is a proof.
  rule(
    "S3",
    CHOICE,
    "if (path === this.#nominee && this.#isProven(now, path)) this.#select(path);",
    "if (path === this.#nominee) this.#select(path);",
  ),
  rule(
    "C3",
    CHOICE,
    "if (nominates || this.selected === null) this.#nominee = path;",
    "if (this.selected === null) this.#nominee = path;",
  ),
  // What counts as an answer.
  rule(
    "S3",
    LITE,
    "if (!verifyIntegrity(bytes, offset, message, path.keys.remotePwd)) return IceOutcome.forged;",
    "",
  ),
  rule("S3", LITE, " && message.errorCode !== 487", ""),
  rule("S3", LITE, " && message.errorCode !== 487", " && message.errorCode === 400"),
  rule("S3", LITE, "message.errorCode === 403 && path === this.selected;", "false;"),
  rule(
    "S3",
    LITE,
    "message.errorCode === 403 && path === this.selected;",
    "message.errorCode === 403;",
  ),
  rule("S3", LITE, "    this.#checks.settle(bytes, message);\n", ""),
  rule(
    "S3",
    `${PEER}path-checks.ts`,
    "samePath(path, via, sockaddr, offset) ? path : null",
    "path",
  ),
  rule("S3", `${PEER}path-checks.ts`, "    this.#random(this.#id(slot));\n", ""),
  rule(
    "S3",
    `${PEER}ice-credentials.ts`,
    "checkUsername({ remoteUfrag, localUfrag }: IceKeys)",
    "checkUsername({ remoteUfrag: localUfrag, localUfrag: remoteUfrag }: IceKeys)",
  ),
  rule(
    "S3",
    "src/limits/sessions.ts",
    "PATH_CHECKS_PER_SECOND = 5;",
    "PATH_CHECKS_PER_SECOND = 7;",
  ),
  rule("S3", LITE, "if (path !== this.selected) return;", "if (path !== null) return;"),
  // The first path is proven by its handshake, if all of that went there.
  rule(
    "S3",
    `${PEER}handshake-path.ts`,
    "else if (path !== this.#path) this.#path = null;",
    "else this.#path = path;",
  ),
  // Consent.
  rule(
    "S3",
    CHOICE,
    "if (nominates) this.#nominee = null;\n      if (!this.#answers) this.consentAt = now;\n      return;",
    "this.consentAt = now;\n      return;",
  ),
  rule(
    "S3",
    CHOICE,
    "    path.heardAt = now;\n    if (!this.#connected) return;",
    "    path.heardAt = now;\n    this.consentAt = now;\n    if (!this.#connected) return;",
  ),
  rule("S3", CHOICE, "path.nextAskAt = this.#consentCheckAt(now);\n    } else if", "} else if"),
  rule(
    "S3",
    "src/limits/sessions.ts",
    "CONSENT_CHECK_US = 5_000_000;",
    "CONSENT_CHECK_US = 4_000_000;",
  ),
  // A dead path is left, one that answers is not.
  rule("C3", CHOICE, "if (best === null) return;", "if (best !== selected) return;"),
  rule(
    "C3",
    CHOICE,
    "if (selected === null || now < this.#verdictAt(selected)) return;",
    "if (selected === null) return;",
  ),
  rule("C3", CHOICE, "    path.doubtedAt = now;\n    this.#doubt(now);\n", ""),
  rule("C3", "src/limits/sessions.ts", "PATH_DEAD_US = 1_000_000;", "PATH_DEAD_US = 2_500_000;"),
  rule("C3", CHOICE, "    selected.answeredAt = Number.NEGATIVE_INFINITY;\n", ""),
  rule(
    "C3",
    CHOICE,
    "    else this.#notice(now, path);\n  }\n\n  /** Authentic and fresh SRTP or SRTCP came from an address",
    "  }\n\n  /** Authentic and fresh SRTP or SRTCP came from an address",
  ),
  // A client that answers nothing: by nomination only, on a ration, and back again.
  rule("S3", CHOICE, "    this.unproven = true;\n    this.#before", "    this.#before"),
  rule(
    "S3",
    CHOICE,
    "} else if (path === this.#before) this.#return(now, path);\n    else",
    "} else",
  ),
  rule("S3", CHOICE, "    this.#trialsFrom = now + TRIAL_PAUSE_US;\n", ""),
  rule(
    "S3 C3",
    CHOICE,
    "      this.unproven = false;\n      this.#before = null;\n      if",
    "      if",
  ),
  rule(
    "S3 C3",
    `${PEER}ration.ts`,
    "return this.#spent + REPORT_BYTES_MAX <= REPORTS_BYTES;",
    "return this.#spent <= REPORTS_BYTES;",
  ),
  rule(
    "S3 C3",
    `${PEER}peer.ts`,
    "this.mediaAllowed = consents && !unproven;",
    "this.mediaAllowed = consents;",
  ),
  // SRTP from an address that nobody knows.
  rule("C3", `${PEER}peer-table.ts`, "    this.#addresses.mustProve(entry);\n", ""),
  rule(
    "C3",
    `${PEER}sightings.ts`,
    "if (peer === null || !isAuthentic(peer, rtcp, region, offset, length)) return null;",
    "if (peer === null) return null;",
  ),
  rule("C3", `${PEER}sightings.ts`, "if (nearCount === 1) return near;", ""),
  rule(
    "C3",
    `${PEER}path-choice.ts`,
    "samePath(sighted, via, sockaddr, offset)",
    "sighted.unanswered < 0",
  ),
  // Addresses of one hash, and addresses of other sessions.
  rule(
    "S13",
    `${PEER}path-index.ts`,
    "while (node !== null && !samePath(node.path, via, sockaddr, offset)) node = node.next;",
    "",
  ),
  rule("S13", `${PEER}path-index.ts`, "    random(new Uint8Array(this.#key.buffer));\n", ""),
  rule("S3", TABLE, "if (!silent && now - path.answeredAt >= ADDRESS_HELD_US) return false;", ""),
  rule(
    "S3",
    `${PEER}peer-table.ts`,
    "if (!asks || at === -1) return this.#addresses.asker(bytes, message) ?? owner;",
    "if (!asks || at === -1) return owner;",
  ),
  rule("S3", `${PEER}remote-path.ts`, "path.answeredAt < chosen.answeredAt", "path === null"),
];
