/** NTP time as RTP has it (RFC 3550 4): seconds since 1900, and 2^-32 of a second. */

const FRACTIONS = 2 ** 32;

/** us between 1900 and 1970. */
export const NTP_EPOCH_US = 2_208_988_800e6;

/** What carries such a time: a sender report, an abs-capture-time. */
export interface NtpTime {
  ntpSeconds: number;
  ntpFraction: number;
}

/** us since 1900. */
export function ntpUsOf({ ntpSeconds, ntpFraction }: Readonly<NtpTime>): number {
  return ntpSeconds * 1e6 + (ntpFraction * 1e6) / FRACTIONS;
}

/** Sets it to so many us since 1900. */
export function setNtpUs(time: NtpTime, ntpUs: number): void {
  time.ntpSeconds = Math.floor(ntpUs / 1e6);
  time.ntpFraction = Math.floor(((ntpUs % 1e6) / 1e6) * FRACTIONS);
}
