/** What a step of a track's way from the cached keyframe to the live edge came to. */
export const CatchUp = {
  /** It is there, or goes no further. */
  done: 0,
  /** It sent something, and there is more. */
  more: 1,
  /** It is not its time: its last burst is too young, its path is full or its transport stalled. */
  waits: 2,
  /** Its transport is full, and waited for. */
  outputFull: 3,
} as const;

/** A track as the queue knows it. */
export interface CatchingUp {
  /** Held back by its pacer, or by its transport: what it sends is live media. */
  readonly paced: boolean;
  /** The picture that it begins with has not left to its last packet. */
  readonly keyframePending: boolean;
  /** Sends the next stretch; returns a CatchUp. */
  catchUp(now: number): number;
}

/**
 * The tracks that send by a cursor of their own, and who of them goes first. Media that a pacer held
 * back is live, so it does. Newcomers come next: each gets its keyframe whole, in the order of their
 * coming, before anybody's backlog, so that a crowd waits for as long as its keyframes take and not
 * its backlogs. What came since the keyframe then goes out in turn, in the time that keyframes leave.
 */
export class CatchUpQueue {
  readonly #paced = new Line();
  readonly #keyframes = new Line();
  readonly #backlogs = new Line();
  readonly #members = new Set<CatchingUp>();
  #outputFull = false;

  get length(): number {
    return this.#members.size;
  }

  /** Tracks that have not sent their first picture to the end. */
  get keyframes(): number {
    return this.#keyframes.tracks.length;
  }

  /** A member comes into the line that it belongs to now. */
  add(track: CatchingUp): void {
    const line = this.#lineOf(track);
    if (this.#members.has(track) && line.tracks.includes(track)) return;
    this.remove(track);
    this.#members.add(track);
    line.tracks.push(track);
  }

  remove(track: CatchingUp): void {
    if (!this.#members.delete(track)) return;
    this.#paced.remove(track);
    this.#keyframes.remove(track);
    this.#backlogs.remove(track);
  }

  /**
   * One stretch for each until `deadline` (us) has passed; when it has already, one for the first of
   * each line, so that a loaded worker leaves neither live media nor newcomers waiting. True when
   * some have not had theirs.
   */
  serve(now: number, deadline: number, clock: () => number): boolean {
    this.#outputFull = false;
    this.#pass(this.#paced, now, deadline, clock);
    // Who came first is done first.
    this.#keyframes.next = 0;
    if (!this.#outputFull) this.#pass(this.#keyframes, now, deadline, clock);
    if (!this.#outputFull && this.#keyframes.left === 0)
      this.#pass(this.#backlogs, now, deadline, clock);
    else this.#backlogs.left = this.#backlogs.tracks.length;
    const left = this.#paced.left + this.#keyframes.left + this.#backlogs.left;
    return left > 0 || this.#outputFull;
  }

  /** Serves those of a line once each, as far as time and room reach. */
  #pass(line: Line, now: number, deadline: number, clock: () => number): void {
    line.moved = false;
    line.left = line.tracks.length;
    for (; line.left > 0 && !this.#outputFull; line.left -= 1) {
      if (line.moved && clock() >= deadline) return;
      if (line.next >= line.tracks.length) line.next = 0;
      const track = line.tracks[line.next];
      if (track === undefined) break;
      const result = this.#step(line, track, now);
      // The next of the line has come to its place if it left.
      if (line.tracks[line.next] !== track) continue;
      // A keyframe goes out whole.
      if (line === this.#keyframes && result === CatchUp.more) line.left += 1;
      else if (result !== CatchUp.outputFull) line.next += 1;
    }
  }

  #step(line: Line, track: CatchingUp, now: number): number {
    const result = track.catchUp(now);
    if (result !== CatchUp.waits) line.moved = true;
    if (result === CatchUp.outputFull) this.#outputFull = true;
    else if (result === CatchUp.done) this.remove(track);
    else if (this.#lineOf(track) !== line && this.#members.has(track)) this.add(track);
    return result;
  }

  #lineOf(track: CatchingUp): Line {
    if (track.paced) return this.#paced;
    return track.keyframePending ? this.#keyframes : this.#backlogs;
  }
}

/** Tracks that are served in turn; one may leave while its turn or another's is on. */
class Line {
  readonly tracks: CatchingUp[] = [];
  /** Whose turn it is. */
  next = 0;
  /** Those that the present pass has not come to, and whether somebody has sent something in it. */
  left = 0;
  moved = false;

  remove(track: CatchingUp): void {
    const at = this.tracks.indexOf(track);
    if (at < 0) return;
    this.tracks.splice(at, 1);
    if (at < this.next) this.next -= 1;
  }
}
