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
