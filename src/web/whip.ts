/** The publishing end (RFC 9725): one video track, one audio track, one session kept alive. */

import { shortName } from "./abilities.ts";
import { Connection } from "./connection.ts";
import { codecsFor, encodingsOf, fitting } from "./layering.ts";
import { withStartBitrate } from "./sdp.ts";

/** Of the upper limit: room for the estimate to be lower on a real uplink. */
const START_SHARE = 0.6;

export interface WhipOptions {
  readonly endpoint: string;
  readonly token: string | null;
  readonly video: MediaStreamTrack | null;
  readonly audio: MediaStreamTrack | null;
  /** "h264", "vp8", …; null leaves the choice to browser and server. */
  readonly codec: string | null;
  /** Id of a Layering. */
  readonly layering: string;
  /** Upper limit of the video in bits per second; null for the browser's own. */
  readonly maxBitrate: number | null;
}

/** A stopped connection that publishes once start() is called. */
export function publishConnection(options: WhipOptions): Connection {
  return new Connection({
    endpoint: options.endpoint,
    token: options.token,
    conflictWaits: false,
    mungeAnswer: (sdp) => withStartBitrate(sdp, (options.maxBitrate ?? 1_500_000) * START_SHARE),
    prepare: (pc) => {
      const stream = new MediaStream();
      if (options.audio)
        pc.addTransceiver(options.audio, { direction: "sendonly", streams: [stream] });
      if (options.video) addVideo(pc, options.video, stream, options);
    },
  });
}

function addVideo(
  pc: RTCPeerConnection,
  track: MediaStreamTrack,
  stream: MediaStream,
  options: WhipOptions,
): void {
  const { width, height } = track.getSettings();
  // Not every browser tells the size of a track that has brought no picture yet.
  const layering =
    width && height ? fitting(options.layering, { width, height }) : options.layering;
  const transceiver = pc.addTransceiver(track, {
    direction: "sendonly",
    streams: [stream],
    sendEncodings: encodingsOf(layering, options.maxBitrate),
  });
  const names = options.codec === null ? codecsFor(layering) : [options.codec];
  if (names === null) return;
  const listed = RTCRtpSender.getCapabilities("video")?.codecs ?? [];
  // RTX stays in the list, otherwise lost packets could not be sent again.
  const wanted = listed.filter((codec) => [...names, "rtx"].includes(shortName(codec.mimeType)));
  if (wanted.some((codec) => shortName(codec.mimeType) !== "rtx")) {
    transceiver.setCodecPreferences(wanted);
  }
}
