import { CANDIDATES_MAX } from "../limits.ts";
import { allValues, decimal, words } from "./attributes.ts";
import type { Attribute } from "./parse.ts";
import { type SdpProblem, tooLarge } from "./problem.ts";

/** A remote candidate that can be used: UDP, RTP component, literal address. */
export interface RemoteCandidate {
  readonly address: string;
  readonly port: number;
  readonly family: 4 | 6;
}

/**
 * The usable ones of all a=candidate lines. What is not UDP or not a literal address (TCP, mDNS
 * names, zones, garbage) is dropped without a word: RFC 9725 4.3.2. Error: 413 beyond
 * CANDIDATES_MAX lines.
 */
export function readCandidates(
  attributes: readonly Attribute[],
): readonly RemoteCandidate[] | SdpProblem {
  const lines = allValues(attributes, "candidate");
  if (lines.length > CANDIDATES_MAX) {
    return tooLarge(`The body has more than ${CANDIDATES_MAX} a=candidate lines.`);
  }
  return lines.map(readCandidate).filter((candidate) => candidate !== null);
}

/**
 * The first a=candidate line of several none of which has the form of RFC 8839 5.1; null when there
 * is none or one can be read, be it of use or not.
 */
export function unreadableCandidate(attributes: readonly Attribute[]): string | null {
  const lines = allValues(attributes, "candidate");
  return lines.some(isReadable) ? null : (lines[0] ?? null);
}

function isReadable(value: string): boolean {
  const [, component = "", , , address, port = ""] = words(value);
  return address !== undefined && decimal(component, 256) !== null && decimal(port, 65535) !== null;
}

/** <foundation> <component> <transport> <priority> <address> <port> typ ... (RFC 8839 5.1). */
function readCandidate(value: string): RemoteCandidate | null {
  const [, component, transport, , address, portText] = words(value);
  if (address === undefined || portText === undefined) return null;
  // Component 2 is RTCP without mux; the Eyevinn SDK numbers its only one 0.
  if (component !== "1" && component !== "0") return null;
  if (transport?.toLowerCase() !== "udp") return null;
  const port = decimal(portText, 65535);
  const family = familyOf(address);
  if (port === null || port === 0 || family === null) return null;
  return { address, port, family };
}

/** Whether `address` is a literal that one can send to; names are never resolved. */
function familyOf(address: string): 4 | 6 | null {
  if (isIpv4(address)) return address === "0.0.0.0" ? null : 4;
  return isIpv6(address) ? 6 : null;
}

function isIpv4(address: string): boolean {
  const parts = address.split(".", 5);
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255);
}

/** RFC 4291 2.2, with one "::" at most and perhaps an IPv4 tail; no zone, not "::" itself. */
function isIpv6(address: string): boolean {
  if (address.length > 45 || !address.includes(":") || address === "::") return false;
  const halves = address.split("::");
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
  let count = groups.length;
  const last = groups[count - 1];
  if (last?.includes(".")) {
    if (!isIpv4(last)) return false;
    groups.pop();
    count += 1; // Four bytes are two groups.
  }
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return false;
  return halves.length === 2 ? count < 8 : count === 8;
}
