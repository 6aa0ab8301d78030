/**
 * Whole sessions in the manner of real clients (references/whip-whep.md section 4): the offer has
 * their shape, and what is sent afterwards has their habits.
 */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { offerText } from "../sdp/support.ts";
import { SETUP_MS, startServer, type TestServer } from "../support/server.ts";
import { until } from "../support/until.ts";
import { Actor, type Arrival, type Style } from "./actor.ts";
import { HIGH_SPS } from "./media-source.ts";

const FFMPEG: Style = {
  sparseChecks: true,
  silentAfterSetup: true,
  profiles: "SRTP_AES128_CM_SHA1_80",
};
/** MID and RID ids that libdatachannel writes whatever the answer says. */
const OBS_EXTENSIONS = { 1: "MID", 2: "0" };

setDefaultTimeout(20_000);

let server: TestServer;
const actors: Actor[] = [];
let streams = 0;

beforeAll(async () => {
  server = await startServer("serve");
}, SETUP_MS);
afterEach(() => {
  for (const actor of actors.splice(0)) actor.vanish();
});
afterAll(() => server?.stop());

function freshName(): string {
  streams += 1;
  return `quirk/${streams}`;
}

async function post(kind: "whip" | "whep", name: string, offer: string, style: Style = {}) {
  const actor = await Actor.post(`${server.base}/${kind}/${name}`, offer, style);
  actors.push(actor);
  return actor;
}

const publish = async (name: string, offer: string, style?: Style) =>
  (await post("whip", name, offer, style)).connected();
const watch = async (name: string, offer: string, style?: Style) =>
  (await post("whep", name, offer, style)).connected();

const without = (sdp: string, pattern: RegExp) => sdp.replaceAll(pattern, "");
const CHROME_WATCH = offerText("chrome-watch");
const CHROME_PUBLISH = offerText("chrome-publish");

/** Media of both kinds comes, without a hole. */
async function expectMedia(viewer: Actor, count = 40): Promise<readonly Arrival[]> {
  const arrivals = await viewer.receives(count);
  const sources = new Set(arrivals.map(({ ssrc }) => ssrc));
  expect(sources.size).toBe(viewer.answer.media.length);
  for (const ssrc of sources) {
    const indices = arrivals.filter((one) => one.ssrc === ssrc).map(({ index }) => index);
    expect(Math.max(...indices) - Math.min(...indices) + 1).toBe(indices.length);
  }
  return arrivals;
}

test("Q-F1 Q-F4 Q-F5 Q-F6 Q-F7 FFmpeg: DTLS server, bare checks, CM80, silence, no extensions", async () => {
  const name = freshName();
  const publisher = await publish(name, offerText("ffmpeg"), FFMPEG);
  expect(publisher.answerText).toContain("a=setup:active");
  expect(publisher.peer.setup.dtlsRole).toBe("server");
  expect(publisher.peer.srtpProfile).toBe("AES128_CM_HMAC_SHA1_80");
  expect(publisher.answerText).not.toContain("a=extmap:");
  expect(publisher.answerText.length).toBeLessThan(8192);
  // Its first candidate is the one that FFmpeg takes.
  expect(publisher.answer.peer.candidates[0]!.family).toBe(4);
  const viewer = await watch(name, CHROME_WATCH);
  await expectMedia(viewer);
});

test("Q-F2 Q-F3 FFmpeg with one m-line and a dangling mid in its bundle", async () => {
  const name = freshName();
  const offer = offerText("ffmpeg-video-only");
  expect(offer).toMatch(/a=group:BUNDLE 0 1/);
  await publish(name, offer, FFMPEG);
  const viewer = await watch(name, CHROME_WATCH);
  await viewer.receives(20);
});

test("Q-F1 W54 FFmpeg with dtls_active is the DTLS client", async () => {
  const name = freshName();
  const publisher = await publish(name, offerText("ffmpeg-active"), FFMPEG);
  expect(publisher.answerText).toContain("a=setup:passive");
  await expectMedia(await watch(name, CHROME_WATCH));
});

test("Q-O1 Q-O6 OBS: zero candidates; MID and RID written though not negotiated are not passed on", async () => {
  const name = freshName();
  const offer = without(offerText("obs"), /^a=(extmap|ssrc):.*\r?\n/gm);
  const publisher = await post("whip", name, offer);
  publisher.media.extensions = OBS_EXTENSIONS;
  await publisher.connected();
  const viewer = await watch(name, without(CHROME_WATCH, /^a=extmap:.*\r?\n/gm));
  for (const { extensions } of await expectMedia(viewer)) expect(extensions).toHaveLength(0);
});

test("Q-O2 OBS: DELETE after its close_notify is 200, once", async () => {
  const publisher = await publish(freshName(), offerText("obs"));
  publisher.close();
  await until("the session is gone", 1_000, async () => {
    const response = await fetch(publisher.location);
    await response.text();
    return response.status === 404;
  });
  expect((await publisher.delete()).status).toBe(200);
  expect((await publisher.delete()).status).toBe(404);
});

test("Q-O7 OBS: a High profile SPS under an offer of 42e01f is forwarded as it is", async () => {
  const name = freshName();
  await publish(name, offerText("obs"));
  const viewer = await watch(name, CHROME_WATCH);
  await expectMedia(viewer);
  const sps = Buffer.from(HIGH_SPS, "hex");
  expect(viewer.arrivals.some(({ payload }) => Buffer.from(payload).includes(sps))).toBe(true);
});

test("Q-O9 OBS: a publisher deaf to PLI; a late viewer starts from the cached keyframe", async () => {
  const name = freshName();
  const publisher = await post("whip", name, offerText("obs"));
  publisher.media.oneKeyframe = true;
  await publisher.connected();
  await until("a GOP has begun", 3_000, () => publisher.media.frames > 60);
  const viewer = await watch(name, CHROME_WATCH);
  const video = viewer.answer.media.find(({ kind }) => kind === "video")!.formats[0]!;
  await viewer.receives(40);
  // STAP-A with the parameter sets: the keyframe is where the viewer's picture begins.
  const pictures = [...viewer.of(video.payloadType)].sort((a, b) => a.index - b.index);
  expect(pictures[0]!.payload[0]! & 0x1f).toBe(24);
  expect(publisher.media.plis).toBeLessThan(5);
});

test("Q-G1 Q-G4 GStreamer: opaque mids, OPUS, a section with port 0 and bundle-only", async () => {
  const name = freshName();
  const publisher = await publish(name, offerText("gstreamer-whip"));
  expect(publisher.answer.media.map(({ mid }) => mid)).toEqual(["video0", "audio1"]);
  const player = await watch(name, offerText("gstreamer-whep"));
  await player.receives(20);
});

test("Q-M2 MediaMTX reader.js: data channel, star without restart, no token on PATCH and DELETE", async () => {
  const name = freshName();
  await publish(name, CHROME_PUBLISH);
  const reader = await watch(name, offerText("mediamtx-reader"));
  expect(reader.answerText).toContain("m=application 0 ");
  const checks = reader.answer.peer;
  const candidate = "a=candidate:1 1 udp 1 198.51.100.4 5000 typ host ufrag x";
  expect((await reader.patch(reader.fragment([candidate]), "*")).status).toBe(204);
  await expectMedia(reader);
  // Still the first credentials: a restart would have changed them.
  expect(await reader.probe()).toBe(true);
  expect(reader.answer.peer).toBe(checks);
  expect((await reader.delete()).status).toBe(200);
});

test("Q-C1 MediaMTX Go client: OPTIONS, single-candidate PATCHes, video and audio only", async () => {
  const name = freshName();
  const options = await fetch(`${server.base}/whip/${name}`, { method: "OPTIONS" });
  expect(options.status).toBe(200);
  expect(options.headers.get("Access-Control-Allow-Methods")).toContain("PATCH");
  const publisher = await post("whip", name, offerText("mediamtx-go-publish"));
  expect(publisher.headers.get("Content-Type")).toBe("application/sdp");
  expect(publisher.etag).not.toBe("");
  for (let i = 1; i < 4; i += 1) {
    const line = `a=candidate:${i} 1 udp 1 198.51.100.${i} 5000 typ host`;
    expect((await publisher.patch(publisher.fragment([line]), publisher.etag)).status).toBe(204);
  }
  await publisher.connected();
  const reader = await watch(name, offerText("mediamtx-go-watch"));
  expect(reader.answerText.match(/^m=(?!audio|video)/gm)).toBeNull();
  await expectMedia(reader);
  expect((await reader.delete()).status).toBe(200);
});

test("Q-C4 medooze: PATCH without If-Match is 428 and the session lives", async () => {
  const name = freshName();
  await publish(name, CHROME_PUBLISH);
  const player = await watch(name, offerText("medooze-watch"));
  expect((await player.patch(player.fragment(["a=end-of-candidates"]), null)).status).toBe(428);
  await expectMedia(player);
  expect(player.peer.state).toBe("connected");
});

test("Q-C5 Eyevinn SDK: sendrecv, Bearer undefined, ETag for If-Match; it lives without trickle", async () => {
  const name = freshName();
  const style = { headers: { Authorization: "Bearer undefined" } };
  const offer = offerText("eyevinn-publish").replaceAll("a=sendonly", "a=sendrecv");
  const publisher = await publish(name, offer, style);
  const headers = { "Content-Type": "application/trickle-ice-sdpfrag", ETag: publisher.etag };
  const body = publisher.fragment(["a=candidate:1 0 udp 1 null 9 typ host"]);
  const patched = await fetch(publisher.location, { method: "PATCH", headers, body });
  expect(patched.status).toBe(428);
  await expectMedia(await watch(name, CHROME_WATCH));
  expect((await publisher.delete()).status).toBe(200);
});

test("Q-C6 Eyevinn player: video first, the bundle's transport is the video's", async () => {
  const name = freshName();
  await publish(name, CHROME_PUBLISH);
  const player = await watch(name, offerText("eyevinn-player"));
  expect(player.answer.media.map(({ kind }) => kind)).toEqual(["video", "audio"]);
  await expectMedia(player);
});

test("Q-C7 simple-whip-client: RTP/AVP fragments, If-Match on DELETE", async () => {
  const publisher = await publish(freshName(), offerText("simple-whip-client"));
  const lines = ["a=candidate:1 1 udp 1 198.51.100.4 5000 typ host", "a=end-of-candidates"];
  expect((await publisher.patch(publisher.fragment(lines), publisher.etag)).status).toBe(204);
  expect((await publisher.delete({ "If-Match": publisher.etag })).status).toBe(200);
});

test("Q-C8 broadcast-box: data channel in the offer, events by GET on the advertised URL", async () => {
  const name = freshName();
  const publisher = await publish(name, CHROME_PUBLISH);
  const player = await watch(name, offerText("mediamtx-reader"));
  const link = /<([^>]+)>; rel="urn:ietf:params:whep:ext:core:server-sent-events"/;
  const events = link.exec(player.headers.get("Link") ?? "")?.[1] ?? "";
  const response = await fetch(new URL(events, server.base));
  expect(response.headers.get("Content-Type")).toBe("text/event-stream");
  await publisher.delete();
  let text = "";
  for await (const part of response.body!.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (text.includes("event: inactive")) break;
  }
  expect(text).toContain("event: active\ndata: {}\n\n");
});

test("Q-B2 Q-B5 Q-B11 browsers: mDNS candidates are dropped, DTLS client is the browser", async () => {
  for (const browser of ["chrome", "firefox", "safari"]) {
    const name = freshName();
    const host =
      "a=candidate:1 1 udp 2113937151 0f3c6a52-8a3a-4d52-9a1e-6a4cb28a1a11.local 5000 typ host";
    const offer = offerText(`${browser}-publish`).replace(/^a=mid:(0|audio.*)$/m, `$&\r\n${host}`);
    expect(offer).toContain(".local");
    const publisher = await publish(name, offer);
    expect(publisher.peer.setup.dtlsRole).toBe("client");
    const player = await watch(name, offerText(`${browser}-watch`));
    for (const section of player.answerText.split(/^m=/m).slice(1)) {
      expect(section.match(/^a=msid:/gm)?.length).toBe(1);
    }
    await expectMedia(player);
  }
});
