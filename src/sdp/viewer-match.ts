import type { MediaFormat } from "../contract/session.ts";
import type { CodecName } from "../wire/codecs.ts";
import { H264Profile, parseProfileLevelId } from "../wire/h264-profile.ts";
import { fmtpParameters } from "./fmtp.ts";

/** What a publisher sends now on one track. */
export interface LiveTrack {
  readonly codec: CodecName;
  /** a=fmtp of the publisher's format in use; "" when unknown. */
  readonly fmtp: string;
}

/**
 * The format of a viewer that carries a publisher's track, or null when the viewer has none that
 * could decode it. Equal fits go by the order of `formats`. Also used when the publisher returns
 * with another codec.
 */
export function formatFor<F extends Pick<MediaFormat, "codec" | "fmtp">>(
  formats: readonly F[],
  track: LiveTrack,
): F | null {
  let best: F | null = null;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const format of formats) {
    if (format.codec !== track.codec) continue;
    const distance = DISTANCES[track.codec](
      fmtpParameters(track.fmtp),
      fmtpParameters(format.fmtp),
    );
    if (distance < bestDistance) {
      best = format;
      bestDistance = distance;
    }
  }
  return best;
}

type Parameters = ReadonlyMap<string, string>;
/** 0 is a perfect fit, Infinity none. */
type Distance = (live: Parameters, offered: Parameters) => number;

const DISTANCES: Readonly<Record<CodecName, Distance>> = {
  opus: () => 0,
  vp8: () => 0,
  h264: h264Distance,
  // A decoder of VP9 profile 2 need not know profile 0 (RFC 9628 6).
  vp9: (live, offered) =>
    integer(live, "profile-id", 0) === integer(offered, "profile-id", 0)
      ? 0
      : Number.POSITIVE_INFINITY,
  // Main 10 (2) decodes Main (1) (RFC 7798 7.1; H.265 A.3); AV1's profiles nest (AV1 A.2).
  h265: (live, offered) => nested(live, offered, "profile-id", 1),
  av1: (live, offered) => nested(live, offered, "profile", 0),
};

/**
 * Never none: what senders claim is often not what they send (OBS claims 42e01f for High), and
 * decoders play more than they offer. So the profile chooses, it does not refuse; the level plays
 * no part, since nobody's level is lowered by forwarding.
 */
function h264Distance(live: Parameters, offered: Parameters): number {
  const liveRank = profileRank(live.get("profile-level-id"));
  const offeredRank = profileRank(offered.get("profile-level-id"));
  // Mode 0 cannot carry the fragmented units of mode 1, the other way round it can.
  const mode = integer(offered, "packetization-mode", 0) === 1 ? 0 : 100;
  if (liveRank === null || offeredRank === null) return mode + 50;
  // None of those below is right; then the player's own order speaks.
  const profile = offeredRank >= liveRank ? offeredRank - liveRank : 10;
  return mode + profile;
}

/** Profiles in the order of what a decoder must know: each decodes those before it, nearly. */
const PROFILE_RANKS: Readonly<Record<H264Profile, number>> = {
  [H264Profile.constrainedBaseline]: 0,
  [H264Profile.baseline]: 1,
  [H264Profile.main]: 2,
  [H264Profile.constrainedHigh]: 3,
  [H264Profile.high]: 4,
  [H264Profile.high444]: 5,
};

function profileRank(profileLevelId: string | undefined): number | null {
  const parsed = profileLevelId === undefined ? null : parseProfileLevelId(profileLevelId);
  return parsed === null ? null : PROFILE_RANKS[parsed.profile];
}

function nested(live: Parameters, offered: Parameters, key: string, missing: number): number {
  const above = integer(offered, key, missing) - integer(live, key, missing);
  return above >= 0 ? above : Number.POSITIVE_INFINITY;
}

function integer(parameters: Parameters, key: string, missing: number): number {
  const text = parameters.get(key);
  return text !== undefined && /^\d{1,3}$/.test(text) ? Number(text) : missing;
}
