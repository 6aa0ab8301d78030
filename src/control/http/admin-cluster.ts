/** What /api/v1 says of the whole cluster: this node's word and that of the others, in one answer. */
import { z } from "@hono/zod-openapi";
import type { HeardStream } from "../../contract/cluster.ts";
import type { Cluster } from "../streams/cluster.ts";
import type { ClusterQuestion, Reply } from "../streams/cluster-asks.ts";
import { sessionSchema, streamSchema } from "./admin-schemas.ts";

export const scopeQuery = z.object({
  scope: z
    .enum(["cluster", "node"])
    .default("cluster")
    .describe("Whether other nodes are asked too; each has a second to answer."),
});
export type Scope = z.infer<typeof scopeQuery>["scope"];

/** Who was asked, beside the node itself; nobody where it belongs to no cluster. */
export const nodesSchema = z
  .array(
    z.object({
      node: z.string(),
      answered: z.boolean().describe("In time. What it has is not in here otherwise."),
      left: z.number().int().describe("What it has beyond the 400 kB of one answer."),
    }),
  )
  .describe("The other nodes, all that were asked.");
type Asked = z.infer<typeof nodesSchema>[number];

type StreamEntry = z.infer<typeof streamSchema>;
type SessionEntry = z.infer<typeof sessionSchema>;

/** Between a session's id and its node's. */
const AT = "@";
const NODE_ID = /^[0-9a-f]{32}$/;
/** Digits that tell a node from others. */
const DIGITS_MIN = 8;

export async function lookAll(
  cluster: Cluster | null,
  scope: Scope,
  about: "streams" | "sessions",
): Promise<Reply[]> {
  return cluster === null || scope === "node" ? [] : await cluster.asks.look(about);
}

export function askedNodes(replies: readonly Reply[]): Asked[] {
  return replies.map(({ node, answered, value }) => {
    const left = z.object({ left: z.number().int() }).safeParse(value);
    return { node, answered, left: left.success ? left.data.left : 0 };
  });
}

/** As a list has it. */
export const listedSession = sessionSchema.extend({
  node: z.string().nullable().describe("Where it is; null where the server belongs to no cluster."),
});

/** Sessions of all nodes; those of others are known by ID@NODE. */
export function allSessions(
  own: readonly SessionEntry[],
  self: string | null,
  replies: readonly Reply[],
): z.infer<typeof listedSession>[] {
  const shape = z.object({ sessions: z.array(sessionSchema) });
  const others = replies.flatMap(({ node, value }) => {
    const sessions = shape.safeParse(value).data?.sessions ?? [];
    return sessions.map((each) => ({ ...each, id: `${each.id}${AT}${node}`, node }));
  });
  return [...own.map((each) => ({ ...each, node: self })), ...others];
}

/** Each name once: as the node with its publisher says it, with the viewers of all. */
export function allStreams(own: readonly StreamEntry[], replies: readonly Reply[]): StreamEntry[] {
  const shape = z.object({ streams: z.array(streamSchema) });
  const told = replies.map(({ value }) => shape.safeParse(value).data?.streams ?? []);
  const all = new Map<string, StreamEntry>();
  for (const stream of [own, ...told].flat()) {
    const before = all.get(stream.name);
    all.set(stream.name, before === undefined ? stream : joined(before, stream));
  }
  return [...all.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
}

function joined(left: StreamEntry, right: StreamEntry): StreamEntry {
  const rank = ({ origin }: StreamEntry) => (origin === "session" ? 2 : origin === "link" ? 1 : 0);
  const first = rank(right) > rank(left) ? right : left;
  return {
    ...first,
    viewers: left.viewers + right.viewers,
    publishers: left.publishers + right.publishers,
    hls: joinedTails(left.hls, right.hls),
  };
}

/** As this node's own stands, which comes first, with the viewers of all. */
function joinedTails(left: StreamEntry["hls"], right: StreamEntry["hls"]): StreamEntry["hls"] {
  const first = left ?? right;
  return first && { ...first, viewers: (left?.viewers ?? 0) + (right?.viewers ?? 0) };
}

/** A stream of another node that nobody watches here: of its media its tracks are known, no more. */
export function describeHeard({ name, tracks }: HeardStream): StreamEntry {
  const of = (kind: "audio" | "video") => tracks.find((track) => track.kind === kind);
  const [audio, video] = [of("audio"), of("video")];
  return {
    ...{ name, live: true, origin: "link" as const, viewers: 0, publishers: 0, uptimeSeconds: 0 },
    hls: null,
    recording: null,
    video:
      video === undefined
        ? null
        : { codec: video.codec, width: 0, height: 0, bitrate: 0, framesPerSecond: null },
    audio:
      audio === undefined ? null : { codec: audio.codec, bitrate: 0, channels: audio.channels },
  };
}

/** ID@NODE taken apart; null for this node itself. The first digits of a node's id will do. */
export function elsewhere(
  text: string,
  cluster: Cluster | null,
): { readonly id: string; readonly node: string | null } {
  const at = text.indexOf(AT);
  if (cluster === null || at < 0) return { id: text, node: null };
  const [id, said] = [text.slice(0, at), text.slice(at + 1)];
  const { node: self } = cluster.setup;
  const known = [self, ...(cluster.state?.links ?? []).map(({ node }) => node)];
  const meant = said.length < DIGITS_MIN ? [] : known.filter((node) => node.startsWith(said));
  const node = meant.length === 1 ? meant[0]! : said;
  return { id, node: node === self ? null : node };
}

/** What one other node answers. */
export async function askNode(
  cluster: Cluster,
  question: ClusterQuestion,
  node: string,
): Promise<Reply> {
  const nobody = { node, answered: false, value: null };
  if (!NODE_ID.test(node)) return { ...nobody, answered: true };
  const replies = await cluster.asks.ask(question, node);
  return replies.find((reply) => reply.node === node) ?? nobody;
}
