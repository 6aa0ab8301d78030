/** Profiles of H.264 in order of what a decoder must know: each decodes those before it. */
const RANKS = { constrainedBaseline: 0, baseline: 1, main: 2, constrainedHigh: 3, high: 4 };
const OTHER_RANK = 5;

/**
 * Rank of a profile-level-id (RFC 6184 8.1 table 5), or null when absent or unreadable. Lenient:
 * FFmpeg 8.0 writes seven digits, "42" "200" and the level, for constrained baseline; only the
 * profile and its constraint bits are read, never the level.
 */
export function h264ProfileRank(profileLevelId: string | undefined): number | null {
  if (profileLevelId === undefined || !/^[0-9a-f]{6,7}$/i.test(profileLevelId)) return null;
  const idc = Number.parseInt(profileLevelId.slice(0, 2), 16);
  if (profileLevelId.length === 7) return idc === 0x42 ? RANKS.constrainedBaseline : OTHER_RANK;
  const constraints = Number.parseInt(profileLevelId.slice(2, 4), 16);
  const set1 = (constraints & 0x40) !== 0;
  if (idc === 0x42) return set1 ? RANKS.constrainedBaseline : RANKS.baseline;
  if (idc === 0x4d) return (constraints & 0x80) !== 0 ? RANKS.constrainedBaseline : RANKS.main;
  if (idc === 0x64) return (constraints & 0x0c) === 0x0c ? RANKS.constrainedHigh : RANKS.high;
  return OTHER_RANK;
}
