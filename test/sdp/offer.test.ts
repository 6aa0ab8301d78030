import { expect, test } from "bun:test";
import {
  CANDIDATES_MAX,
  MEDIA_SECTIONS_MAX,
  SDP_BYTES_MAX,
  SDP_LINES_MAX,
} from "../../src/limits.ts";
import { readOffer } from "../../src/sdp/offer.ts";
import { fail, H264_LIVE, offerText, publish, succeed, watch } from "./support.ts";

const CHROME = offerText("chrome-publish");
const publisher = (text: string) => readOffer(text, { role: "publisher" });

test("W05 malformed SDP is 400", () => {
  const without = (pattern: RegExp) => CHROME.replace(pattern, "");
  fail(publisher(""), 400);
  fail(publisher("hello"), 400);
  fail(publisher("\u0000\u0001\u00ff\ufffd"), 400);
  fail(publisher(CHROME.slice(0, CHROME.indexOf("m=audio"))), 400);
  fail(publisher(CHROME.slice(0, CHROME.indexOf("a=fingerprint") + 40)), 400);
  fail(publisher(without(/a=ice-ufrag.*\r\n/g)), 400);
  fail(publisher(without(/a=ice-pwd.*\r\n/g)), 400);
  fail(publisher(without(/a=fingerprint.*\r\n/g)), 400);
  fail(publisher(CHROME.replaceAll("a=ice-ufrag:a1B2", "a=ice-ufrag:a1B")), 400);
  fail(publisher(CHROME.replaceAll("a=mid:1", "a=mid:0")), 400);
  fail(publisher(without(/a=mid:1\r\n/)), 400);
  fail(publisher(CHROME.replace("m=video 9", "m=video nine")), 400);
  fail(publisher(CHROME.replace("m=video 9", "m=video 70000")), 400);
});

test("W05 what is too large is 413", () => {
  fail(publisher(`${CHROME}a=x:${"y".repeat(SDP_BYTES_MAX)}\r\n`), 413);
  fail(publisher(`${CHROME}${"a=x\r\n".repeat(SDP_LINES_MAX)}`), 413);
  fail(publisher(`${CHROME}${"m=audio 9 RTP/AVP 0\r\n".repeat(MEDIA_SECTIONS_MAX)}`), 413);
  const candidate = "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n";
  fail(publisher(`${CHROME}${candidate.repeat(CANDIDATES_MAX + 1)}`), 413);
  fail(
    publisher(
      `${CHROME}${Array.from({ length: 30 }, (_, i) => `a=ssrc:${i + 1} cname:x\r\n`).join("")}`,
    ),
    413,
  );
  const rids = Array.from({ length: 9 }, (_, i) => `r${i}`);
  fail(publisher(`${CHROME}a=simulcast:send ${rids.join(";")}\r\n`), 413);
});

test("W08 recvonly and inactive publishers are 422", () => {
  for (const direction of ["recvonly", "inactive"]) {
    const problem = fail(publisher(CHROME.replaceAll("a=sendonly", `a=${direction}`)), 422);
    expect(problem.detail).toContain(direction);
  }
});

test("W31 an offer without candidates and one with unusable ones", () => {
  expect(succeed(publisher(CHROME)).peer.candidates).toEqual([]);
  const player = readOffer(offerText("eyevinn-player"), { role: "viewer" });
  expect(succeed(player).peer.candidates).toEqual([
    { address: "198.51.100.9", port: 46243, family: 4 },
  ]);
});

test("W51 without rtcp-mux 422, without rtcp-mux-only fine", () => {
  fail(publisher(CHROME.replace("a=rtcp-mux\r\n", "")), 422);
  expect(CHROME).not.toContain("rtcp-mux-only");
  succeed(publisher(CHROME));
});

test("W52 one stream, one track of a kind", () => {
  const session = CHROME.slice(0, CHROME.indexOf("m=audio"));
  const audio = CHROME.slice(CHROME.indexOf("m=audio"), CHROME.indexOf("m=video"));
  const video = CHROME.slice(CHROME.indexOf("m=video"));
  fail(publish(`${session}${audio}${audio.replace("a=mid:0", "a=mid:1")}`), 422);
  fail(publish(`${session}${video}${video.replace("a=mid:1", "a=mid:0")}`), 422);
  expect(
    fail(publish(CHROME.replace("a=msid:stream-7f track-v", "a=msid:other track-v")), 422).detail,
  ).toContain("MediaStream");
  const reader = offerText("mediamtx-reader");
  const data = reader.slice(reader.indexOf("m=application"));
  fail(publish(`${session}${data}`), 422);
  fail(watch(`${session}${data}`), 422);
  expect(succeed(publish(`${session}${audio}`)).media.length).toBe(1);
  expect(succeed(publish(`${session}${video}`)).media.length).toBe(1);
});

test("Q-B13 msid - is no stream", () => {
  succeed(publish(CHROME.replace("a=msid:stream-7f track-v", "a=msid:- track-v")));
  succeed(publish(offerText("safari-publish")));
});

test("W53 no partial answers to publishers", () => {
  const start = CHROME.indexOf("m=video");
  const unknown = CHROME.slice(start).replace(/(VP8|VP9|H264|AV1)\/90000/g, "THEORA/90000");
  const problem = fail(publish(`${CHROME.slice(0, start)}${unknown}`), 422);
  expect(problem.detail).toContain("THEORA");
  expect(problem.detail).toContain("H264");
});

test("W54 holdconn cannot be answered", () => {
  fail(publish(CHROME.replaceAll("a=setup:actpass", "a=setup:holdconn")), 422);
});

test("Q-B12 a player without m= lines gets a clear 422", () => {
  const text = offerText("safari-watch");
  const problem = fail(watch(text.slice(0, text.indexOf("m=audio"))), 422);
  expect(problem.detail).toContain("addTransceiver");
});

test("Q-O5 session-level fingerprint, LS group, upper-case hash name", () => {
  const peer = succeed(publisher(offerText("obs-old"))).peer;
  expect(peer.fingerprints[0]?.algorithm).toBe("sha-256");
  expect(peer.fingerprints[0]?.value).toMatch(/^AB:CD:/);
  expect(succeed(publisher(offerText("obs"))).bundle).toEqual(["0", "1"]);
});

test("Q-B8 payload types that look like RTCP under rtcp-mux are left out", () => {
  const offer = succeed(
    publisher(
      CHROME.replace("RTP/SAVPF 96 97", "RTP/SAVPF 72 96 97").concat("a=rtpmap:72 VP8/90000\r\n"),
    ),
  );
  expect(offer.sections[1]?.formats.map((format) => format.payloadType)).not.toContain(72);
  expect(offer.sections[1]?.formats.map((format) => format.payloadType)).toContain(45);
});

test("one payload type or extension id with two meanings is 422", () => {
  const clash = CHROME.replaceAll(":111 ", ":96 ").replace("SAVPF 111", "SAVPF 96");
  expect(fail(publisher(clash), 422).detail).toContain("96");
  fail(publisher(CHROME.replace("extmap:13 urn:3gpp", "extmap:1 urn:3gpp")), 422);
});

test("Q-B7 the H264 payload type follows the live profile, mode 1 first", () => {
  const first = (name: string, fmtp: string) => {
    const answer = succeed(
      watch(offerText(name), { ...H264_LIVE, video: { codec: "h264", fmtp } }),
    );
    return answer.media.find((section) => section.kind === "video")?.formats[0]?.payloadType;
  };
  expect(first("safari-watch", "profile-level-id=42e01f;packetization-mode=1")).toBe(98);
  expect(first("safari-watch", "profile-level-id=640034;packetization-mode=1")).toBe(96);
  expect(first("safari-watch", "profile-level-id=4d0028;packetization-mode=1")).toBe(96);
  expect(first("chrome-watch", "profile-level-id=42e034;packetization-mode=0")).toBe(108);
  expect(first("chrome-watch", "profile-level-id=4d0028;packetization-mode=1")).toBe(116);
  // A High stream still goes to who offers less (strict matching broke real publishers).
  expect(first("firefox-watch", "profile-level-id=640028;packetization-mode=1")).toBe(126);
});

test("VP9, AV1 and H265 profiles must be decodable", () => {
  const watchVideo = (name: string, codec: "vp9" | "av1" | "h265", fmtp: string) =>
    watch(offerText(name), { audio: null, video: { codec, fmtp } });
  expect(
    succeed(watchVideo("chrome-watch", "vp9", "profile-id=2")).media[1]?.formats[0]?.payloadType,
  ).toBe(100);
  fail(watchVideo("firefox-watch", "vp9", "profile-id=2"), 422);
  fail(watchVideo("chrome-watch", "av1", "profile=1"), 422);
  fail(watchVideo("safari-watch", "h265", "profile-id=2"), 422);
  expect(succeed(watchVideo("safari-watch", "h265", "")).media[1]?.formats[0]?.payloadType).toBe(
    35,
  );
});

test("S11: a profile without DTLS is 422 and says what to offer", () => {
  const offering = (protocol: string) => CHROME.replaceAll("UDP/TLS/RTP/SAVPF", protocol);
  for (const protocol of ["RTP/AVP", "RTP/AVPF", "RTP/SAVP", "RTP/SAVPF", "udp", "UDP/RTP/SAVPF"]) {
    const { detail } = fail(publisher(offering(protocol)), 422);
    expect(detail).toContain("offer UDP/TLS/RTP/SAVPF");
  }
  const one = CHROME.replace("m=video 9 UDP/TLS/RTP/SAVPF", "m=video 9 RTP/SAVPF");
  fail(publisher(one), 422);
  for (const protocol of ["UDP/TLS/RTP/SAVP", "TCP/TLS/RTP/SAVPF", "udp/tls/rtp/savpf"]) {
    expect(publisher(offering(protocol))).not.toHaveProperty("status");
  }
});
