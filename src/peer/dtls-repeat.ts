/**
 * When a flight is sent again (RFC 6347 4.2.4.1): after a first time, doubled each time. Repeats that
 * the peer asks for, by repeating its own flight, leave as they come but keep a distance.
 */

/** FFmpeg drops what comes before its own ICE is done, so a ClientHello is repeated soon. */
export const HELLO_REPEAT_US = 60_000;
/**
 * A client's later flights. FFmpeg as server answers after some 50 ms, and a repeat that it reads
 * after its handshake makes it send only when it is sent something.
 */
export const CLIENT_REPEAT_US = 1_000_000;
/** The same towards a media server, which is not FFmpeg's muxer. */
export const CLIENT_REPEAT_TO_SERVERS_US = 60_000;
/** A server's flights: three round trips as far as they are known, and these bounds. */
const SERVER_REPEAT_MIN_US = 150_000;
const SERVER_REPEAT_MAX_US = 1_000_000;
const ROUND_TRIPS = 3;
const REPEAT_MAX_US = 3_000_000;
/** 12 repeats from 60 ms on, doubled up to 3 s, take longer than CONNECT_TIMEOUT_US. */
const REPEATS_MAX = 12;
/** Datagrams of one flight that come apart or twice are not two wishes. */
const ASKED_DISTANCE_US = 20_000;

/** `roundTripUs` null: not known. */
export function serverRepeatUs(roundTripUs: number | null): number {
  const wanted = ROUND_TRIPS * (roundTripUs ?? 0);
  return Math.min(SERVER_REPEAT_MAX_US, Math.max(SERVER_REPEAT_MIN_US, wanted));
}

export class RepeatTimer {
  /** When the flight is to be sent again; Infinity when it is not. */
  at = Infinity;
  /** How often it was. */
  repeats = 0;
  #interval = 0;
  #sentAt = 0;

  /** A flight left that is to be repeated after `first`. */
  start(now: number, first: number): void {
    this.repeats = 0;
    this.#interval = first;
    this.#sentAt = now;
    this.at = now + first;
  }

  stop(): void {
    this.at = Infinity;
  }

  /** The time has come: true when the flight is to be sent now. */
  due(now: number): boolean {
    if (now < this.at) return false;
    this.#interval = Math.min(REPEAT_MAX_US, 2 * this.#interval);
    return this.#again(now);
  }

  /** The peer shows that it lacks the flight: true when it is to be sent now. */
  asked(now: number): boolean {
    if (this.at === Infinity || now - this.#sentAt < ASKED_DISTANCE_US) return false;
    return this.#again(now);
  }

  #again(now: number): boolean {
    this.repeats += 1;
    this.#sentAt = now;
    this.at = this.repeats < REPEATS_MAX ? now + this.#interval : Infinity;
    return true;
  }
}
