/** What this node answers when others ask. */
import { z } from "zod";
import { EVENT_NAME_MAX } from "../../limits.ts";
import type { Logger } from "../../log.ts";
import type { MediaPlane } from "../plane/plane.ts";
import type { Clock } from "../ports.ts";
import type { Cluster } from "./cluster.ts";
import { type Credentials, reportOf } from "./cluster-status.ts";
import { kickSession, kickStream } from "./kick.ts";
import type { Registry } from "./registry.ts";
import { type RemarkRoot, readDraft } from "./remark.ts";
import { collectStats, describeSession, describeStreams } from "./snapshot.ts";
import type { SourceRates } from "./source-rates.ts";
import type { Tails } from "./tails.ts";

/** Of one answer: what does not fit is counted. */
const LIST_BYTES_MAX = 400_000;

const speaker = z.object({
  key: z.string().max(64),
  name: z
    .string()
    .max(2 * EVENT_NAME_MAX)
    .nullable(),
  moderates: z.boolean(),
});

const question = z.union([
  z.object({ about: z.enum(["status", "streams"]) }),
  z.object({ about: z.literal("sessions"), id: z.string().optional() }),
  z.object({ about: z.literal("kick"), id: z.string() }),
  z.object({ about: z.literal("kick"), stream: z.string() }),
  z.object({ about: z.literal("say"), stream: z.string(), draft: z.unknown(), by: speaker }),
  z.object({ about: z.literal("retract"), stream: z.string(), id: z.number(), by: speaker }),
]);

export interface AnswerGround {
  readonly registry: Registry;
  readonly plane: MediaPlane;
  readonly rates: SourceRates;
  readonly tails: Tails | null;
  readonly clock: Clock;
  readonly log: Logger;
  readonly discussions: RemarkRoot;
  readonly cluster: Cluster | null;
  /** As they count now. */
  readonly auth: { readonly credentials: Credentials };
}

/** Null for what it does not know. */
export async function answerNode(
  ground: AnswerGround,
  asked: unknown,
  by: string,
): Promise<unknown> {
  const parsed = question.safeParse(asked);
  if (!parsed.success) return null;
  const { data } = parsed;
  if (data.about === "say" || data.about === "retract") return remarkOf(ground, data);
  if (data.about === "kick") {
    if ("id" in data) return kickSession(ground, data.id, by);
    return kickStream(ground, data.stream, by);
  }
  if (data.about === "sessions") {
    return data.id === undefined ? await sessionsOf(ground) : await sessionOf(ground, data.id);
  }
  if (data.about === "streams") {
    return fitting(await describeStreams(ground), "streams");
  }
  if (ground.cluster === null) return null;
  const { registry, auth } = ground;
  const { streams, ...report } = reportOf(
    ground.cluster,
    registry.streams.values(),
    auth.credentials,
  );
  // Those with most viewers first, in case that not all fit.
  const ranked = streams.toSorted((left, right) => right.viewers - left.viewers);
  return { ...report, ...fitting(ranked, "streams") };
}

type Asked = Extract<z.output<typeof question>, { readonly about: "say" | "retract" }>;

async function remarkOf({ discussions }: AnswerGround, asked: Asked): Promise<unknown> {
  const { stream, by } = asked;
  if (asked.about === "retract") return discussions.retractHere(stream, asked.id, by);
  const draft = readDraft(JSON.stringify(asked.draft ?? null));
  return "wrong" in draft ? null : discussions.sayHere(stream, draft, by);
}

/** Without their tracks: of whom more is to be known is asked for by id. */
async function sessionsOf({ registry, plane, clock }: AnswerGround): Promise<unknown> {
  const all = [...registry.sessions.all()];
  const stats = await collectStats(plane, all);
  const sessions = all.map((session) => ({
    ...describeSession(session, stats.get(session.number), clock),
    tracks: [],
  }));
  return fitting(sessions, "sessions");
}

async function sessionOf({ registry, plane, clock }: AnswerGround, id: string): Promise<unknown> {
  const session = registry.sessions.byPublicId(id);
  if (session === null) return null;
  const stats = await collectStats(plane, [session]);
  return describeSession(session, stats.get(session.number), clock);
}

/** As many as an answer takes, and how many are left out. */
function fitting(
  items: readonly unknown[],
  key: "streams" | "sessions",
): Readonly<Record<string, unknown>> {
  let bytes = 0;
  let count = 0;
  for (const item of items) {
    bytes += Buffer.byteLength(JSON.stringify(item)) + 1;
    if (bytes > LIST_BYTES_MAX) break;
    count += 1;
  }
  return { [key]: items.slice(0, count), left: items.length - count };
}
