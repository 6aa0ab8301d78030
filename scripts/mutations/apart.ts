/** Two parents at once: on ways apart, the shortest, and by whose way the stream comes. */
import { type Mutation, rule } from "./rule.ts";

const CASCADE = "src/cascade/";

export const APART: readonly Mutation[] = [
  rule("cascade-apart", `${CASCADE}pull.ts`, "(isApart || sharesNode(parent, this.path))", "true"),
  rule("cascade-apart", `${CASCADE}pull.ts`, " || sharesNode(parent, this.path))", ")"),
  rule("cascade-apart", `${CASCADE}apart.ts`, "rank(left) - rank(right)", "0"),
  rule("cascade-apart", `${CASCADE}pull.ts`, "isGiven && !this.search", "false && !this.search"),
  rule("cascade-apart", `${CASCADE}pull.ts`, "isGiven && !this.search", "!this.search"),
  rule("cascade-ways", `${CASCADE}whole-way.ts`, "if (trip === null) return null;", ""),
  rule("cascade-ways", `${CASCADE}whole-way.ts`, "HOP_US + trip / 2", "HOP_US"),
  rule("cascade-ways", `${CASCADE}apart.ts`, "(way(link) ?? most) < most", "false"),
  rule("cascade-ways", `${CASCADE}apart.ts`, "Math.max(SHORTER_US, present / 4)", "0"),
  rule("cascade-ways", `${CASCADE}parents.ts`, " || way(left) - way(right)", ""),
  rule("cascade-ways", `${CASCADE}cores.ts`, "if (this.#tripsChanged()) this.#changed = true;", ""),
  rule("cascade-standby", `${CASCADE}search.ts`, "shares ? NO_SECOND_WAY_US : ", ""),
  rule("cascade-ways", `${CASCADE}search.ts`, "if (apart) this", "if (!apart) this"),
  rule("cascade-first", `${CASCADE}parents.ts`, "used.length > 0 ? used : giving", "giving"),
];
