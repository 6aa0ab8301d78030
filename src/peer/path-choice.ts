import {
  CONSENT_CHECK_US,
  CONSENT_MEDIA_TIMEOUT_US,
  PATH_DEAD_CHECKS,
  PATH_DEAD_US,
} from "../limits.ts";
import { samePath, type Transport } from "../wire/path.ts";
import type { IceKeys } from "./ice-credentials.ts";
import type { PathChecks } from "./path-checks.ts";
import { PathSet, RemotePath } from "./remote-path.ts";

const NEVER = Number.POSITIVE_INFINITY;
/** Between the checks that decide whether a path is dead: three and 400 ms for the last one's answer. */
const SERIES_US = 300_000;
/** Afterwards the selected path is asked so often, ... */
const RETRY_US = 500_000;
/** ... another one only when something comes from there and so often at most, as is the selected one
 * because of it. */
const STRANGE_US = 1_000_000;
/** After so many checks in vain another one is asked at the pace of consent. */
const IN_VAIN = 10;
/** A proof is good for so long, and a path alive that was heard so lately: as long as consent. */
const PROOF_US = CONSENT_MEDIA_TIMEOUT_US;
/** Sessions' timers fall together on multiples of this, so that few turns look at all of them. */
const TIMER_GRAIN_US = 100_000;
/** A client that was tried in vain at an address it nominated is not tried again for this long. */
const TRIAL_PAUSE_US = 30_000_000;

/**
 * Where the media of a connected session goes. Consent belongs to a path (RFC 7675): only what comes
 * from the selected one keeps it, and a client that answers checks of ours keeps it by answers alone.
 *
 * Media moves to another path when that was proven by an answer to a check and the client nominated
 * it, or when the selected one is dead (PATH_DEAD_CHECKS). A client that never answered any check
 * moves by nomination only, to an address that gets next to nothing until something authentic came
 * from there; when that comes from the old address instead, it moves back.
 */
export class PathChoice {
  readonly paths = new PathSet();
  selected: RemotePath | null = null;
  /** When the selected path last gave its consent, us. */
  consentAt = Number.NEGATIVE_INFINITY;
  /** The selected path is on trial: UNPROVEN_BYTES_PER_SECOND. */
  unproven = false;
  /** Where authentic SRTP came from and no check yet: not one of `paths` before it has answered. */
  sighted: RemotePath | null = null;
  /** True when `nextTimeout` may have become earlier; whoever asks for it anew clears it. */
  stirred = false;
  readonly #checks: PathChecks;
  readonly #random: (out: Uint8Array) => void;
  #connected = false;
  /** It has answered a check of ours. */
  #answers = false;
  #nominee: RemotePath | null = null;
  /** Where media came from, while the selected path is on trial. */
  #before: RemotePath | null = null;
  /** The selected path is being asked whether it is still there. */
  #doubting = false;
  #trialsFrom = Number.NEGATIVE_INFINITY;
  /** Verdicts up to then are spoken. */
  #decidedAt = Number.NEGATIVE_INFINITY;

  constructor(checks: PathChecks, random: (out: Uint8Array) => void) {
    this.#checks = checks;
    this.#random = random;
  }

  /** DTLS is complete. `proven`: its whole handshake went over the selected path. */
  connected(now: number, proven: boolean): void {
    this.#connected = true;
    this.consentAt = now;
    const { selected } = this;
    if (selected === null) return;
    if (proven) {
      selected.answeredAt = now;
      selected.nextAskAt = this.#consentCheckAt(now);
    } else {
      this.unproven = true;
      this.#doubt(now);
    }
    this.stirred = true;
  }

  /** Before the first handshake: media goes nowhere yet, and DTLS follows the client's checks. */
  preselect(path: RemotePath): void {
    this.selected = path;
  }

  /** An authenticated check came from `path`. */
  checked(now: number, path: RemotePath, nominates: boolean): void {
    path.heardAt = now;
    if (!this.#connected) return;
    if (path === this.selected) {
      if (nominates) this.#nominee = null;
      if (!this.#answers) this.consentAt = now;
      return;
    }
    if (nominates || this.selected === null) this.#nominee = path;
    if (path === this.#nominee && this.#isProven(now, path)) this.#select(path);
    else this.#notice(now, path);
  }

  /** Authentic and fresh SRTP or SRTCP came from `path`. */
  heard(now: number, path: RemotePath): void {
    path.heardAt = now;
    if (path === this.selected) {
      this.unproven = false;
      this.#before = null;
      if (!this.#answers) this.consentAt = now;
    } else if (path === this.#before) this.#return(now, path);
    else this.#notice(now, path);
  }

  /** Authentic and fresh SRTP or SRTCP came from an address that is none of `paths`. */
  sight(now: number, keys: IceKeys, via: Transport, sockaddr: Uint8Array, offset: number): void {
    if (!this.#connected) return;
    const path = this.pathOf(via, sockaddr, offset);
    path.keys = keys;
    this.sighted = path;
    path.heardAt = now;
    this.#notice(now, path);
  }

  /** A path of its own for an address that is none of `paths`. */
  pathOf(via: Transport, sockaddr: Uint8Array, offset: number): RemotePath {
    const { sighted } = this;
    if (sighted !== null && samePath(sighted, via, sockaddr, offset)) return sighted;
    return RemotePath.copy(via, sockaddr, offset);
  }

  /** `path` answered a check of ours. */
  answered(now: number, path: RemotePath): void {
    path.heardAt = now;
    path.answeredAt = now;
    path.unanswered = 0;
    path.nextAskAt = NEVER;
    this.#answers = true;
    this.stirred = true;
    if (!this.#connected) return;
    if (path === this.selected) {
      this.consentAt = now;
      this.unproven = false;
      this.#before = null;
      this.#doubting = false;
      path.nextAskAt = this.#consentCheckAt(now);
    } else if (path === this.#nominee) this.#select(path);
    else this.#decide(now);
  }

  /** Asks `path` for a proof, unless that is under way. */
  prove(now: number, path: RemotePath): void {
    if (path.nextAskAt !== NEVER) return;
    if (now - path.askedAt > PROOF_US) path.unanswered = 0;
    const pause = path.unanswered < IN_VAIN ? STRANGE_US : CONSENT_CHECK_US;
    path.nextAskAt = Math.max(now, path.askedAt + pause);
    this.stirred = true;
  }

  lose(path: RemotePath): void {
    this.paths.remove(path);
    this.#checks.forget(path);
    if (this.selected === path) this.selected = null;
    if (this.#nominee === path) this.#nominee = null;
    if (this.#before === path) this.#before = null;
  }

  /** A check has come from `path`. */
  add(path: RemotePath): void {
    if (path === this.sighted) this.sighted = null;
    this.paths.add(path, this.selected, this.#nominee);
  }

  /** Keeps `path` known: a flood of spoofed checks may have driven it out meanwhile. */
  keep(path: RemotePath): void {
    if (!this.paths.paths.includes(path)) this.add(path);
  }

  handleTimeout(now: number): void {
    // The selected path first: its consent must not wait behind addresses that may be spoofed.
    if (this.selected !== null) this.#askDue(now, this.selected);
    for (const path of this.paths.paths) this.#askDue(now, path);
    if (this.sighted !== null) this.#askDue(now, this.sighted);
    if (this.#connected) this.#decide(now);
    this.#decidedAt = now;
  }

  nextTimeout(): number {
    let next = NEVER;
    for (const path of [this.selected, this.#nominee]) {
      const verdictAt = this.#verdictAt(path);
      if (verdictAt > this.#decidedAt) next = Math.min(next, verdictAt);
    }
    for (const path of this.paths.paths) next = Math.min(next, this.#askAt(path));
    return this.sighted === null ? next : Math.min(next, this.#askAt(this.sighted));
  }

  /** When the next check of `path` is due and may leave. */
  #askAt(path: RemotePath): number {
    if (path.nextAskAt === NEVER) return NEVER;
    return Math.max(path.nextAskAt, this.#checks.freeAt(path === this.selected));
  }

  /** Something authentic came from another path than the selected one. */
  #notice(now: number, path: RemotePath): void {
    if (!this.#connected) return;
    if (!this.#isProven(now, path)) this.prove(now, path);
    // A client that never answered would not now.
    const pause = this.#answers ? STRANGE_US : CONSENT_CHECK_US;
    if (now - path.doubtedAt < pause) return;
    path.doubtedAt = now;
    this.#doubt(now);
  }

  /** Asks the selected path whether it is still there. */
  #doubt(now: number): void {
    const { selected } = this;
    if (selected === null || this.#doubting) return;
    this.#doubting = true;
    this.stirred = true;
    selected.unanswered = 0;
    selected.nextAskAt = Math.min(selected.nextAskAt, Math.max(now, selected.askedAt + SERIES_US));
  }

  #askDue(now: number, path: RemotePath): void {
    const selected = path === this.selected;
    if (now < path.nextAskAt || now < this.#checks.freeAt(selected)) return;
    this.#checks.ask(now, path);
    if (path.unanswered === 0) path.firstAskedAt = now;
    path.unanswered += 1;
    path.askedAt = now;
    if (selected && this.#answers) this.#doubting = true;
    if (selected && !this.#doubting) path.nextAskAt = this.#consentCheckAt(now);
    else if (path.unanswered < PATH_DEAD_CHECKS) path.nextAskAt = now + SERIES_US;
    else path.nextAskAt = selected ? now + RETRY_US : NEVER;
  }

  /** Moves away from a dead path, or on trial to where a client wants to be that answers nothing. */
  #decide(now: number): void {
    const nominee = this.#nominee;
    if (!this.#answers) {
      if (nominee !== null && now >= this.#verdictAt(nominee)) this.#try(now, nominee);
      if (this.#doubting && now >= this.#verdictAt(this.selected)) this.#doubting = false;
      return;
    }
    const { selected } = this;
    if (selected === null || now < this.#verdictAt(selected)) return;
    let best: RemotePath | null = null;
    for (const path of this.paths.paths) {
      if (path === selected || now - path.heardAt > PROOF_US) continue;
      if (!this.#isProven(now, path)) this.prove(now, path);
      else if (best === null || path.heardAt > best.heardAt) best = path;
    }
    if (best === null) return;
    // Its old proof is void: a nomination that still comes from there does not bring media back.
    selected.answeredAt = Number.NEGATIVE_INFINITY;
    this.#select(best);
  }

  #try(now: number, nominee: RemotePath): void {
    this.#nominee = null;
    if (now < this.#trialsFrom) return;
    const before = this.unproven ? this.#before : this.selected;
    this.#select(nominee);
    this.unproven = true;
    this.#before = before;
    this.consentAt = nominee.heardAt;
  }

  /** Something came from the address before the trial, and nothing from where the trial is. */
  #return(now: number, path: RemotePath): void {
    this.#select(path);
    this.consentAt = now;
    this.#trialsFrom = now + TRIAL_PAUSE_US;
  }

  #select(path: RemotePath): void {
    const before = this.selected;
    if (before !== null) before.nextAskAt = NEVER;
    this.selected = path;
    this.#nominee = null;
    this.#before = null;
    this.#doubting = false;
    this.unproven = false;
    this.consentAt = path.answeredAt;
    path.unanswered = 0;
    path.nextAskAt = this.#consentCheckAt(path.answeredAt);
    this.stirred = true;
  }

  #isProven(now: number, path: RemotePath): boolean {
    return now - path.answeredAt < PROOF_US;
  }

  /** When `path` has left enough checks unanswered for long enough; Infinity before. */
  #verdictAt(path: RemotePath | null): number {
    if (path === null || path.unanswered < PATH_DEAD_CHECKS) return NEVER;
    return path.firstAskedAt + PATH_DEAD_US;
  }

  /** RFC 7675 5.1: at random, so that sessions do not ask in step; never later than the interval. */
  #consentCheckAt(now: number): number {
    const dice = new Uint8Array(1);
    this.#random(dice);
    const wait = CONSENT_CHECK_US * (0.8 + (0.2 * dice[0]!) / 256);
    return Math.floor((now + wait) / TIMER_GRAIN_US) * TIMER_GRAIN_US;
  }
}
