/**
 * libdatachannel, by its package for Node, as a WHIP publisher of what comes by RTP on two ports, or
 * as a WHEP viewer. The package is none of this repository: NODE_DATACHANNEL names its folder.
 */
import { join, leave, Received, readOrder, receive, tell } from "./client.ts";

/** The little of the package's interface that is used here. */
interface Media {
  addVP8Codec(payloadType: number): void;
  addOpusCodec(payloadType: number): void;
  addRTXCodec(payloadType: number, original: number, clockRate: number): void;
  addSSRC(ssrc: number, name: string, stream: string, track: string): void;
}
interface Track {
  onMessage(heard: (bytes: Buffer) => void): void;
  isOpen(): boolean;
  sendMessageBinary(bytes: Buffer): boolean;
  setMediaHandler(handler: object): void;
  requestKeyframe(): boolean;
}
interface Connection {
  addTrack(media: Media): Track;
  setLocalDescription(): void;
  setRemoteDescription(sdp: string, type: string): void;
  localDescription(): { sdp: string };
  onGatheringStateChange(heard: (state: string) => void): void;
  onStateChange(heard: (state: string) => void): void;
  close(): void;
}
interface Library {
  PeerConnection: new (name: string, options: object) => Connection;
  Video: new (mid: string, direction: string) => Media;
  Audio: new (mid: string, direction: string) => Media;
  RtcpReceivingSession: new () => object;
  RtcpNackResponder: new () => object;
}

const VIDEO = { payloadType: 96, ssrc: 1001 };
const AUDIO = { payloadType: 111, ssrc: 1002 };

const library = (await import(`${process.env.NODE_DATACHANNEL}/dist/esm/lib/index.mjs`)) as Library;
const order = readOrder();
const publishes = order.role === "publish";
const connection = new library.PeerConnection("spillway", { iceServers: [] });
const direction = publishes ? "SendOnly" : "RecvOnly";
const received = publishes ? null : new Received();

const video = new library.Video("0", direction);
video.addVP8Codec(VIDEO.payloadType);
const audio = new library.Audio("1", direction);
audio.addOpusCodec(AUDIO.payloadType);
if (publishes) {
  video.addSSRC(VIDEO.ssrc, "spillway", "stream", "video");
  audio.addSSRC(AUDIO.ssrc, "spillway", "stream", "audio");
}
const tracks = { video: connection.addTrack(video), audio: connection.addTrack(audio) };
for (const kind of ["video", "audio"] as const) {
  const track = tracks[kind];
  if (publishes) {
    track.setMediaHandler(new library.RtcpNackResponder());
    receive(kind === "video" ? order.videoPort : order.audioPort, (bytes) => {
      if (!track.isOpen()) return;
      bytes.writeUInt32BE(kind === "video" ? VIDEO.ssrc : AUDIO.ssrc, 8);
      track.sendMessageBinary(bytes);
    });
  } else {
    track.setMediaHandler(new library.RtcpReceivingSession());
    track.onMessage((bytes) => {
      // RFC 5761 4: of one port, what has 64 to 95 in its second octet's lower bits is RTCP.
      const type = bytes[1]! & 0x7f;
      if (type < 64 || type > 95) received?.note(kind, bytes.readUInt16BE(2), bytes[1]! > 127);
    });
  }
}
connection.onStateChange((state) => {
  if (state === "connected") tell("connected");
});
const gathered = new Promise<void>((done) =>
  connection.onGatheringStateChange((state) => state === "complete" && done()),
);
connection.setLocalDescription();
await gathered;
const { answer, session } = await join(order.url, connection.localDescription().sdp);
connection.setRemoteDescription(answer, "answer");
await Bun.sleep(order.seconds * 1000);
await leave(session, received);
connection.close();
process.exit(0);
