/**
 * In how many layers a publisher sends its picture. Pure: what the browser can do is passed in
 * (abilities.ts asks it), so that only what works is offered.
 */

/** What the browser does with one codec. */
export interface Ability {
  /** Lower case: "vp8", "h264", … */
  readonly codec: string;
  /** Scalability modes (W3C webrtc-svc) that its encoder takes: "L1T2", "L3T3_KEY", … */
  readonly modes: readonly string[];
}

/** One choice: "single", "simulcast-2", "simulcast-3" or a scalability mode. */
export interface Layering {
  readonly id: string;
  readonly label: string;
  /** One line for a person. */
  readonly hint: string;
}

/** One of the `sendEncodings` of addTransceiver. */
export interface Encoding {
  readonly rid?: string;
  readonly scaleResolutionDownBy?: number;
  readonly maxBitrate?: number;
  readonly scalabilityMode?: string;
}

/**
 * Codecs whose encoders make independent streams in every browser. VP9 and AV1 are left to
 * scalability modes: Chromium turns several VP9 encodings without a mode into one stream.
 */
const SIMULCAST_CODECS: readonly string[] = ["vp8", "h264"];
/** Codecs whose layers a server can tell apart inside one stream. */
export const SVC_CODECS: readonly string[] = ["vp8", "vp9", "av1"];
/** All that Spillway forwards in part, in the order of the menu. */
export const SVC_MODES: readonly string[] = [
  ...["L1T2", "L1T3", "L2T1", "L2T2", "L2T3", "L3T1", "L3T2", "L3T3"],
  ...["L2T1_KEY", "L2T2_KEY", "L2T3_KEY", "L3T1_KEY", "L3T2_KEY", "L3T3_KEY"],
];

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Sides from which on browsers make so many sizes of a picture: they leave smaller ones out. */
const THREE_SIZES: Size = { width: 960, height: 540 };
const TWO_SIZES: Size = { width: 480, height: 270 };
/** From this height (of the shorter side) on a picture is worth three layers. */
const LARGE_HEIGHT = 720;
/** Rids from the smallest layer up: quarter, half, full. */
const RIDS = ["q", "h", "f"];
/** A layer of half the size looks as good with this share of the bits: 2 ** -1.7. */
const HALF_SIZE_SHARE = 0.308;

/**
 * The choices for a codec and a picture, "single" first.
 *
 * @param codec lower case; "" leaves it to the browser, which then takes VP8 or H.264
 */
export function layeringsOf(codec: string, abilities: readonly Ability[], size: Size): Layering[] {
  const list = [SINGLE];
  const most = sizesOf(size);
  const known = (name: string) => abilities.some((ability) => ability.codec === name);
  const simulcast = SIMULCAST_CODECS.some(
    (name) => (codec === "" || codec === name) && known(name),
  );
  for (const count of [2, 3] as const)
    if (simulcast && count <= most) list.push(simulcastOf(count));
  if (!SVC_CODECS.includes(codec)) return list;
  const modes = abilities.find((ability) => ability.codec === codec)?.modes ?? [];
  for (const mode of SVC_MODES) {
    if (modes.includes(mode) && Number(mode[1]) <= most) list.push(scalable(mode));
  }
  return list;
}

/** What is sensible until a person chooses: three layers of a large picture, where they are cheap. */
export function defaultLayering(choices: readonly Layering[], size: Size): string {
  const three = choices.some((choice) => choice.id === "simulcast-3");
  return three && Math.min(size.width, size.height) >= LARGE_HEIGHT ? "simulcast-3" : SINGLE.id;
}

/** The layering for a source that came out smaller than was asked for, as cameras do. */
export function fitting(layering: string, size: Size): string {
  const count = Math.min(layerCount(layering), sizesOf(size));
  if (layerCount(layering) === 1) return layering;
  return count === 1 ? SINGLE.id : `simulcast-${count}`;
}

/** Codecs to offer with a layering when the codec is left open; null for all. */
export function codecsFor(layering: string): readonly string[] | null {
  return layerCount(layering) > 1 ? SIMULCAST_CODECS : null;
}

/**
 * The encodings to send, smallest first.
 *
 * @param bitrate upper limit of all together, bits per second; null for the browser's own
 */
export function encodingsOf(layering: string, bitrate: number | null): Encoding[] {
  const count = layerCount(layering);
  if (count === 1) {
    const limit = bitrate === null ? {} : { maxBitrate: bitrate };
    return [layering === SINGLE.id ? limit : { ...limit, scalabilityMode: layering }];
  }
  const shares = Array.from(
    { length: count },
    (_, index) => HALF_SIZE_SHARE ** (count - 1 - index),
  );
  const sum = shares.reduce((total, share) => total + share, 0);
  return shares.map((share, index) => ({
    rid: RIDS[RIDS.length - count + index] ?? String(index),
    scaleResolutionDownBy: 2 ** (count - 1 - index),
    ...(bitrate === null ? {} : { maxBitrate: Math.round((bitrate * share) / sum) }),
  }));
}

/** How many sizes of a picture are worth it, each half of the next. */
function sizesOf(size: Size): number {
  const [short, long] = [Math.min(size.width, size.height), Math.max(size.width, size.height)];
  const reaches = (least: Size) => long >= least.width && short >= least.height;
  if (reaches(THREE_SIZES)) return 3;
  return reaches(TWO_SIZES) ? 2 : 1;
}

function layerCount(layering: string): number {
  return Number(/^simulcast-(\d)$/.exec(layering)?.[1] ?? 1);
}

const SINGLE: Layering = {
  id: "single",
  label: "One layer",
  hint: "The same picture for every viewer: the least upload, and the least work here.",
};

function simulcastOf(count: 2 | 3): Layering {
  const sizes = count === 2 ? "full and half" : "full, half and quarter";
  return {
    id: `simulcast-${count}`,
    label: `Simulcast, ${count} sizes`,
    hint: `Sends the picture in ${sizes} size: each viewer gets the one that its network carries.`,
  };
}

/** "L3T2_KEY": 3 sizes, 2 frame rates, and sizes that lean on each other at keyframes only. */
function scalable(mode: string): Layering {
  const [, sizes = "1", rates = "1", key = ""] = /^L(\d)T(\d)(_KEY)?$/.exec(mode) ?? [];
  const parts: string[] = [];
  if (sizes !== "1") parts.push(`${sizes} sizes`);
  if (rates !== "1") parts.push(`${rates} frame rates`);
  const what = parts.join(" × ");
  const keyHint =
    key === "" ? "" : " A size needs the smaller one at keyframes only: less for the viewer.";
  return {
    id: mode,
    label: `${mode}: ${what}${key === "" ? "" : ", by keyframe"}`,
    hint: `One stream that holds ${what}: each viewer gets as much of it as its network carries.${keyHint}`,
  };
}
