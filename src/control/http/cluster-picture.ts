/** One picture of the cluster out of what this node knows and what the others say of themselves. */
import type { LinkState } from "../../contract/cluster.ts";
import type { Reply } from "../streams/cluster-asks.ts";
import { NOT_COMING, type NodeReport, type Way } from "../streams/cluster-status.ts";
import { type Report, reportSchema, type Status } from "./status-schemas.ts";

export function pictureOf(
  own: NodeReport,
  links: readonly LinkState[],
  replies: readonly Reply[],
): Omit<Status, "version"> {
  const reports = replies.flatMap(({ node, value }) => {
    const { data } = reportSchema.safeParse(value);
    return data === undefined || data.id !== node ? [] : [data];
  });
  const all = [mutable(own), ...reports];
  const { streams: _streams, failures: _failures, version: _version, ...node } = mutable(own);
  return {
    node,
    members: membersOf(links, replies, reports),
    secrets: secretsOf(all),
    differences: [...differencesOf(all, "token"), ...differencesOf(all, "key")],
    streams: streamsOf(own, all),
    failures: all.flatMap(({ id, failures }) => failures.map((each) => ({ ...each, at: id }))),
  };
}

function mutable(report: NodeReport): Report {
  return structuredClone(report) as Report;
}

/** Those with a link first. */
function membersOf(
  links: readonly LinkState[],
  replies: readonly Reply[],
  reports: readonly Report[],
): Status["members"] {
  const linked = links.map(({ node }) => node);
  const others = replies.map(({ node }) => node).filter((node) => !linked.includes(node));
  return [...linked, ...others].map((node) => {
    const link = links.find((each) => each.node === node);
    const report = reports.find(({ id }) => id === node);
    return {
      node,
      linked: link !== undefined,
      answered: report !== undefined,
      role: report?.role ?? link?.role ?? null,
      region: report?.region ?? link?.region ?? "",
      version: report?.version ?? link?.version ?? "",
      url: report?.url ?? link?.url ?? "",
      address: link?.address ?? report?.addresses[0] ?? "",
      roundTripMs: link?.roundTripMs ?? null,
      datagramBytes: link?.datagramBytes ?? null,
      trouble: link?.trouble ?? null,
      load: link?.load ?? null,
      filled: link?.filled ?? null,
      // A link tells them once; they may be others by now.
      accepts: report?.accepts ?? [...(link?.accepts ?? [])],
      tokens: report?.tokens ?? null,
      keys: report?.keys ?? null,
      names: report?.names ?? null,
    };
  });
}

function secretsOf(reports: readonly Report[]): Status["secrets"] {
  const ids = new Set(reports.flatMap(({ accepts }) => accepts));
  return [...ids].map((id) => ({
    ...shared(id, reports, ({ accepts }) => accepts),
    used: reports.filter(({ accepts }) => accepts[0] === id).map((report) => report.id),
  }));
}

function differencesOf(reports: readonly Report[], kind: "token" | "key"): Status["differences"] {
  const of = ({ tokens, keys }: Report): string[] => (kind === "token" ? tokens : keys);
  const ids = new Set(reports.flatMap(of));
  return [...ids]
    .map((id) => ({ kind, ...shared(id, reports, of) }))
    .filter(({ lack }) => lack.length > 0);
}

function shared(id: string, reports: readonly Report[], of: (report: Report) => string[]) {
  const nodes = (having: boolean): string[] =>
    reports.filter((report) => of(report).includes(id) === having).map((report) => report.id);
  return { id, have: nodes(true), lack: nodes(false) };
}

/** All that some node has, by name. */
function streamsOf(own: NodeReport, reports: readonly Report[]): Status["streams"] {
  const names = new Set(reports.flatMap(({ streams }) => streams.map(({ name }) => name)));
  return [...names].toSorted().map((name) => {
    const nodes = reports.flatMap(({ id, streams }) => {
      const way = streams.find((each) => each.name === name);
      if (way === undefined) return [];
      const { name: _name, ...rest } = way;
      return [{ node: id, ...rest }];
    });
    const here = own.streams.find((each) => each.name === name);
    return {
      ...(here === undefined ? absent(name, nodes) : copied(here)),
      here: here !== undefined,
      nodes,
    };
  });
}

/** What is known of a stream that this node has not: whose it is. */
function absent(name: string, nodes: Status["streams"][number]["nodes"]) {
  const [newest] = nodes.toSorted((left, right) => (right.epoch ?? 0) - (left.epoch ?? 0));
  const { epoch, owner } = newest!;
  return { name, epoch, owner, ...NOT_COMING, path: null, children: 0, viewers: 0 };
}

function copied({ standby, path, withheld, ...way }: Way) {
  const lists = { standby: [...standby], withheld: [...withheld] };
  return { ...way, ...lists, path: path === null ? null : [...path] };
}
