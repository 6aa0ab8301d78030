/** What a parent tells of the rings of a stream: RING, PSETS, and loose LAYERS, TIME, HEADS. */
import { CODEC_NAMES, type CodecId } from "../codecs.ts";
import type { Elements } from "./elements.ts";
import { Frame, Message, STREAM_RINGS_MAX } from "./kinds.ts";
import { ALIAS_MAX, WANTED_MAX } from "./subscription.ts";

const FMTP_MAX = 1024;
const RID_MAX = 256;
const TARGETS_MAX = 32;
const PARAMETER_SETS_MAX = 1024;
const POINTS_MAX = 32;
const SPATIAL_LAYERS = 4;

/** RING: what a ring carries, and again whenever that changes. */
export interface RingTold {
  readonly alias: number;
  readonly ring: number;
  readonly codec: CodecId;
  readonly clockRate: number;
  readonly fmtp: string;
  readonly rid: string;
  /** Of the decode targets below: 0..255. */
  readonly targetsVersion: number;
  /** Layer points of the decode targets, a byte each; empty without a dependency descriptor. */
  readonly targets: Uint8Array;
}

export function writeRing(told: RingTold): unknown[] {
  return [
    Message.ring,
    told.alias,
    told.ring,
    told.codec,
    told.clockRate,
    told.fmtp,
    told.rid,
    told.targetsVersion,
    told.targets,
  ];
}

export function readRing(elements: Elements): RingTold | null {
  const told: RingTold = {
    alias: elements.uint(ALIAS_MAX),
    ring: elements.uint(STREAM_RINGS_MAX - 1),
    codec: elements.uint(CODEC_NAMES.length - 1) as CodecId,
    clockRate: elements.uint(),
    fmtp: elements.text(FMTP_MAX),
    rid: elements.text(RID_MAX),
    targetsVersion: elements.uint(255),
    targets: elements.bytes(0, TARGETS_MAX),
  };
  return elements.ok && told.clockRate > 0 ? told : null;
}

/** PSETS: the parameter sets of IDRs that come without; empty for none. */
export interface ParameterSetsTold {
  readonly alias: number;
  readonly ring: number;
  readonly payload: Uint8Array;
}

export function writeParameterSets({ alias, ring, payload }: ParameterSetsTold): unknown[] {
  return [Message.parameterSets, alias, ring, payload];
}

export function readParameterSets(elements: Elements): ParameterSetsTold | null {
  const told: ParameterSetsTold = {
    alias: elements.uint(ALIAS_MAX),
    ring: elements.uint(STREAM_RINGS_MAX - 1),
    payload: elements.bytes(0, PARAMETER_SETS_MAX),
  };
  return elements.ok ? told : null;
}

/** HEADS: how far the parent's rings are, so that what was lost at the end of a burst is missed too. */
export interface Heads {
  readonly alias: number;
  /** One past the highest origin sequence of each ring; null before the first. */
  readonly heads: readonly (number | null)[];
  /** When the root was last heard of by the parent: so long ago, us. */
  readonly rootAgeUs: number;
  /** Rings whose publisher has said BYE, a bit each. */
  readonly left: number;
  /** Rings that the parent does not pull for now though they are sent, a bit each. */
  readonly withheld: number;
  /** Of each ring the first origin sequence that was sent of late; null, or none, for others. */
  readonly began: readonly (number | null)[];
}

export function writeHeads(told: Heads): unknown[] {
  const { alias, heads, rootAgeUs, left, withheld, began } = told;
  return [Frame.heads, alias, heads, rootAgeUs, left, withheld, began];
}

export function readHeads(elements: Elements): Heads | null {
  const told: Heads = {
    alias: elements.uint(ALIAS_MAX),
    heads: elements.list(STREAM_RINGS_MAX, (each) => each.optionalInt32()),
    rootAgeUs: elements.uint(),
    left: elements.uint(WANTED_MAX),
    withheld: elements.more ? elements.uint(WANTED_MAX) : 0,
    began: elements.more ? elements.list(STREAM_RINGS_MAX, (each) => each.optionalInt32()) : [],
  };
  return elements.ok ? told : null;
}

/** A layer point of a ring. */
export interface PointFigures {
  /** spatialId * 8 + temporalId. */
  readonly point: number;
  /** Bits a second on the wire, all that a viewer of the point is sent. */
  readonly bitrate: number;
  /** Its newest packet came so long ago, us. */
  readonly ageUs: number;
}

/** LAYERS: the figures of a ring whose packets may not flow here. */
export interface RingFigures {
  readonly alias: number;
  readonly ring: number;
  readonly points: readonly PointFigures[];
  /** Of four spatial layers, packed as in a ring's header; 0 while unknown. */
  readonly sizes: readonly number[];
  readonly size: number;
  /** Whether it ever had a keyframe. */
  readonly hasKeyframe: boolean;
  readonly ignoresPli: boolean;
}

export function writeFigures(figures: RingFigures): unknown[] {
  return [
    Frame.figures,
    figures.alias,
    figures.ring,
    figures.points.flatMap(({ point, bitrate, ageUs }) => [point, bitrate, ageUs]),
    figures.sizes,
    figures.size,
    figures.hasKeyframe,
    figures.ignoresPli,
  ];
}

export function readFigures(elements: Elements): RingFigures | null {
  const figures: RingFigures = {
    alias: elements.uint(ALIAS_MAX),
    ring: elements.uint(STREAM_RINGS_MAX - 1),
    points: elements.list(3 * POINTS_MAX, (each) => ({
      point: each.uint(POINTS_MAX - 1),
      bitrate: each.uint(Number.MAX_SAFE_INTEGER),
      ageUs: each.uint(Number.MAX_SAFE_INTEGER),
    })),
    sizes: elements.list(SPATIAL_LAYERS, (each) => each.uint()),
    size: elements.uint(),
    hasKeyframe: elements.boolean(),
    ignoresPli: elements.boolean(),
  };
  return elements.ok ? figures : null;
}

/** TIME: the newest sender report of the publisher of a ring. */
export interface Timing {
  readonly alias: number;
  readonly ring: number;
  readonly rtp: number;
  /** us since 1900. */
  readonly ntpUs: number;
  /** The root got it so long ago, us. */
  readonly ageUs: number;
}

export function writeTiming({ alias, ring, rtp, ntpUs, ageUs }: Timing): unknown[] {
  return [Frame.timing, alias, ring, rtp, ntpUs, ageUs];
}

export function readTiming(elements: Elements): Timing | null {
  const timing: Timing = {
    alias: elements.uint(ALIAS_MAX),
    ring: elements.uint(STREAM_RINGS_MAX - 1),
    rtp: elements.uint(),
    ntpUs: elements.uint(Number.MAX_SAFE_INTEGER),
    ageUs: elements.uint(),
  };
  return elements.ok ? timing : null;
}
