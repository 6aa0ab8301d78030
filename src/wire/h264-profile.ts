/**
 * profile-level-id of H.264 (RFC 6184 8.1): profile_idc, profile-iop and level_idc in hex.
 */

/** Profiles that browsers tell apart. */
export const H264Profile = {
  constrainedBaseline: "constrained-baseline",
  baseline: "baseline",
  main: "main",
  constrainedHigh: "constrained-high",
  high: "high",
  high444: "high-4:4:4",
} as const;
export type H264Profile = (typeof H264Profile)[keyof typeof H264Profile];

export interface H264ProfileLevel {
  readonly profile: H264Profile;
  /** level_idc: ten times the level, 31 for 3.1; 9 is level 1b of the High profiles. */
  readonly level: number;
}

/**
 * Parses a profile-level-id. Takes the seven digits of FFmpeg 8.0, which writes the constraint byte
 * as "200" (0x200 by "%02x"; it means constrained baseline). Null when it is neither that nor six
 * hex digits of a profile that we know.
 */
export function parseProfileLevelId(text: string): H264ProfileLevel | null {
  const repaired = /^42200[0-9a-f]{2}$/i.test(text) ? `42e0${text.slice(5)}` : text;
  if (!/^[0-9a-f]{6}$/i.test(repaired)) return null;
  const value = Number.parseInt(repaired, 16);
  const profile = profileOf(value >> 16, (value >> 8) & 0xff);
  return profile === null ? null : { profile, level: value & 0xff };
}

/**
 * RFC 6184 8.1, table 5. `iop` is constraint_set0..5_flag and two zero bits, from the top.
 */
function profileOf(idc: number, iop: number): H264Profile | null {
  const set0 = (iop & 0x80) !== 0;
  const set1 = (iop & 0x40) !== 0;
  switch (idc) {
    case 0x42:
      return set1 ? H264Profile.constrainedBaseline : H264Profile.baseline;
    case 0x4d:
      return set0 ? H264Profile.constrainedBaseline : H264Profile.main;
    case 0x58:
      // Extended; only its subsets are of use.
      if (set0 && set1) return H264Profile.constrainedBaseline;
      return set0 ? H264Profile.baseline : null;
    case 0x64:
      // RFC 6184 as of H.264 2012: constraint sets 4 and 5 make Constrained High.
      return (iop & 0x0c) === 0x0c ? H264Profile.constrainedHigh : H264Profile.high;
    case 0xf4:
      return H264Profile.high444;
    default:
      return null;
  }
}
