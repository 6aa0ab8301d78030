import { expect, test } from "bun:test";
import { clientPeer, readAnswer, VIEWER_MEDIA, writeOffer } from "../../src/sdp/client.ts";
import { expectStructure, fail, H264_LIVE, LOCAL, publish, succeed, watch } from "./support.ts";

const OURS = { ...LOCAL, ufrag: "cliU", pwd: "clientPassword0123456789" };

test("our viewer's offer is answered with every codec and read back", () => {
  const text = writeOffer({ ...OURS, role: "viewer", media: VIEWER_MEDIA });
  const answer = succeed(watch(text, H264_LIVE));
  expectStructure(text, answer.sdp, "viewer");
  const read = succeed(readAnswer(answer.sdp));
  expect(read.media).toEqual([...answer.media]);
  expect(new Set(read.media[1]?.formats.map((format) => format.codec)).size).toBe(5);
  expect(read.peer.candidates.map((candidate) => candidate.family)).toEqual([4, 6]);
  expect(clientPeer(OURS, read).dtlsRole).toBe("client");
});

test("our publisher's offer keeps ssrcs and layers through the answer", () => {
  const [audio, video] = VIEWER_MEDIA;
  if (audio === undefined || video === undefined) throw new Error("two sections");
  const extensionIds = video.extensionIds.map((id, internal) => (internal === 11 ? 9 : id));
  const text = writeOffer({
    ...OURS,
    role: "publisher",
    media: [
      { ...audio, ssrcs: [1] },
      { ...video, extensionIds, ssrcs: [2], rtxSsrcs: [3], rids: ["h", "l"] },
    ],
  });
  const answer = succeed(publish(text, true));
  expectStructure(text, answer.sdp, "publisher");
  expect(answer.media.map((section) => [section.ssrcs, section.rtxSsrcs])).toEqual([
    [[1], []],
    [[2], [3]],
  ]);
  const read = succeed(readAnswer(answer.sdp));
  expect(read.media[1]?.rids).toEqual(["h", "l"]);
  expect(read.media[1]?.ssrcs).toEqual([]);
});

test("an answer must decide the DTLS role and accept something", () => {
  const text = writeOffer({ ...OURS, role: "viewer", media: VIEWER_MEDIA });
  const { sdp } = succeed(watch(text));
  fail(readAnswer(sdp.replaceAll("setup:passive", "setup:actpass")), 422);
  fail(readAnswer(sdp.replace(/^(m=\w+) 9/gm, "$1 0")), 422);
  const active = succeed(readAnswer(sdp.replaceAll("setup:passive", "setup:active")));
  expect(clientPeer(OURS, active).dtlsRole).toBe("server");
});
