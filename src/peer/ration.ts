import { PATH_CHECKS_PER_SECOND, UNPROVEN_BYTES_PER_SECOND } from "../limits.ts";

const SECOND_US = 1_000_000;
/** A check with ufrags of 4 to 8 characters, rounded up. */
const CHECK_BYTES = 120;
const REPORTS_BYTES = UNPROVEN_BYTES_PER_SECOND - PATH_CHECKS_PER_SECOND * CHECK_BYTES;
/** The largest report: RTCP_BYTES_MAX and what SRTCP adds. */
const REPORT_BYTES_MAX = 1_232;

/** What an address may be sent that has not shown that anything arrives there. */
export class Ration {
  /** When there is more, us. */
  renewsAt = 0;
  #spent = 0;

  /** True while a report of any size still fits this second. */
  get left(): boolean {
    return this.#spent + REPORT_BYTES_MAX <= REPORTS_BYTES;
  }

  spend(bytes: number): void {
    this.#spent += bytes;
  }

  renew(now: number): void {
    if (now < this.renewsAt) return;
    this.#spent = 0;
    this.renewsAt = now + SECOND_US;
  }
}
