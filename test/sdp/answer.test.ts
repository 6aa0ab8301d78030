import { describe, expect, test } from "bun:test";
import type { MediaSection } from "../../src/contract/session.ts";
import { CODEC_NAMES, type CodecName } from "../../src/wire/codecs.ts";
import { Extension } from "../../src/wire/extensions.ts";
import {
  attribute,
  expectStructure,
  fail,
  H264_LIVE,
  isViewer,
  OFFER_NAMES,
  offerText,
  parsed,
  publish,
  succeed,
  watch,
} from "./support.ts";

describe("W06 E03 every client's offer gets a JSEP answer", () => {
  test.each(OFFER_NAMES)("%s", (name) => {
    const text = offerText(name);
    const role = isViewer(name) ? "viewer" : "publisher";
    for (const simulcast of [false, true]) {
      const answer = succeed(role === "viewer" ? watch(text) : publish(text, simulcast));
      expectStructure(text, answer.sdp, role);
      expect(answer.media.length).toBe(name === "ffmpeg-video-only" ? 1 : 2);
      for (const section of answer.media) {
        expect(section.formats.length).toBeGreaterThan(0);
        expectRed(text, section);
      }
    }
    // LF ends and a missing last line end change nothing.
    const loose = text.replaceAll("\r\n", "\n").trimEnd();
    const same = succeed(role === "viewer" ? watch(loose) : publish(loose));
    expect(same.sdp).toBe(succeed(role === "viewer" ? watch(text) : publish(text)).sdp);
  });
});

/** Redundant audio is taken where it is offered, for Opus alone. */
function expectRed(offer: string, section: MediaSection): void {
  const offered = section.kind === "audio" ? /^a=rtpmap:(\d+) red\/48000/m.exec(offer) : null;
  const expected = offered === null ? null : Number(offered[1]);
  for (const { redPayloadType } of section.formats) expect(redPayloadType).toBe(expected);
}

test("RED comes behind Opus, unless the offerer prefers it", () => {
  const text = offerText("chrome-publish");
  const audioTypes = (offer: string) => /^m=audio .*$/m.exec(succeed(publish(offer)).sdp)![0];
  expect(audioTypes(text)).toMatch(/ 111 63$/);
  expect(audioTypes(text.replace(/^(m=audio \d+ \S+) 111 63 /m, "$1 63 111 "))).toMatch(/ 63 111$/);
  expect(succeed(publish(text)).sdp).toContain("a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n");
});

test("W06 non-numeric mids, video first and bundle order", () => {
  const gstreamer = succeed(publish(offerText("gstreamer-whip"))).sdp;
  expect(attribute(parsed(gstreamer), "group")).toEqual(["BUNDLE video0 audio1"]);
  const player = succeed(watch(offerText("eyevinn-player"), H264_LIVE));
  expect(player.media.map((section) => section.kind)).toEqual(["video", "audio"]);
});

test("W07 sendonly and sendrecv are answered recvonly", () => {
  for (const name of ["chrome-publish", "eyevinn-publish"]) {
    const answer = parsed(succeed(publish(offerText(name))).sdp);
    for (const section of answer.media) expect(attribute(section, "recvonly")).toEqual([""]);
  }
});

test("E08 recvonly and sendrecv are answered sendonly, others refused", () => {
  const text = offerText("chrome-watch");
  for (const direction of ["recvonly", "sendrecv"]) {
    const answer = parsed(succeed(watch(text.replaceAll("a=recvonly", `a=${direction}`))).sdp);
    for (const section of answer.media) expect(attribute(section, "sendonly")).toEqual([""]);
  }
  for (const direction of ["sendonly", "inactive"]) {
    fail(watch(text.replaceAll("a=recvonly", `a=${direction}`)), 422);
  }
});

test("W32 W45 all candidates, IPv4 first, complete, with ice-lite and trickle", () => {
  const answer = parsed(succeed(publish(offerText("chrome-publish"))).sdp);
  expect(attribute(answer, "ice-options")).toEqual(["trickle"]);
  expect(attribute(answer.media[0], "candidate").map((line) => line.split(" ")[4])).toEqual([
    "192.0.2.1",
    "2001:db8::7",
  ]);
  expect(attribute(answer.media[0], "end-of-candidates")).toEqual([""]);
});

test("W50 a bundle-only section with port 0 is live", () => {
  const answer = succeed(publish(offerText("simple-whip-client")));
  expect(answer.media.map((section) => section.kind)).toEqual(["audio", "video"]);
  expect(parsed(answer.sdp).media.every((section) => section.port === 9)).toBe(true);
});

test("W54 Q-F1 Q-B11 the DTLS role follows setup", () => {
  const roles = [
    ["chrome-publish", "server", "passive"],
    ["ffmpeg-active", "server", "passive"],
    ["ffmpeg", "client", "active"],
  ] as const;
  for (const [name, role, setup] of roles) {
    const answer = succeed(publish(offerText(name)));
    expect(answer.peer.dtlsRole).toBe(role);
    expect(attribute(parsed(answer.sdp).media[0], "setup")).toEqual([setup]);
  }
  const without = succeed(
    publish(offerText("chrome-publish").replaceAll("a=setup:actpass\r\n", "")),
  );
  expect(without.peer.dtlsRole).toBe("server");
});

test("W66 refused simulcast has neither line type, accepted has every layer", () => {
  const layers = { chrome: "h;m;l", firefox: "h;m;l", obs: "0;1;2" };
  for (const [client, list] of Object.entries(layers)) {
    const text = offerText(`${client}-simulcast`);
    const refused = succeed(publish(text, false));
    expect(refused.sdp).not.toMatch(/a=(rid|simulcast):/);
    expect(refused.media[1]?.rids).toEqual([]);
    expect(refused.media[1]?.ssrcs.length).toBeLessThanOrEqual(1);
    const accepted = succeed(publish(text, true));
    const section = parsed(accepted.sdp).media[1];
    expect(attribute(section, "simulcast")).toEqual([`recv ${list}`]); // Q-O8
    expect(attribute(section, "rid")).toEqual(list.split(";").map((rid) => `${rid} recv`));
    expect(accepted.media[1]?.rids).toEqual(list.split(";"));
    expect(accepted.media[1]?.extensionIds[Extension.rid]).toBeGreaterThan(0);
  }
  const offer = offerText("chrome-simulcast").replace(/a=extmap:10 .*\r\n/, "");
  expect(succeed(publish(offer, true)).sdp).not.toMatch(/a=(rid|simulcast):/);
});

test("Q-B6 the order of a=simulcast counts, paused and alternative rids are read", () => {
  const text = offerText("chrome-simulcast").replace("send h;m;l", "send l;~h,m");
  expect(succeed(publish(text, true)).media[1]?.rids).toEqual(["l", "h"]);
  const old = offerText("chrome-simulcast").replace(
    "simulcast:send h;m;l",
    "simulcast: send rid=h;l",
  );
  expect(succeed(publish(old, true)).media[1]?.rids).toEqual(["h", "l"]);
});

test("E09 the live codec comes first, with the offer's payload types", () => {
  for (const name of ["chrome-watch", "safari-watch", "firefox-watch", "mediamtx-reader"]) {
    const text = offerText(name);
    for (const codec of ["h264", "vp8", "vp9", "av1"] satisfies CodecName[]) {
      const answer = succeed(watch(text, { audio: null, video: { codec, fmtp: "" } }));
      const video = answer.media.find((section) => section.kind === "video");
      expect(video?.formats[0]?.codec).toBe(codec);
      expect(video?.formats[0]?.rtxPayloadType).toBeGreaterThan(0);
      // Everything else stays accepted, so that a publisher can come back different.
      const codecs = new Set(video?.formats.map((format) => format.codec));
      expect(codecs.size).toBe(name === "safari-watch" ? 5 : 4);
      expect(answer.media.some((section) => section.kind === "audio")).toBe(true);
    }
  }
});

test("E06 no common codec is 422 and names it", () => {
  const stream = { audio: null, video: { codec: "h265", fmtp: "profile-id=1" } } as const;
  expect(fail(watch(offerText("chrome-watch"), stream), 422).detail).toContain("H265");
  const firefox = fail(watch(offerText("firefox-watch-without-h264"), H264_LIVE), 422);
  expect(firefox.detail).toContain("H264");
  expect(firefox.detail).toContain("VP8");
});

test("E10 E41 extra sections are rejected by port 0 and leave the bundle", () => {
  const reader = offerText("mediamtx-reader");
  const answer = parsed(succeed(watch(reader, H264_LIVE)).sdp);
  expect(answer.media[2]?.port).toBe(0);
  expect(attribute(answer.media[2], "mid")).toEqual(["2"]);
  expect(attribute(answer, "group")).toEqual(["BUNDLE 0 1"]);
  const text = offerText("chrome-watch");
  const second = text.slice(text.indexOf("m=video")).replace("a=mid:1", "a=mid:2");
  const twice = `${text.replace("BUNDLE 0 1", "BUNDLE 0 1 2")}${second}`;
  const two = succeed(watch(twice, H264_LIVE));
  expect(two.media.map((section) => section.mid)).toEqual(["0", "1"]);
  expect(parsed(two.sdp).media.map((section) => section.port)).toEqual([9, 9, 0]);
  expectStructure(twice, two.sdp, "viewer");
});

test("W50 W51 E40 one bundle of all sections, rtcp-mux and rtcp-mux-only in each", () => {
  const answers = [
    succeed(publish(offerText("chrome-publish"))),
    succeed(watch(offerText("chrome-watch"), H264_LIVE)),
  ];
  for (const { sdp } of answers) {
    const answer = parsed(sdp);
    expect(attribute(answer, "group")).toEqual(["BUNDLE 0 1"]);
    for (const section of answer.media) {
      expect(attribute(section, "rtcp-mux")).toEqual([""]);
      expect(attribute(section, "rtcp-mux-only")).toEqual([""]);
    }
  }
});

test("E40 E41 one msid a section, the same stream", () => {
  const answer = parsed(succeed(watch(offerText("chrome-watch"), H264_LIVE)).sdp);
  const msids = answer.media.map((section) => attribute(section, "msid"));
  expect(msids).toEqual([["live live-audio"], ["live live-video"]]);
});

test("Q-B4 a FID group declares both SSRCs; no RTX, no group", () => {
  const answer = succeed(watch(offerText("chrome-watch"), H264_LIVE));
  const video = parsed(answer.sdp).media[1];
  expect(attribute(video, "ssrc-group")).toEqual(["FID 22 33"]);
  expect(attribute(video, "ssrc")).toEqual(["22 cname:spillway", "33 cname:spillway"]);
  const bare = parsed(succeed(watch(offerText("gstreamer-whep"))).sdp).media[0];
  expect(attribute(bare, "ssrc-group")).toEqual([]);
});

test("C7: what is never sent to viewers is not accepted of them: MID", () => {
  for (const name of ["firefox-watch", "safari-watch"]) {
    const answer = succeed(watch(offerText(name)));
    for (const section of answer.media) expect(section.extensionIds[Extension.mid]).toBe(0);
    expect(answer.sdp).not.toContain("sdes:mid");
    // The sections are told apart by their SSRCs.
    expect(answer.sdp.match(/a=ssrc:\d+ cname:/g)?.length).toBeGreaterThanOrEqual(2);
  }
});

test("C9: abs-send-time is accepted of viewers without transport-cc, and of no others", () => {
  const uri = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time";
  const offer = offerText("safari-watch");
  const sendTime = (text: string) =>
    succeed(watch(text)).media[1]?.extensionIds[Extension.absSendTime];
  const offered = offer.includes(uri)
    ? offer
    : offer.replaceAll(/(a=mid:1\r?\n)/g, `$1a=extmap:13 ${uri}\r\n`);
  expect(sendTime(offered)).toBe(0);
  const without = offered.replaceAll(/a=rtcp-fb:\d+ transport-cc\r?\n/g, "");
  expect(sendTime(without)).toBeGreaterThan(0);
});

test("Q-B1 extension ids are the offer's, directions mirrored", () => {
  const firefox = succeed(publish(offerText("firefox-simulcast"), true));
  expect(attribute(parsed(firefox.sdp).media[1], "extmap")).toContain(
    "9/recvonly urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
  );
  const ids = firefox.media[1]?.extensionIds;
  expect(ids?.[Extension.mid]).toBe(3);
  expect(ids?.[Extension.transportCc]).toBe(7);
  expect(ids?.[Extension.playoutDelay]).toBe(0);
  const viewer = succeed(watch(offerText("firefox-watch")));
  expect(viewer.media[1]?.extensionIds[Extension.playoutDelay]).toBe(6);
  expect(viewer.sdp).toContain("a=extmap:6/sendonly ");
});

test("Q-B3 only forwarded codecs, their RTX and redundant Opus are accepted", () => {
  for (const name of OFFER_NAMES) {
    const text = offerText(name);
    const { sdp, media } = succeed(isViewer(name) ? watch(text) : publish(text));
    expect(sdp).not.toMatch(
      /rtpmap:\d+ (red\/90000|ulpfec|flexfec|PCM|G722|multiopus|L16|telephone)/i,
    );
    for (const { formats } of media) {
      for (const { codec } of formats) expect(CODEC_NAMES).toContain(codec);
    }
  }
});

test("Q-B9 stereo is echoed to who offers it", () => {
  expect(succeed(publish(offerText("obs"))).sdp).toMatch(/fmtp:111 .*;stereo=1;sprop-stereo=1/);
  const stereo = { audio: { codec: "opus", fmtp: "stereo=1" }, video: null } as const;
  const reader = succeed(watch(offerText("mediamtx-reader"), stereo)).sdp;
  expect(reader).toMatch(/fmtp:111 .*stereo=1;sprop-stereo=1/);
  const firefox = succeed(watch(offerText("firefox-watch"), stereo)).sdp;
  expect(firefox).toMatch(/fmtp:109 maxplaybackrate=48000;stereo=1;.*sprop-stereo=1/);
  expect(succeed(watch(offerText("chrome-watch"), stereo)).sdp).not.toContain("stereo=1");
});

test("Q-B10 feedback is taken where offered only", () => {
  const obs = succeed(publish(offerText("obs"))).media[1]?.formats[0];
  expect([obs?.remb, obs?.transportCc, obs?.nack, obs?.pli, obs?.fir]).toEqual([
    true,
    false,
    true,
    true,
    true,
  ]);
  const ffmpeg = succeed(publish(offerText("ffmpeg"))).media[1]?.formats[0];
  expect([ffmpeg?.nack, ffmpeg?.pli, ffmpeg?.remb]).toEqual([false, false, false]);
});

test("Q-F2 Q-F3 FFmpeg: dangling mid, seven-digit profile, small answer", () => {
  const answer = succeed(publish(offerText("ffmpeg-video-only")));
  expect(attribute(parsed(answer.sdp), "group")).toEqual(["BUNDLE 1"]);
  expect(answer.media[0]?.ssrcs).toEqual([4000002]);
  const viewer = succeed(
    watch(offerText("chrome-watch"), {
      audio: null,
      video: { codec: "h264", fmtp: answer.media[0]?.formats[0]?.fmtp ?? "" },
    }),
  );
  expect(viewer.media[1]?.formats[0]?.fmtp).toContain("42e01f");
  expect(answer.sdp.length).toBeLessThan(2000);
});

test("Q-G4 OPUS in upper case and a sender's parameter sets", () => {
  const answer = succeed(publish(offerText("gstreamer-whip")));
  expect(answer.media[1]?.formats[0]?.codec).toBe("opus");
  expect(answer.sdp).toContain("a=rtpmap:98 OPUS/48000/2");
  expect(answer.sdp).not.toContain("sprop-parameter-sets");
  expect(answer.media[0]?.formats[0]?.fmtp).toContain("sprop-parameter-sets");
  expect(answer.media[0]?.rtxSsrcs).toEqual([800003]);
});

test("a single section needs no bundle, two do", () => {
  const text = offerText("chrome-watch").replace(/a=group.*\r\n/, "");
  expect(fail(watch(text), 422).detail).toContain("BUNDLE");
  const single = succeed(watch(text.slice(0, text.indexOf("m=video"))));
  expect(single.sdp).not.toContain("a=group");
});
