/** What the publishers of the network tests send: cheap to encode, three sizes each. */
import type { PublishPlan } from "./chromium.ts";

/** Chromium makes no third layer of a smaller picture. */
const SIZE = { width: 960, height: 540 } as const;

/** Bits a second of the three layers without headers: 240, 480 and 960 pixels wide. */
const LAYER_BPS = [150_000, 350_000, 1_400_000] as const;

export function simulcast(codec: "vp8" | "h264"): PublishPlan {
  const [q, h, f] = LAYER_BPS;
  return {
    codec,
    ...SIZE,
    encodings: [
      { rid: "q", scaleResolutionDownBy: 4, maxBitrate: q },
      { rid: "h", scaleResolutionDownBy: 2, maxBitrate: h },
      { rid: "f", maxBitrate: f },
    ],
  };
}

export function scalable(codec: "vp9" | "av1", scalabilityMode: string): PublishPlan {
  return { codec, ...SIZE, encodings: [{ maxBitrate: LAYER_BPS[2], scalabilityMode }] };
}

/** One encoding of the full size, for Chromium to Chromium. */
export function single(codec: string): PublishPlan {
  return { codec, ...SIZE, encodings: [{ maxBitrate: LAYER_BPS[2] }] };
}
