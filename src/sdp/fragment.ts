/** ICE fragments: RFC 8840 4.4 and 9, as RFC 9725 4.3 uses them. */
import type { MediaSection } from "../contract/session.ts";
import { hasFlag } from "./attributes.ts";
import { type RemoteCandidate, readCandidates, unreadableCandidate } from "./candidate.ts";
import type { LocalDescription } from "./local.ts";
import { parseFragment } from "./parse.ts";
import { isProblem, malformed, quote, type SdpProblem } from "./problem.ts";
import { type Credentials, readCredentials } from "./transport.ts";
import { candidateLines, ICE_SESSION_LINES } from "./write.ts";

/** An application/trickle-ice-sdpfrag body. */
export interface Fragment {
  /** Null when the fragment has none: it then belongs to the current credentials. */
  readonly ufrag: string | null;
  readonly pwd: string | null;
  readonly candidates: readonly RemoteCandidate[];
  readonly endOfCandidates: boolean;
}

/**
 * Reads a fragment: credentials at media or session level, with or without m= lines (medooze sends
 * none) and a=group. Unusable candidates are dropped, unreadable ones, too, where another can be
 * read. Errors: 400 malformed, 413 over a limit.
 */
export function readFragment(text: string): Fragment | SdpProblem {
  const parsed = parseFragment(text);
  if (isProblem(parsed)) return parsed;
  const scopes = [...parsed.media.map((media) => media.attributes), parsed.attributes];
  const attributes = scopes.flat();
  const known = ["ice-ufrag", "ice-pwd", "candidate", "end-of-candidates"];
  if (!attributes.some(({ key }) => known.includes(key))) {
    return malformed("The fragment has no a=ice-ufrag, a=candidate or a=end-of-candidates line.");
  }
  const credentials = readCredentials(scopes);
  if (credentials !== null && isProblem(credentials)) return credentials;
  const candidates = readCandidates(attributes);
  if (isProblem(candidates)) return candidates;
  const unreadable = unreadableCandidate(attributes);
  if (unreadable !== null) {
    const form = "a=candidate:FOUNDATION COMPONENT TRANSPORT PRIORITY ADDRESS PORT typ TYPE";
    return malformed(`No candidate can be read; ${quote(unreadable)} is not of the form ${form}.`);
  }
  return {
    ufrag: credentials?.ufrag ?? null,
    pwd: credentials?.pwd ?? null,
    candidates,
    endOfCandidates: hasFlag(attributes, "end-of-candidates"),
  };
}

/**
 * Whether ufrag and pwd both differ from the peer's current ones (RFC 9725 4.3.3). One alone is
 * no restart: the RFC's own trickle example keeps the ufrag and shows another pwd.
 */
export function isRestart(fragment: Fragment, current: Credentials): boolean {
  if (fragment.ufrag === null || fragment.pwd === null) return false;
  return fragment.ufrag !== current.ufrag && fragment.pwd !== current.pwd;
}

/**
 * The 200 body of a restart: `local` has the new credentials, `media` is that of the answer. Same
 * ice-options and ice-lite as there (RFC 9725 4.3.3).
 */
export function writeRestartFragment(
  local: Pick<LocalDescription, "ufrag" | "pwd" | "candidates">,
  media: readonly Pick<MediaSection, "mid" | "kind">[],
): string {
  const lines = [...ICE_SESSION_LINES];
  const mids = media.map(({ mid }) => mid).filter((mid) => mid !== "");
  if (mids.length > 0) lines.push(`a=group:BUNDLE ${mids.join(" ")}`);
  const first = media[0];
  // The format is a placeholder: a fragment's m= line only names its section (RFC 8840 9.2).
  if (first !== undefined) lines.push(`m=${first.kind} 9 UDP/TLS/RTP/SAVPF 0`);
  if (first !== undefined && first.mid !== "") lines.push(`a=mid:${first.mid}`);
  lines.push(`a=ice-ufrag:${local.ufrag}`, `a=ice-pwd:${local.pwd}`);
  lines.push(...candidateLines(local.candidates));
  return `${lines.join("\r\n")}\r\n`;
}
