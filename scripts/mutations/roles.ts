/** Who of a cluster is a core: who steps back, who steps up, and what others hear of it. */
import { type Mutation, rule } from "./rule.ts";

const CASCADE = "src/cascade/";
const ROLES = `${CASCADE}roles.ts`;
const CORES = `${CASCADE}cores.ts`;
const NAMES = `${CASCADE}name-exchange.ts`;

export const ROLE_CHANGES: readonly Mutation[] = [
  rule("cascade-roles", ROLES, "before < coresMaxOf(self.wish)", "before >= 0"),
  rule("cascade-roles", ROLES, "told === selfTold ? node < self.id : told", "node < self.id"),
  rule("cascade-roles", ROLES, "SPREAD_US * drawn;", "0 * drawn;"),
  rule("cascade-roles", ROLES, "cores.size >= coresMaxOf(self.wish)", "cores.size >= 0"),
  rule("cascade-roles", CORES, "this.#fallen.has(link) && !isUsed(link)", "false"),
  rule("cascade-roles", CORES, "this.#lookAt = now + STEPPING_BACK_US;", ""),
  rule("cascade-roles", NAMES, "for (const { name } of told) this.#spread(name);", ""),
];
