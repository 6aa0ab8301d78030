/** werift as a WHIP publisher of what comes by RTP on two ports, or as a WHEP viewer. */
import { MediaStreamTrack, RTCPeerConnection, RTCRtpCodecParameters, RtpPacket } from "werift";
import { join, leave, Received, readOrder, receive, tell } from "./client.ts";

const feedback = [{ type: "nack" }, { type: "nack", parameter: "pli" }, { type: "transport-cc" }];
const VP8 = new RTCRtpCodecParameters({
  mimeType: "video/VP8",
  clockRate: 90_000,
  rtcpFeedback: feedback,
});
const RTX = new RTCRtpCodecParameters({ mimeType: "video/rtx", clockRate: 90_000 });
const OPUS = new RTCRtpCodecParameters({ mimeType: "audio/opus", clockRate: 48_000, channels: 2 });

const order = readOrder();
const connection = new RTCPeerConnection({
  codecs: { video: [VP8, RTX], audio: [OPUS] },
  iceServers: [],
  iceUseIpv6: false,
});
connection.connectionStateChange.subscribe((state) => {
  if (state === "connected") tell("connected");
});
const received = order.role === "view" ? new Received() : null;
for (const kind of ["video", "audio"] as const) {
  if (received !== null) {
    connection.addTransceiver(kind, { direction: "recvonly" });
    continue;
  }
  const track = new MediaStreamTrack({ kind });
  connection.addTransceiver(track, { direction: "sendonly" });
  const port = kind === "video" ? order.videoPort : order.audioPort;
  receive(port, (bytes) => {
    if (connection.connectionState === "connected") track.writeRtp(RtpPacket.deSerialize(bytes));
  });
}
connection.onTrack.subscribe((track) => {
  const kind = track.kind === "video" ? "video" : "audio";
  track.onReceiveRtp.subscribe(({ header }) => {
    received?.note(kind, header.sequenceNumber, header.marker);
  });
});
await connection.setLocalDescription(await connection.createOffer());
const { answer, session } = await join(order.url, connection.localDescription!.sdp);
await connection.setRemoteDescription({ type: "answer", sdp: answer });
await Bun.sleep(order.seconds * 1000);
await leave(session, received);
await connection.close();
process.exit(0);
