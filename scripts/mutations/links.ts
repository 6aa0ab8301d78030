/**
 * Links between nodes: LK1 who gets one, LK2 whom each end has at the other, LK3 what is opened, LK4 what
 * overheard knocks do when they are repeated, LK5 two nodes that call each other.
 */
import { type Mutation, PEER, rule } from "./rule.ts";

const GATE = `${PEER}link-gate.ts`;

export const LINKS: readonly Mutation[] = [
  rule(
    "LK1",
    `${PEER}newcomers.ts`,
    "if (!verifyIntegrity(bytes, offset, message, new TextEncoder().encode(password))) return null;",
    "",
  ),
  rule("LK1", `${PEER}newcomers.ts`, " || !this.#acceptor.expects(local)", ""),
  rule("LK1", `${PEER}knock.ts`, 'createHmac("sha256", key)', 'createHmac("sha256", "")'),
  rule("LK1", GATE, "this.#keys.knockKey(kidOf(localUfrag))", 'this.#keys.knockKey("kid00001")'),
  rule("LK2", `${PEER}dtls-proof.ts`, "? isNodeKey(key) :", "? key !== null :"),
  rule(
    "LK2",
    `${PEER}dtls-start.ts`,
    "kid === undefined ? fingerprints",
    "fingerprints.length > 0 ? fingerprints",
  ),
  rule("LK2", `${PEER}peer.ts`, "if (isLink && profile !==", "if (!isLink && profile !=="),
  rule(
    "LK2",
    "src/io/dtls-openssl-engine.ts",
    "this.#expected === ANY_NODE && !this.#keysAreItsOwn()",
    "this.#expected !== ANY_NODE && !this.#keysAreItsOwn()",
  ),
  rule("LK2", `${PEER}peer.ts`, "nodeIdOf(dtls.peerKey())", "nodeIdOf(keys.remoteSalt)"),
  rule("LK3", `${PEER}peer.ts`, "isLink ? LINK_REPLAY_WINDOW : REPLAY_WINDOW", "REPLAY_WINDOW"),
  rule(
    "LK3",
    "src/srtp/receiver.ts",
    "if (verdict === ReplayVerdict.seen) return SrtpReject.replayed;",
    "",
  ),
  rule(
    "LK3",
    "src/wire/link-header.ts",
    "readU32(bytes, offset + 4) * 65536 +",
    "0 * readU32(bytes, offset + 4) +",
  ),
  rule("LK3", "src/srtp/replay-window.ts", "index <= this.highest - this.#width", "index < -1"),
  rule("LK4", `${PEER}ice-lite.ts`, "    if (this.#fixed) this.#home = path;\n", ""),
  rule("LK4", `${PEER}sightings.ts`, "peer.kid !== null || ", ""),
  rule("LK4", `${PEER}dtls-server-guard.ts`, " || this.#doubtsFirst", ""),
  rule(
    "LK4",
    `${PEER}peer-addresses.ts`,
    "entry.peer.calls && paths.length === 0",
    "paths.length < 0",
  ),
  rule("LK4", GATE, "if (this.#pending.size < LINKS_PENDING_MAX) return;", "if (now > 0) return;"),
  rule("LK4", GATE, "if (peer.trusted || peer", "if (peer"),
  rule("LK4", GATE, "if (peer.trusted || peer", 'if (peer.state === "connected" || peer'),
  rule("LK4", GATE, "if (accepted >= LINK_ACCEPTS_PER_SECOND_PER_ADDRESS) return false;", ""),
  rule("LK4", GATE, "if (!this.#accepts.take(now, 1)) return false;", ""),
  rule("LK4", GATE, "sockaddr.subarray(8, 16)", "sockaddr.subarray(8, 24)"),
  rule("LK5", `${PEER}ice-controlling.ts`, "    path.heardAt = now;\n", ""),
  rule(
    "LK5",
    `${PEER}peer-table.ts`,
    "    if (this.#addresses.isCalled(via, sockaddr, sockaddrOffset)) return null;\n",
    "",
  ),
  rule("LK5", `${PEER}ice-controlling.ts`, "    path.answeredAt = now;\n", ""),
  rule("LK4", "src/host/sessions.ts", "if (peer.kid === null) this", "this"),
];
