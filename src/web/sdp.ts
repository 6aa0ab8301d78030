/**
 * The few things a WHIP or WHEP client does to SDP by hand. Line ends are CRLF in and out.
 */

/** Asks for stereo Opus: without `stereo=1` in the offer a browser plays the mono mix. */
export function withStereoOpus(sdp: string): string {
  const payloadTypes = new Set<string>();
  for (const match of sdp.matchAll(/^a=rtpmap:(\d+) opus\/48000\/2\r?$/gim)) {
    payloadTypes.add(match[1] ?? "");
  }
  return sdp.replace(/^a=fmtp:(\d+) ([^\r\n]*)/gm, (line, payloadType: string, list: string) => {
    if (!payloadTypes.has(payloadType) || /(^|;)\s*stereo=/.test(list)) return line;
    return `a=fmtp:${payloadType} ${list};stereo=1`;
  });
}

/**
 * Lets Chromium begin at a bitrate (bits per second) instead of its 300 kb/s: it would start with a
 * small picture and take tens of seconds to enlarge it. Other browsers ignore the parameter.
 */
export function withStartBitrate(sdp: string, bitrate: number): string {
  const [session = "", ...sections] = sdp.split(/(?=^m=)/m);
  const parameter = `x-google-start-bitrate=${Math.round(bitrate / 1000)}`;
  return session + sections.map((section) => startingAt(section, parameter)).join("");
}

function startingAt(section: string, parameter: string): string {
  if (!section.startsWith("m=video")) return section;
  let out = section;
  for (const match of section.matchAll(/^a=rtpmap:(\d+) (?!rtx\/)[^\r\n]*\r\n/gim)) {
    const fmtp = new RegExp(`^a=fmtp:${match[1]} [^\\r\\n]*`, "m");
    out = fmtp.test(out)
      ? out.replace(fmtp, (line) => `${line};${parameter}`)
      : out.replace(match[0], `${match[0]}a=fmtp:${match[1]} ${parameter}\r\n`);
  }
  return out;
}

/** What a trickle fragment is made of. */
export interface Fragment {
  readonly ufrag: string;
  readonly pwd: string;
  /** The bundled section the candidates belong to: "audio" or "video", and its mid. */
  readonly kind: string;
  readonly mid: string;
}

/** ICE credentials and first m-section of a local description, or null when there are none. */
export function fragmentOf(sdp: string): Fragment | null {
  const ufrag = /^a=ice-ufrag:(\S+)/m.exec(sdp)?.[1];
  const pwd = /^a=ice-pwd:(\S+)/m.exec(sdp)?.[1];
  const kind = /^m=(\w+)/m.exec(sdp)?.[1];
  const mid = /^a=mid:(\S+)/m.exec(sdp)?.[1];
  if (!ufrag || !pwd || !kind || !mid) return null;
  return { ufrag, pwd, kind, mid };
}

/**
 * An application/trickle-ice-sdpfrag body (RFC 8840 section 9, RFC 9725 section 4.3.2).
 *
 * @param candidates `candidate:…` values as RTCIceCandidate.candidate has them
 * @param complete adds a=end-of-candidates
 */
export function writeFragment(
  fragment: Fragment,
  candidates: readonly string[],
  complete: boolean,
): string {
  const lines = [
    `a=ice-ufrag:${fragment.ufrag}`,
    `a=ice-pwd:${fragment.pwd}`,
    `m=${fragment.kind} 9 UDP/TLS/RTP/SAVPF 0`,
    `a=mid:${fragment.mid}`,
    ...candidates.map((candidate) => `a=${candidate}`),
  ];
  if (complete) lines.push("a=end-of-candidates");
  return `${lines.join("\r\n")}\r\n`;
}
