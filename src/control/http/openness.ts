/** What needs no token. Decided when the server starts; a reload can only take away from it. */
import type { Config } from "../../config.ts";
import { isOpenByDefault } from "../../config.ts";
import { matchesPattern } from "./pattern.ts";

/** Rights that a hook can speak for; the API is not its business. */
export type HookRight = "publish" | "view";

/** What a rule of [[streams]] says of watching. */
interface ViewRule {
  readonly match: string;
  readonly open: boolean;
}

export interface Openness {
  /** Everything, to everybody (--insecure). */
  readonly everybody: boolean;
  /** Everything, to programs on this machine and to the server's own pages there. */
  readonly loopback: boolean;
  /** Pages of these origins count as own ones (cors-origins). */
  readonly origins: readonly string[];
  /** PATCH and DELETE of a session, to whoever knows its URL. */
  readonly sessionUrlIsProof: boolean;
  /** Rights for which no token is configured, so that the hook alone decides. */
  readonly hookDecides: readonly HookRight[];
  /** The first match of a list says whether anybody may watch a stream; all lists must agree. */
  readonly rules: readonly (readonly ViewRule[])[];
}

export function opennessOf(config: Config): Openness {
  return {
    everybody: config.insecure,
    loopback: isOpenByDefault(config),
    origins: config.corsOrigins,
    sessionUrlIsProof: config.auth.sessionUrlIsProof,
    hookDecides: (["publish", "view"] as const).filter((right) => hookDecides(config, right)),
    rules: [config.streams.map(({ match, view }) => ({ match, open: view === "open" }))],
  };
}

/** What both allow. */
export function narrow(before: Openness, after: Openness): Openness {
  return {
    everybody: before.everybody && after.everybody,
    loopback: before.loopback && after.loopback,
    origins: before.origins.filter((origin) => after.origins.includes(origin)),
    sessionUrlIsProof: before.sessionUrlIsProof && after.sessionUrlIsProof,
    hookDecides: before.hookDecides.filter((right) => after.hookDecides.includes(right)),
    // Every list that ever held: what one of them took away comes back with a restart only.
    rules: [...before.rules, ...after.rules.filter((rules) => !isKnown(before, rules))],
  };
}

/** Whether anybody may watch the stream (`view = "open"` in [[streams]]). */
export function isViewable({ rules }: Openness, stream: string): boolean {
  return rules.every((list) => list.find(({ match }) => matchesPattern(match, stream))?.open);
}

/** Whether there are streams that anybody may watch. */
export function hasViewable({ rules }: Openness): boolean {
  return rules.every((list) => list.some(({ open }) => open));
}

/** In words, for the log and `doctor`. */
export function describeOpenness(openness: Openness): string {
  const { everybody, loopback, origins, hookDecides: hooked } = openness;
  if (everybody) return "everything, to everybody (--insecure)";
  const parts: string[] = [];
  if (loopback)
    parts.push("everything, to programs and to this server's own pages on this machine");
  if (loopback && origins.length > 0) parts.push(`the same, to pages of ${origins.join(", ")}`);
  if (!loopback && hooked.length > 0) parts.push(`${hooked.join(" and ")}, if the hook allows it`);
  const open = openness.rules.at(-1)!.filter((rule) => rule.open);
  if (hasViewable(openness)) parts.push(`watching ${open.map(({ match }) => match).join(", ")}`);
  return parts.length === 0 ? "nothing" : parts.join("; ");
}

/** What a new configuration would open that is not open: it takes a restart. */
export function notOpened(before: Openness, after: Openness): readonly string[] {
  const wider: string[] = [];
  if (after.everybody && !before.everybody) wider.push("insecure");
  const origins = after.origins.filter((origin) => !before.origins.includes(origin));
  if (origins.length > 0) wider.push(`cors-origins (${origins.join(", ")})`);
  if (after.sessionUrlIsProof && !before.sessionUrlIsProof) wider.push("auth.session-url-is-proof");
  const [started = []] = before.rules;
  const open = after.rules
    .flat()
    .filter(
      ({ open, match }) => open && !started.some((rule) => rule.open && rule.match === match),
    );
  if (open.length > 0) wider.push(`view = "open" (${open.map(({ match }) => match).join(", ")})`);
  return wider;
}

function isKnown({ rules }: Openness, list: readonly ViewRule[]): boolean {
  return rules.some((known) => JSON.stringify(known) === JSON.stringify(list));
}

/** With a hook and nothing configured that could grant the right, the hook alone decides. */
function hookDecides({ auth, hook }: Config, right: HookRight): boolean {
  if (hook === null || auth.keys.length > 0) return false;
  return !auth.tokens.some((token) => token.rights.includes(right));
}
