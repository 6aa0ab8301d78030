import { describe, expect, test } from "bun:test";
import { fragmentOf, withStartBitrate, withStereoOpus, writeFragment } from "../../src/web/sdp.ts";

const OFFER = [
  "v=0",
  "m=audio 9 UDP/TLS/RTP/SAVPF 111 9",
  "a=ice-ufrag:abcd",
  "a=ice-pwd:0123456789012345678901",
  "a=mid:0",
  "a=rtpmap:111 opus/48000/2",
  "a=fmtp:111 minptime=10;useinbandfec=1",
  "m=video 9 UDP/TLS/RTP/SAVPF 96",
  "a=mid:1",
  "a=rtpmap:96 H264/90000",
  "a=fmtp:96 profile-level-id=42e01f",
  "",
].join("\r\n");

describe("stereo Opus", () => {
  test("is asked for on the Opus line alone", () => {
    const sdp = withStereoOpus(OFFER);
    expect(sdp).toContain("a=fmtp:111 minptime=10;useinbandfec=1;stereo=1\r\n");
    expect(sdp).toContain("a=fmtp:96 profile-level-id=42e01f\r\n");
    expect(sdp.split("\r\n").length).toBe(OFFER.split("\r\n").length);
  });

  test("a second time changes nothing; sprop-stereo is another parameter", () => {
    expect(withStereoOpus(withStereoOpus(OFFER))).toBe(withStereoOpus(OFFER));
    const sprop = OFFER.replace("useinbandfec=1", "sprop-stereo=1");
    expect(withStereoOpus(sprop)).toContain("sprop-stereo=1;stereo=1\r\n");
  });
});

describe("trickle fragment", () => {
  test("names the ICE session, the bundled section and the candidates", () => {
    const fragment = fragmentOf(OFFER);
    expect(fragment).toEqual({
      ufrag: "abcd",
      pwd: "0123456789012345678901",
      kind: "audio",
      mid: "0",
    });
    if (fragment === null) throw new Error("no fragment");
    const candidate = "candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host";
    expect(writeFragment(fragment, [candidate], true)).toBe(
      "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n" +
        "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n" +
        `a=${candidate}\r\na=end-of-candidates\r\n`,
    );
    expect(writeFragment(fragment, [], false)).not.toContain("end-of-candidates");
  });

  test("a description without credentials gives none", () => {
    expect(fragmentOf("v=0\r\n")).toBeNull();
  });
});

test("the start bitrate stands in the fmtp of every video codec and of nothing else", () => {
  const answer = [
    "v=0",
    "m=audio 9 UDP/TLS/RTP/SAVPF 111",
    "a=rtpmap:111 opus/48000/2",
    "m=video 9 UDP/TLS/RTP/SAVPF 96 97 108",
    "a=rtpmap:96 VP8/90000",
    "a=rtpmap:97 rtx/90000",
    "a=fmtp:97 apt=96",
    "a=rtpmap:108 H264/90000",
    "a=fmtp:108 packetization-mode=1",
    "",
  ].join("\r\n");
  const lines = withStartBitrate(answer, 1_500_000).split("\r\n");
  expect(lines.filter((line) => line.includes("x-google-start-bitrate"))).toEqual([
    "a=fmtp:96 x-google-start-bitrate=1500",
    "a=fmtp:108 packetization-mode=1;x-google-start-bitrate=1500",
  ]);
});
