/** ICE and DTLS facts of a description: RFC 8839 5, RFC 8122 5, RFC 8842 4. */
import type { Fingerprint, PeerSetup } from "../contract/session.ts";
import { allValues, firstValue, words } from "./attributes.ts";
import { type RemoteCandidate, readCandidates } from "./candidate.ts";
import type { LocalDescription } from "./local.ts";
import type { Attribute, ParsedSdp } from "./parse.ts";
import { isProblem, malformed, quote, type SdpProblem, unusable } from "./problem.ts";

export type SetupRole = "actpass" | "active" | "passive";

/** What an offer or answer says of its transport (one, by BUNDLE). */
export interface RemotePeer {
  readonly ufrag: string;
  readonly pwd: string;
  readonly fingerprints: readonly Fingerprint[];
  readonly setup: SetupRole;
  /** Usable ones only; may be empty, the peer is then learnt from its STUN (RFC 9725 4.3.2). */
  readonly candidates: readonly RemoteCandidate[];
}

export interface Credentials {
  readonly ufrag: string;
  readonly pwd: string;
}

/** Length in characters and bytes of the digest that the algorithm makes. */
const DIGEST_BYTES: Readonly<Record<Fingerprint["algorithm"], number>> = {
  "sha-256": 32,
  "sha-384": 48,
  "sha-512": 64,
};

/**
 * Reads the transport of the section at index `tagged`, each fact from there or else from the
 * session level. Errors: 400 for missing or malformed facts, 422 for unsupported ones.
 */
export function readPeer(parsed: ParsedSdp, tagged: number): RemotePeer | SdpProblem {
  const section = parsed.media[tagged]?.attributes ?? [];
  const scopes = [section, parsed.attributes];
  const credentials = readCredentials(scopes);
  if (credentials === null) {
    return malformed("The offer has no a=ice-ufrag and a=ice-pwd; create it with ICE enabled.");
  }
  if (isProblem(credentials)) return credentials;
  const fingerprints = readFingerprints(scopes);
  if (isProblem(fingerprints)) return fingerprints;
  const setup = readSetup(scopes);
  if (typeof setup === "object") return setup;
  const candidates = readCandidates([
    ...section,
    ...parsed.media.filter((_, index) => index !== tagged).flatMap((media) => media.attributes),
    ...parsed.attributes,
  ]);
  if (isProblem(candidates)) return candidates;
  return { ...credentials, fingerprints, setup, candidates };
}

/** The first scope that has either wins; null when none has any. Lengths: RFC 8839 5.4. */
export function readCredentials(
  scopes: readonly (readonly Attribute[])[],
): Credentials | SdpProblem | null {
  for (const attributes of scopes) {
    const ufrag = firstValue(attributes, "ice-ufrag");
    const pwd = firstValue(attributes, "ice-pwd");
    if (ufrag === null && pwd === null) continue;
    if (ufrag === null || !/^[!-~]{4,256}$/.test(ufrag)) {
      return malformed(`a=ice-ufrag ${quote(ufrag ?? "")} must have 4 to 256 characters.`);
    }
    if (pwd === null || !/^[!-~]{22,256}$/.test(pwd)) {
      return malformed("a=ice-pwd must have 22 to 256 characters.");
    }
    return { ufrag, pwd };
  }
  return null;
}

/** Who we are to the remote end. `role` is our DTLS role. */
export function peerSetup(
  local: Pick<LocalDescription, "ufrag" | "pwd">,
  remote: RemotePeer,
  role: "client" | "server",
): PeerSetup {
  return {
    localUfrag: local.ufrag,
    localPwd: local.pwd,
    remoteUfrag: remote.ufrag,
    remotePwd: remote.pwd,
    dtlsRole: role,
    fingerprints: remote.fingerprints,
  };
}

/** A section's own a=fingerprint lines override the session's (RFC 8122 5). */
function readFingerprints(
  scopes: readonly (readonly Attribute[])[],
): readonly Fingerprint[] | SdpProblem {
  const lines = scopes.map((scope) => allValues(scope, "fingerprint")).find((l) => l.length > 0);
  if (lines === undefined) {
    return malformed("The offer has no a=fingerprint; media is only served over DTLS-SRTP.");
  }
  const fingerprints: Fingerprint[] = [];
  for (const line of lines) {
    const [algorithmText, value] = words(line);
    const algorithm = knownAlgorithm(algorithmText ?? "");
    if (algorithm === null) continue;
    const pairs = new RegExp(`^(?:[0-9a-f]{2}:){${DIGEST_BYTES[algorithm] - 1}}[0-9a-f]{2}$`, "i");
    if (value === undefined || !pairs.test(value)) {
      return malformed(`a=fingerprint:${algorithm} must carry ${DIGEST_BYTES[algorithm]} bytes.`);
    }
    fingerprints.push({ algorithm, value: value.toUpperCase() });
  }
  if (fingerprints.length === 0) {
    return unusable(`a=fingerprint:${quote(lines[0] ?? "")} is not sha-256, sha-384 or sha-512.`);
  }
  return fingerprints;
}

function knownAlgorithm(text: string): Fingerprint["algorithm"] | null {
  const name = text.toLowerCase();
  return name === "sha-256" || name === "sha-384" || name === "sha-512" ? name : null;
}

/** Missing counts as actpass, what every WebRTC offer means (RFC 9429 5.2.1). */
function readSetup(scopes: readonly (readonly Attribute[])[]): SetupRole | SdpProblem {
  const value = scopes.map((scope) => firstValue(scope, "setup")).find((setup) => setup !== null);
  if (value === undefined || value === null) return "actpass";
  const role = value.toLowerCase();
  if (role === "actpass" || role === "active" || role === "passive") return role;
  return unusable(`a=setup:${quote(value)} cannot be answered; offer actpass.`);
}
