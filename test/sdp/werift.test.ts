import { expect, test } from "bun:test";
import { SessionDescription } from "werift";
import { isViewer, OFFER_NAMES, offerText, publish, succeed, watch } from "./support.ts";

/** werift as an independent reader of what we write. */
test.each(OFFER_NAMES)("werift reads the answer to %s as we mean it", (name) => {
  const text = offerText(name);
  const answer = succeed(isViewer(name) ? watch(text) : publish(text));
  const read = SessionDescription.parse(answer.sdp);
  const live = read.media.filter((media) => media.port !== 0);
  expect(live.map((media) => media.rtp.muxId)).toEqual(answer.media.map(({ mid }) => mid));
  for (const [index, section] of answer.media.entries()) {
    const media = live[index];
    const payloadTypes = section.formats.flatMap((format) =>
      [format.payloadType, format.rtxPayloadType, format.redPayloadType].filter(
        (payloadType) => payloadType !== null,
      ),
    );
    expect(media?.rtp.codecs.map((codec) => codec.payloadType)).toEqual(payloadTypes);
    expect(media?.iceParams?.usernameFragment).toBe(answer.peer.localUfrag);
    expect(media?.rtcpMux).toBe(true);
    const ids = section.extensionIds.filter((id) => id > 0).sort((a, b) => a - b);
    expect(media?.rtp.headerExtensions.map(({ id }) => id).sort((a, b) => a - b)).toEqual(ids);
  }
});
