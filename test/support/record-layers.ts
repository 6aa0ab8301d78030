/**
 * Records what Chromium says of the layers it sends, twice: the header extensions and payload
 * beginnings as a peer receives them, and the dependencies that its own encoded frames report.
 *
 *   bun test/support/record-layers.ts <codec> <scalability mode> <frames> > test/vectors/layers/….json
 */
import { chromium } from "playwright-core";
import { RTCPeerConnection, RTCRtpCodecParameters, RTCRtpHeaderExtensionParameters } from "werift";
import { EXTENSION_URIS } from "../../src/wire/extensions.ts";

const URI = EXTENSION_URIS.dependencyDescriptor;
const HEAD_BYTES = 24;
const PACKETS_MAX = 150;

const [codec = "AV1", mode = "L3T3_KEY", frames = "80"] = process.argv.slice(2);

interface Packet {
  readonly sequence: number;
  readonly timestamp: number;
  readonly marker: boolean;
  /** Hex; empty when the packet has none. */
  readonly descriptor: string;
  /** Hex of the first bytes of the payload. */
  readonly head: string;
}

const peer = new RTCPeerConnection({
  codecs: {
    video: [
      new RTCRtpCodecParameters({
        mimeType: `video/${codec}`,
        clockRate: 90_000,
        rtcpFeedback: [{ type: "nack", parameter: "pli" }, { type: "transport-cc" }],
        ...(codec === "VP9" ? { parameters: "profile-id=0" } : {}),
      }),
    ],
  },
  headerExtensions: { video: [new RTCRtpHeaderExtensionParameters({ uri: URI })] },
});

const packets: Packet[] = [];
let extensionId = 0;
peer.onTrack.subscribe((track) => {
  track.onReceiveRtp.subscribe((rtp) => {
    const element = rtp.header.extensions.find((extension) => extension.id === extensionId);
    packets.push({
      sequence: rtp.header.sequenceNumber,
      timestamp: rtp.header.timestamp,
      marker: rtp.header.marker,
      descriptor: element === undefined ? "" : Buffer.from(element.payload).toString("hex"),
      head: Buffer.from(rtp.payload.subarray(0, HEAD_BYTES)).toString("hex"),
    });
  });
});

const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
});
const page = await browser.newPage();
await page.goto("about:blank");

/** Runs in the page: draws, encodes, and notes each frame's metadata. */
const PUBLISH = `async (codec, mode) => {
  const canvas = document.createElement("canvas");
  canvas.width = 960;
  canvas.height = 540;
  document.body.append(canvas);
  const context = canvas.getContext("2d");
  let count = 0;
  setInterval(() => {
    count += 1;
    context.fillStyle = "hsl(" + (count % 360) + " 80% 50%)";
    context.fillRect(0, 0, 960, 540);
    context.fillStyle = "white";
    context.fillRect((count * 7) % 900, (count * 3) % 500, 40, 40);
  }, 33);
  const connection = new RTCPeerConnection({ encodedInsertableStreams: true });
  const track = canvas.captureStream(30).getVideoTracks()[0];
  const transceiver = connection.addTransceiver(track, {
    direction: "sendonly",
    sendEncodings: [{ scalabilityMode: mode, maxBitrate: 3_000_000 }],
  });
  const wanted = RTCRtpSender.getCapabilities("video").codecs.filter(
    (one) =>
      one.mimeType === "video/" + codec &&
      (codec !== "VP9" || (one.sdpFmtpLine ?? "").includes("profile-id=0")),
  );
  transceiver.setCodecPreferences(wanted.slice(0, 1));
  const frames = [];
  const { readable, writable } = transceiver.sender.createEncodedStreams();
  const watch = new TransformStream({
    transform(frame, controller) {
      const { frameId, dependencies, spatialIndex, temporalIndex, rtpTimestamp, width, height } =
        frame.getMetadata();
      const layer = { frameId, dependencies, spatialIndex, temporalIndex };
      frames.push({ ...layer, rtpTimestamp, width, height, key: frame.type === "key" });
      controller.enqueue(frame);
    },
  });
  void readable.pipeThrough(watch).pipeTo(writable);
  Object.assign(window, { connection, frames });
  await connection.setLocalDescription(await connection.createOffer());
  await new Promise((done) => {
    if (connection.iceGatheringState === "complete") done();
    connection.onicegatheringstatechange = () => {
      if (connection.iceGatheringState === "complete") done();
    };
  });
  return connection.localDescription.sdp;
}`;
const offer: string = await page.evaluate(`(${PUBLISH})("${codec}", "${mode}")`);

await peer.setRemoteDescription({ type: "offer", sdp: offer });
await peer.setLocalDescription(await peer.createAnswer());
const answer = peer.localDescription!.sdp;
extensionId = Number(/a=extmap:(\d+)[^\n]*dependency-descriptor/.exec(answer)?.[1] ?? 0);
await page.evaluate(
  `connection.setRemoteDescription({ type: "answer", sdp: ${JSON.stringify(answer)} })`,
);

// The page counts; waiting is bounded, and what came by then is what is recorded.
const deadline = performance.now() + 20_000;
while (performance.now() < deadline) {
  const seen: number = await page.evaluate("frames.length");
  if (seen >= Number(frames)) break;
  await Bun.sleep(100);
}
const encoded: { rtpTimestamp: number }[] = await page.evaluate("frames");
const version = browser.version();
await browser.close();
await peer.close();
const lines = (all: readonly unknown[]) => all.map((one) => JSON.stringify(one)).join(",\n");
const kept = packets.slice(0, PACKETS_MAX);
const times = new Set(kept.map((packet) => packet.timestamp));
const told = encoded.filter((frame) => times.has(frame.rtpTimestamp));
console.log(`{"version":${JSON.stringify(version)},"codec":"${codec}","mode":"${mode}",`);
console.log(`"packets":[\n${lines(kept)}\n],"frames":[\n${lines(told)}\n]}`);
process.exit(0);
