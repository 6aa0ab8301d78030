/** What is said of streams: numbers, rates, rights, and what is kept of it. */

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: sources are quoted as they stand.

import { CONTROL, type Mutation, rule } from "./rule.ts";

const DISCUSSION = `${CONTROL}bus/discussion.ts`;
const AGENDA = "src/web/agenda.ts";
const ROUTES = `${CONTROL}http/remarks.ts`;

export const EVENTS: readonly Mutation[] = [
  rule("EV1", DISCUSSION, "if (term !== this.#term) {", "if (this.#last === 0) {"),
  rule("EV1", DISCUSSION, "if (remark.id <= this.#last) return false;", ""),
  rule("EV2", DISCUSSION, 'if (!this.#ground.budgets.take(now, by.key, 1)) return "rate";', ""),
  rule("EV3", DISCUSSION, "Math.abs(at - wall)", "at - wall"),
  rule("EV4", DISCUSSION, "!by.moderates && entry.by !== by.key", "false"),
  rule("EV4", DISCUSSION, "|| entry.remark.type === RETRACT", ""),
  rule("EV5", ROUTES, "isChat && hasChat ?", "hasChat ?"),
  rule("EV5", ROUTES, "isChat && hasChat ?", "isChat ?"),
  rule("EV5", ROUTES, "await askHook(c, services, role, name)", "null"),
  rule(
    "EV6",
    `${CONTROL}bus/event-stream.ts`,
    "${JSON.stringify(data)}",
    "${JSON.stringify(data).replaceAll('\\\\n', '\\n')}",
  ),
  rule("EV7", ROUTES, "services.seats.free(seat)", "undefined"),
  rule("EV7", ROUTES, "loopback ? null : address", "null"),
  rule("EV7", `${CONTROL}bus/listeners.ts`, "isMany && now", "false && now"),
  rule("EV8", DISCUSSION, "now - oldest.since <= EVENTS_KEPT_US", "true"),
  rule("EV8", `${CONTROL}bus/event-stream.ts`, "filter(({ numbered }) => !numbered)", "slice()"),
  rule("EV9", DISCUSSION, 'if (remark.type === "reaction") return;', ""),
  rule("EV9", `${CONTROL}bus/tallies.ts`, "now - this.#toldAt >= REACTIONS_US", "true"),
  rule("EV10", "src/packager/playlist.ts", "dates?.since(first.wallUs)", "dates?.since(0)"),
  rule("EV10", "src/packager/packager.ts", "dates.remove(command.id);", "dates;"),
  rule(
    "EV10",
    `${CONTROL}streams/tails.ts`,
    "saidOf(stream.name)) this.#date(stream, remark);",
    "[]) this.#date(stream, remark);",
  ),
  rule(
    "EV11",
    "src/relay/told-remarks.ts",
    "this.#options.isOwn(child) || this.#newest.has(stream)",
    "true",
  ),
  rule("EV11", "src/relay/told-remarks.ts", "if (this.#listening.has(child)) send", "send"),
  rule("EV11", "src/relay/told-remarks.ts", "filter(({ id }) => id > newest)", "slice()"),
  rule(
    "EV12",
    `${CONTROL}bus/discussions.ts`,
    'if (stream.source?.origin.kind !== "link") return;',
    "return;",
  ),
  rule(
    "EV12",
    `${CONTROL}bus/discussions.ts`,
    "isHere ? null : (cluster?.ownerOf(name) ?? null)",
    "null",
  ),
  rule("EV13", AGENDA, "event.at <= (captureMs ?? Number.NEGATIVE_INFINITY)", "true"),
  rule("EV13", AGENDA, "if (this.#known.has(event.id)) return;", ""),
  rule("EV13", AGENDA, "waiting.event.id !== id", "true"),
  rule("EV13", AGENDA, "nowMs - sinceMs >= heldMs", "false"),
];
