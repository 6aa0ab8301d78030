/** C3: clients whose NAT gives them another port in the middle of a session. */
import { afterAll, beforeAll, expect } from "bun:test";
import {
  MediaStreamTrack,
  RTCPeerConnection,
  RTCRtpCodecParameters,
  RtpHeader,
  RtpPacket,
} from "werift";
import { SETUP_MS, startServer, type TestServer } from "../support/server.ts";
import { told } from "../support/server-log.ts";
import { inTime, timed } from "../support/timed.ts";
import { candidatePort, throughRelay, UdpRelay } from "../support/udp-relay.ts";
import { until } from "../support/until.ts";

/** From the first authentic datagram at the new port. */
const MOVED_MS = 2_000;
/** werift asks for consent each 5 s, times 0.8 to 1.2 at random, and reports more often. */
const HEARD_MS = 7_000;
const VP8 = new RTCRtpCodecParameters({
  mimeType: "video/VP8",
  clockRate: 90_000,
  payloadType: 96,
  rtcpFeedback: [{ type: "nack" }, { type: "nack", parameter: "pli" }],
});

let server: TestServer;
let attempts = 0;
const opened: { close(): void | Promise<void> }[] = [];

beforeAll(async () => {
  server = await startServer("serve");
}, SETUP_MS);

afterAll(async () => {
  for (const each of opened.reverse()) await each.close();
  await server?.stop();
});

function peer(): RTCPeerConnection {
  const connection = new RTCPeerConnection({
    codecs: { video: [VP8], audio: [] },
    iceServers: [],
    iceAdditionalHostAddresses: ["127.0.0.1"],
    iceUseIpv6: false,
  });
  opened.push({ close: () => connection.close() });
  return connection;
}

async function join(connection: RTCPeerConnection, path: string): Promise<UdpRelay> {
  await connection.setLocalDescription(await connection.createOffer());
  const response = await fetch(server.base + path, {
    method: "POST",
    headers: { "Content-Type": "application/sdp" },
    body: connection.localDescription!.sdp,
  });
  const answer = await response.text();
  expect(response.status, answer).toBe(201);
  const serverPort = candidatePort(answer);
  const relay = await UdpRelay.open({ seed: 1, loss: 0, delayMs: 5, jitterMs: 0, serverPort });
  opened.push(relay);
  // Toward a lite agent werift nominates with each consent check. Pion, libdatachannel and aiortc
  // nominate once (RFC 8445 8.1.1), as werift does where it knows nothing of ice-lite.
  const sdp = throughRelay(answer, relay.port).replace("a=ice-lite\r\n", "");
  await connection.setRemoteDescription({ type: "answer", sdp });
  await until(`${path} connects`, 10_000, () => connection.connectionState === "connected");
  return relay;
}

/** A publisher whose picture is of one packet, 30 a second; a keyframe each 3 s. */
async function publish(name: string) {
  const connection = peer();
  const track = new MediaStreamTrack({ kind: "video" });
  const { sender } = connection.addTransceiver(track, { direction: "sendonly" });
  const relay = await join(connection, `/whip/${name}`);
  let frame = 0;
  const timer = setInterval(() => {
    const payload = Buffer.alloc(300, 0x5a);
    const key = frame % 90 === 0;
    payload[0] = 0x10;
    payload[1] = key ? 0 : 1;
    if (key) payload.set([0, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01], 1);
    const header = new RtpHeader({
      payloadType: 96,
      sequenceNumber: (1000 + frame) & 0xffff,
      timestamp: frame * 3000,
      marker: true,
    });
    track.writeRtp(new RtpPacket(header, payload));
    frame += 1;
  }, 33);
  opened.push({ close: () => clearInterval(timer) });
  return { relay, sender };
}

/** The addresses of the sessions as the API tells them. */
async function paths(): Promise<string[]> {
  const { sessions } = (await server.api("/sessions")) as { sessions: { path: string }[] };
  return sessions.map(({ path }) => path);
}

timed(
  "C3: a client that nominates once: a viewer's media and a publisher's reports follow it",
  async () => {
    attempts += 1;
    const name = `moved-${attempts}`;
    const publisher = await publish(name);
    const connection = peer();
    const { receiver } = connection.addTransceiver("video", { direction: "recvonly" });
    let arrived = 0;
    let ssrc = 0;
    connection.onTrack.subscribe((track) => {
      track.onReceiveRtp.subscribe(({ header }) => {
        arrived += 1;
        ssrc = header.ssrc;
      });
    });
    const downlink = await join(connection, `/whep/${name}`);
    // Long enough that it has reported once: by that SSRC its reports are known later.
    await until("media comes", 10_000, () => arrived > 100);

    await downlink.rebind();
    await until("it is heard from its new port", HEARD_MS, () => downlink.since.heardAt > 0);
    await until("media follows", 10_000, () => downlink.since.rtpAt > 0);
    inTime(() => {
      expect(downlink.since.rtpAt - downlink.since.heardAt).toBeLessThanOrEqual(MOVED_MS);
    });
    const before = arrived;
    await until("and goes on", 5_000, () => arrived > before + 60);
    expect(await paths()).toContain(`127.0.0.1:${downlink.publicPort}`);

    await publisher.relay.rebind();
    const { since } = publisher.relay;
    await until("it is heard from its new port", HEARD_MS, () => since.heardAt > 0);
    await until("reports follow", 10_000, () => since.rtcpAt > 0);
    inTime(() => expect(since.rtcpAt - since.heardAt).toBeLessThanOrEqual(MOVED_MS));
    let asked = 0;
    publisher.sender.onPictureLossIndication.subscribe(() => {
      asked += 1;
    });
    await receiver.sendRtcpPLI(ssrc);
    await until("a viewer's keyframe request reaches it", 5_000, () => asked > 0);
    expect(await paths()).toContain(`127.0.0.1:${publisher.relay.publicPort}`);
    await told(server, "Session moved");
  },
  60_000,
);
