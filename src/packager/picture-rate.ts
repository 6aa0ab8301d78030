/** Rates that encoders are set to; what is near one is one. */
const COMMON = [1, 2, 5, 10, 12, 15, 20, 24, 25, 30, 48, 50, 60, 90, 120];
const NEAR = 0.08;

/** Pictures a second as a playlist tells them: known with the first part that has some, then fixed. */
export class PictureRate {
  perSecond: number | null = null;

  note(pictures: number, us: number): void {
    if (this.perSecond !== null || pictures === 0 || us <= 0) return;
    const seen = (pictures * 1e6) / us;
    const off = (rate: number) => Math.abs(seen / rate - 1);
    const near = COMMON.reduce((best, rate) => (off(rate) < off(best) ? rate : best));
    this.perSecond = off(near) <= NEAR ? near : Math.round(seen * 1000) / 1000;
  }
}
