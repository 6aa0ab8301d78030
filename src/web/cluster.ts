/** The dashboard's view of the cluster: this node, whom it has links with, how streams come. */
import { byId, make, setText } from "./dom.ts";
import { formatCount, formatMs, formatShare } from "./format.ts";
import type { ClusterReport, ClusterStreamEntry, MemberEntry } from "./reports.ts";
import { fillTable } from "./table.ts";

/** Digits of a node's id that tell it from others. */
const ID_SHOWN = 8;

/** Hidden where the server belongs to no cluster. */
export function showCluster(report: ClusterReport): void {
  const { node, members, streams, failures } = report;
  byId("cluster").hidden = node === null;
  if (node === null) return;
  const place = node.region === "" ? node.role : `${node.role} in ${node.region}`;
  setText(byId("cluster-node"), `Node ${short(node.id)}, ${place} of “${node.cluster}”`);
  fillTable(byId("members"), members, ({ node: id }) => id, memberCells);
  byId("members-table").hidden = members.length === 0;
  fillTable(
    byId("ways"),
    streams,
    ({ name }) => name,
    (stream) => wayCells(stream, node.id, members),
  );
  byId("ways-table").hidden = streams.length === 0;
  const last = failures.at(-1);
  const failed = byId("link-failure");
  failed.hidden = members.length > 0 || last === undefined;
  if (last !== undefined) {
    setText(failed, `No link to ${last.address || short(last.node)}: ${last.reason}.`);
  }
}

function memberCells(member: MemberEntry): (string | Node)[] {
  return [
    make("code", "", short(member.node)),
    member.role,
    member.region === "" ? "–" : member.region,
    member.address,
    member.roundTripMs === null ? "–" : formatMs(member.roundTripMs),
    formatShare(member.load),
    member.version,
  ];
}

function wayCells(
  { name, path, parent, standby, children, viewers }: ClusterStreamEntry,
  self: string,
  members: readonly MemberEntry[],
): (string | Node)[] {
  const title = (id: string): string => members.find(({ node }) => node === id)?.address ?? id;
  const ids = path === null ? [] : [...path, self];
  const way = make("span", "way");
  for (const [i, id] of ids.entries()) {
    if (i > 0) way.append(" → ");
    const code = make("code", "", id === self ? "here" : short(id));
    if (id !== self) code.title = title(id);
    way.append(code);
  }
  const here = path !== null && parent === null;
  return [
    name,
    here ? "published here" : ids.length === 0 ? "nobody gives it" : way,
    standby.length === 0 ? "–" : standby.map(short).join(", "),
    formatCount(children),
    formatCount(viewers),
  ];
}

function short(id: string): string {
  return id.slice(0, ID_SHOWN);
}
