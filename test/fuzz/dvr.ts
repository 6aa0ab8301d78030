/** Players of a playlist with DVR that ask for delta updates: what they put together is the whole one, whatever comes. */
import { DvrShow } from "../support/dvr-show.ts";
import { MergedPlaylist, type Said, saidBy } from "../support/merged-playlist.ts";
import { Dice } from "./dice.ts";
import { demand } from "./judge.ts";

const SECOND = 1_000_000;
const PLAYERS = 4;

/** One case: how many delta updates were put together. Throws when one of them was wrong. */
export function fuzzDvr(seed: number): number {
  const dice = new Dice(seed);
  const targetDurationUs = dice.pick([3, 3, 10]) * SECOND;
  const show = new DvrShow({
    seed,
    targetDurationUs,
    windowUs: dice.pick([60, 120, 240, 600]) * SECOND,
    jumps: dice.pick([0, 0, 0.01]),
    losses: dice.pick([0, 0.05, 0.5, 1]),
    gaps: dice.pick([0, 0.05, 0.5]),
    dates: dice.pick([0, 0.1, 0.6]),
  });
  const players = Array.from({ length: PLAYERS }, () => new Player(show, dice));
  const look = () => {
    for (const player of players) if (dice.chance(0.1)) player.ask();
  };
  for (let left = dice.between(100, 200); left > 0; left -= 1) {
    if (dice.chance(0.02)) forget(show, dice);
    show.segment(look);
  }
  show.end();
  for (const player of players) player.ask();
  return players.reduce((sum, { deltas }) => sum + deltas, 0);
}

/** The shelf gives up its oldest, or any of them. */
function forget({ shelf }: DvrShow, dice: Dice): void {
  const names = [...shelf.names];
  const gone = dice.chance(0.5)
    ? names.slice(0, dice.below(20))
    : names.filter(() => dice.chance(0.1));
  for (const name of gone) shelf.names.delete(name);
}

/** It asks now and then, as players may. */
class Player {
  deltas = 0;
  readonly #skip: "YES" | "v2";
  #playlist: MergedPlaylist | null = null;
  #askedAt = 0;

  constructor(
    private readonly show: DvrShow,
    dice: Dice,
  ) {
    this.#skip = dice.pick(["YES", "v2"]);
  }

  ask(): void {
    const { show } = this;
    const until = Number(/CAN-SKIP-UNTIL=([\d.]+)/.exec(show.full)![1]);
    const mayHaveDelta = show.now - this.#askedAt <= (until / 2) * SECOND;
    if (this.#playlist === null || !mayHaveDelta) this.#playlist = new MergedPlaylist(show.full);
    else {
      const text = show.delta(this.#skip);
      if (text.includes("#EXT-X-SKIP")) this.deltas += 1;
      this.#playlist.merge(text);
      compare(this.#playlist.said, saidBy(show.full));
    }
    this.#askedAt = show.now;
  }
}

function compare(mine: Said, whole: Said): void {
  for (const key of ["head", "dates", "segments", "foot"] as const) {
    const at = whole[key].findIndex((line, i) => line !== mine[key][i]);
    const same = at < 0 && mine[key].length === whole[key].length;
    demand(same, `D04: of ${key} number ${at} is ${mine[key][at]}, not ${whole[key][at]}`);
  }
}
