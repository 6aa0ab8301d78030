/** How a link goes on by one association after the other, and how its end is told. */
import { type Mutation, rule } from "./rule.ts";

const HANDOVER = "src/cascade/handover.ts";
const MEMBERS = "src/cascade/members.ts";
const RIVALS = "src/cascade/rivals.ts";

export const HANDOVERS: readonly Mutation[] = [
  rule("cascade-rekey", HANDOVER, " && session === this.#other", ""),
  rule("cascade-rekey", HANDOVER, " || !sameBytes(association, this.#association)", ""),
  rule("cascade-rekey", HANDOVER, " && age >= APART_US", ""),
  rule("cascade-rekey", HANDOVER, "Math.max(sent, received) >=", "sent >="),
  rule(
    "cascade-rekey",
    "src/relay/link-output.ts",
    "    port.buffer.set(this.buffer.subarray(0, this.#length));\n",
    "",
  ),
  rule(
    "cascade-rekey",
    "src/relay/carriers.ts",
    "this.#heir(port, security, address, now) || ",
    "",
  ),
  rule(
    "cascade-close",
    "src/relay/carriers.ts",
    "if (carrier.link?.leaves) this.#leaving",
    "if (carrier.link === null) this.#leaving",
  ),
  rule("cascade-close", "src/relay/carriers.ts", "      carrier.link.leave(now);\n", ""),
  rule("cascade-close", "src/relay/carriers.ts", "now < until && ", ""),
  rule("cascade-resume", HANDOVER, "return this.#accepted;", "return true;"),
  rule("cascade-resume", HANDOVER, "    this.#stepUntil = now + 2 * this.#retiringUs;\n", ""),
  rule("cascade-resume", "src/relay/carriers.ts", "this.#dialled.add(port);", ";"),
  rule("cascade-resume", HANDOVER, 'this.#step === "resuming" && this.#options.lower', "false"),
  rule(
    "cascade-resume",
    HANDOVER,
    "if (!known) this.#separate(now);",
    "if (false) this.#separate(now);",
  ),
  rule(
    "cascade-resume",
    "src/relay/carriers.ts",
    "if (link.open && link.isQuiet(now)) carrier",
    "if (link.closed) carrier",
  ),
  rule(
    "cascade-resume",
    "src/relay/carriers.ts",
    "sameBytes(each.association, association);",
    "each.link.open;",
  ),
  rule("cascade-resume", MEMBERS, "Math.max(place.nextAt, this.#now + SETTLE_US)", "place.nextAt"),
  rule("cascade-rivals", RIVALS, "one.end === other.end &&", "false &&"),
  rule("cascade-rivals", RIVALS, " && Math.abs(link.begunAt - before.begunAt) < TOGETHER_US", ""),
  rule("cascade-resume", MEMBERS, "      place.dialledAt = null;\n      return;\n", ""),
];
