/**
 * What a ticket of a redirect is good for (once, how long, where, by whose key, how far, for what), and
 * what a link may carry.
 */
import { CONTROL, type Mutation, rule } from "./rule.ts";

const TICKETS = `${CONTROL}http/tickets.ts`;
const TICKET = `${CONTROL}http/ticket.ts`;

export const LOAD: readonly Mutation[] = [
  rule("ticket-once", TICKETS, "if (!this.#used.isNew(nonce))", "if (false)"),
  rule("ticket-once", TICKETS, "expiresMs - TICKET_LIFE_MS < this.#startedMs", "false"),
  rule("ticket-once", `${CONTROL}http/nonces.ts`, "if (nowMs < until) break;", ""),
  rule("ticket-once", TICKETS, "now + this.#leftMs(ticket), now)", "now + 1, now)"),
  rule("ticket-time", TICKETS, "if (left <= 0)", "if (false)"),
  rule("ticket-time", TICKETS, "if (left > most)", "if (false)"),
  rule(
    "ticket-clock",
    TICKETS,
    "if (boot !== null && boot !== ",
    "if (boot !== null && boot === null && boot !== ",
  ),
  rule("ticket-clock", TICKETS, "(clock.now() + theirs.aheadUs) / 1000", "clock.now() / 1000"),
  rule("ticket-clock", TICKETS, "TICKET_LIFE_MS + GUESS_MAX_MS", "2 * TICKET_LIFE_MS"),
  rule("ticket-place", TICKETS, "if (audience !== self)", "if (false)"),
  rule("ticket-place", TICKETS, "if (ticket.stream !== stream)", "if (false)"),
  rule("ticket-key", TICKET, "if (!keys.some(", "if (keys.length === 0 && !keys.some("),
  rule("ticket-key", TICKET, 'bytes.toString("base64url") !== text', "false"),
  rule("ticket-key", TICKETS, "if (secrets !== this.#secrets)", "if (this.#keys.length === 0)"),
  rule(
    "ticket-hops",
    `${CONTROL}http/handover.ts`,
    "if (via.length >= TICKET_HOPS_MAX) return null;",
    "",
  ),
  rule("ticket-hops", TICKETS, "via.length > TICKET_HOPS_MAX || ", ""),
  rule("ticket-hops", `${CONTROL}streams/neighbours.ts`, " || via.includes(node)", ""),
  rule(
    "ticket-limits",
    `${CONTROL}http/whep.ts`,
    ", grant.limits);\n  const elsewhere",
    ");\n  const elsewhere",
  ),
  rule("ticket-proof", `${CONTROL}http/auth.ts`, "session.byTicket || ", ""),
  rule(
    "ticket-hook",
    `${CONTROL}http/whep.ts`,
    'ticket === null ? await askHook(c, services, "viewer", name) : null',
    'await askHook(c, services, "viewer", name)',
  ),
  rule(
    "link-rate",
    "src/cascade/admission.ts",
    'if (!carries(child.link, mine ? copy.stream : null)) return "full";',
    "",
  ),
  rule(
    "link-rate",
    "src/cascade/admission.ts",
    "next.mode === child.mode || this.#options.carries(child.link, child.stream)",
    "true",
  ),
  rule("link-rate", "src/cascade/child.ts", "having.length > 0 ? having : those", "having"),
  rule(
    "link-rate",
    "src/relay/link-share.ts",
    "for (const each of this.#offers.flowing(link)) sum += bitrateOf(each);",
    "",
  ),
  rule(
    "link-rate",
    "src/relay/link-share.ts",
    "if (sum === 0 && video.length > 0) return VIEWER_BITS_ASSUMED;",
    "",
  ),
];
