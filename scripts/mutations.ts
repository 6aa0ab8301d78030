/**
 * Each rule of WHIP and WHEP switched off by one small change of a source: `bun run mutate` applies
 * them one by one to a copy of the tree and expects the tests named by the ids to fail.
 */
import { ACCESS } from "./mutations/access.ts";
import { APART } from "./mutations/apart.ts";
import { ARCHIVES } from "./mutations/archive.ts";
import { CASCADES } from "./mutations/cascade.ts";
import { DTLS } from "./mutations/dtls.ts";
import { ENDPOINTS } from "./mutations/endpoints.ts";
import { EVENTS } from "./mutations/events.ts";
import { EXTENSIONS } from "./mutations/extensions.ts";
import { HANDOVERS } from "./mutations/handovers.ts";
import { HELD } from "./mutations/holding.ts";
import { JOINS } from "./mutations/joins.ts";
import { LINKS } from "./mutations/links.ts";
import { LOAD } from "./mutations/load.ts";
import { MEDIA } from "./mutations/media.ts";
import { MEMORY } from "./mutations/memory.ts";
import { NAMES } from "./mutations/names.ts";
import { PATCHES } from "./mutations/patches.ts";
import { PATHS } from "./mutations/paths.ts";
import { QUIRKS } from "./mutations/quirks.ts";
import { REPAIRS } from "./mutations/repair.ts";
import { REST } from "./mutations/rest.ts";
import { RINGS } from "./mutations/rings.ts";
import { ROLE_CHANGES } from "./mutations/roles.ts";
import type { Mutation } from "./mutations/rule.ts";
import { SAMPLES } from "./mutations/samples.ts";
import { SHARES } from "./mutations/shares.ts";
import { TAIL } from "./mutations/tail.ts";
import { TCP } from "./mutations/tcp.ts";
import { TIER_RULES } from "./mutations/tiers.ts";

/** Covered ids without a mutation, and why. */
export const UNMUTATED: Readonly<Record<string, string>> = {
  W67: "no rule: SVC has no negotiation that could be switched off",
};

export const MUTATIONS: readonly (Omit<Mutation, "ids"> & { readonly ids: readonly string[] })[] = [
  ...ENDPOINTS,
  ...PATCHES,
  ...PATHS,
  ...MEDIA,
  ...TCP,
  ...REST,
  ...EXTENSIONS,
  ...EVENTS,
  ...QUIRKS,
  ...ACCESS,
  ...MEMORY,
  ...DTLS,
  ...JOINS,
  ...SHARES,
  ...RINGS,
  ...HELD,
  ...LINKS,
  ...ROLE_CHANGES,
  ...APART,
  ...CASCADES,
  ...HANDOVERS,
  ...REPAIRS,
  ...LOAD,
  ...SAMPLES,
  ...TAIL,
  ...ARCHIVES,
  ...NAMES,
  ...TIER_RULES,
].map((mutation) => ({ ...mutation, ids: mutation.ids.split(" ") }));
