/** Two parents at once: on ways apart, and by whose way the stream comes. */
import { type Mutation, rule } from "./rule.ts";

const CASCADE = "src/cascade/";

export const APART: readonly Mutation[] = [
  rule("cascade-apart", `${CASCADE}pull.ts`, "(isApart || sharesNode(parent, this.path))", "true"),
  rule("cascade-apart", `${CASCADE}pull.ts`, " || sharesNode(parent, this.path))", ")"),
  rule("cascade-apart", `${CASCADE}apart.ts`, "rank(left) - rank(right)", "0"),
  rule("cascade-apart", `${CASCADE}pull.ts`, "isGiven && !this.search", "false && !this.search"),
  rule("cascade-apart", `${CASCADE}pull.ts`, "isGiven && !this.search", "!this.search"),
  rule("cascade-first", `${CASCADE}parents.ts`, "used.length > 0 ? used : giving", "giving"),
];
