/** When a publisher that lost its session, or was told to wait, tries again. */
import { SessionError } from "../client/session.ts";
import { WhipError } from "../client/whip.ts";
import { backoffMs, retryAfterMs } from "../web/backoff.ts";

export interface RetryState {
  /** It was live before: what fails now may be a server that restarts. */
  readonly wasLive: boolean;
  /** Attempts that failed since it was live, or since the start. */
  readonly attempt: number;
  /** How long that is, ms. */
  readonly failingMs: number;
  /** Goes on for as long as it takes. */
  readonly endless: boolean;
}

/** A file that is sent once is not worth more; with --loop there is no end. */
const GIVE_UP_MS = 300_000;
/** A server forgets a lost session within 30 s; a name taken for longer is somebody else's. */
const NAME_TAKEN_MS = 60_000;

/**
 * Milliseconds to wait before the next attempt; null when trying again is of no use. `random` is
 * uniform in [0, 1), `nowMs` is wall time.
 */
export function retryDelayMs(
  error: unknown,
  state: RetryState,
  random: number,
  nowMs: number,
): number | null {
  if (!isPassing(error, state)) return null;
  if (!state.endless && state.failingMs > GIVE_UP_MS) return null;
  const asked = error instanceof WhipError ? retryAfterMs(error.retryAfter, nowMs) : null;
  return Math.max(asked ?? 0, backoffMs(state.attempt, random));
}

function isPassing(error: unknown, { wasLive, failingMs }: RetryState): boolean {
  if (error instanceof SessionError) return wasLive;
  if (!(error instanceof WhipError)) return false;
  switch (error.status) {
    // Overload and drains say so, and say when: waiting is right from the start.
    case 429:
    case 503:
      return true;
    case 409:
      return wasLive && failingMs < NAME_TAKEN_MS;
    // Not reached, or a proxy in front of a server that restarts.
    case 0:
    case 408:
    case 425:
    case 500:
    case 502:
    case 504:
      return wasLive;
    default:
      return false;
  }
}
