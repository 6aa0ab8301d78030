/**
 * RTP header extensions that we know (RFC 8285). The number is the fixed internal id: ring slots
 * store elements under it, and egress maps it to the id of each viewer. Only append to this list.
 */
export const Extension = {
  absCaptureTime: 1,
  audioLevel: 2,
  videoOrientation: 3,
  colorSpace: 4,
  dependencyDescriptor: 5,
  videoContentType: 6,
  playoutDelay: 7,
  // Below: per hop, never stored in a ring.
  transportCc: 8,
  absSendTime: 9,
  mid: 10,
  rid: 11,
  repairedRid: 12,
} as const;
export type ExtensionName = keyof typeof Extension;
/** One more than the highest internal id: the length of a table indexed by internal id. */
export const EXTENSION_TABLE_LENGTH = 13;
/** Elements with an internal id up to this one travel through rings. */
export const EXTENSION_STORED_MAX = 7;

export const EXTENSION_URIS: Readonly<Record<ExtensionName, string>> = {
  absCaptureTime: "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time",
  audioLevel: "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
  videoOrientation: "urn:3gpp:video-orientation",
  colorSpace: "http://www.webrtc.org/experiments/rtp-hdrext/color-space",
  dependencyDescriptor:
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension",
  videoContentType: "http://www.webrtc.org/experiments/rtp-hdrext/video-content-type",
  playoutDelay: "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
  transportCc: "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
  absSendTime: "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
  mid: "urn:ietf:params:rtp-hdrext:sdes:mid",
  rid: "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
  repairedRid: "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
};
