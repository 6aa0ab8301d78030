import { expect, test } from "bun:test";
import { DuePacket } from "../../src/load/synthetic-source.ts";
import { SYNTHETIC_HISTORY_BYTES, SyntheticTrack } from "../../src/load/synthetic-track.ts";
import type { Region } from "../../src/srtp/cipher.ts";
import type { SrtpSender } from "../../src/srtp/sender.ts";
import { Codec } from "../../src/wire/codecs.ts";
import { describePayload } from "../../src/wire/describe.ts";
import { ParameterSet, PayloadDescription } from "../../src/wire/payload-description.ts";

test.each([
  [0, 1280, 720],
  [1, 640, 360],
  [2, 320, 180],
])("the parameter sets of layer %d describe a picture of %d x %d", (layer, width, height) => {
  const track = new SyntheticTrack({
    kind: "video",
    layer,
    payloadType: 96,
    clockRate: 90_000,
    ssrc: 1,
    rtx: null,
    captureId: 0,
    firstSequence: 0,
    firstTimestamp: 0,
    history: { bytes: new Uint8Array(SYNTHETIC_HISTORY_BYTES), address: 0 },
  });
  const payloads: Uint8Array[] = [];
  const sender = {
    stream: () => null,
    sealRtp: (_stream: null, _out: Region, _at: number, headerLength: number, ...from: Sealed) => {
      const [{ bytes }, offset, length] = from;
      payloads.push(bytes.slice(offset, offset + length));
      return headerLength + length;
    },
  } as unknown as SrtpSender;
  const out = { bytes: new Uint8Array(1500), address: 0 };
  track.sendParameterSets(sender, out, new DuePacket());
  const description = new PayloadDescription();
  const [sets] = payloads;
  expect(describePayload(Codec.h264, sets!, 0, sets!.length, false, description)).toBe(true);
  expect(description.parameterSets).toBe(ParameterSet.sps | ParameterSet.pps);
  expect([description.width, description.height]).toEqual([width, height]);
});

type Sealed = [payload: Region, offset: number, length: number];
