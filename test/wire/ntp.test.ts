import { expect, test } from "bun:test";
import { NTP_EPOCH_US, ntpUsOf, setNtpUs } from "../../src/wire/ntp.ts";

test("1970 is 70 years and 17 leap days behind 1900", () => {
  expect(NTP_EPOCH_US).toBe((70 * 365 + 17) * 86_400e6);
});

test("a time is whole seconds and 2^-32 of one, and comes back to the microsecond", () => {
  const time = { ntpSeconds: 0, ntpFraction: 0 };
  setNtpUs(time, 3_250_000);
  expect(time).toEqual({ ntpSeconds: 3, ntpFraction: 2 ** 30 });
  expect(ntpUsOf(time)).toBe(3_250_000);
  for (const us of [0, 1, 999_999, 1_000_000, 123_456_789]) {
    setNtpUs(time, NTP_EPOCH_US + us);
    expect(time.ntpFraction).toBeLessThan(2 ** 32);
    expect(Math.round(ntpUsOf(time) - NTP_EPOCH_US)).toBe(us);
  }
});
