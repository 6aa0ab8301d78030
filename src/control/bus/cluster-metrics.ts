import type { ClusterState, LinkState, PullState } from "../../contract/cluster.ts";
import type { NamesState } from "../etcd/etcd-names.ts";
import type { Fullness } from "../streams/room.ts";
import type { Exposition } from "./exposition.ts";

/** Links, and streams that come by them; nothing where the server belongs to no cluster. */
export function writeClusterMetrics(
  out: Exposition,
  state: ClusterState | null,
  sentOn: ReadonlyMap<Fullness, number>,
): void {
  if (state === null) return;
  out.family("cluster_links", "gauge", "Nodes that this one has a link with.");
  out.value("cluster_links", "", state.links.length);
  writeLinks(out, state.links);
  out.family("cluster_link_failures", "gauge", "Links that could not be, as status tells them.");
  out.value("cluster_link_failures", "", state.failures.length);
  const redirects = "Viewers that were sent to another node, by why this one takes no more.";
  out.family("cluster_redirects_total", "counter", redirects);
  for (const [reason, total] of sentOn) {
    out.value("cluster_redirects_total", `reason="${reason}"`, total);
  }
  writePulls(out, state.pulls);
  out.family("cluster_published", "gauge", "Streams that this node has told others of.");
  out.value("cluster_published", "", state.published.length);
}

/** What etcd says of names; nothing where it is not asked. */
export function writeNamesMetrics(out: Exposition, names: NamesState | null): void {
  if (names === null) return;
  out.family("cluster_names_reachable", "gauge", "1 while etcd can be asked whose a name is.");
  out.value("cluster_names_reachable", "", names.trouble === null ? 1 : 0);
  out.family("cluster_names_owned", "gauge", "Names that this node has in etcd.");
  out.value("cluster_names_owned", "", names.owned);
  const claims =
    "Publishers' names asked for: won, taken by another node, or away: etcd did not answer.";
  out.family("cluster_names_claims_total", "counter", claims);
  for (const [verdict, total] of Object.entries(names.verdicts)) {
    out.value("cluster_names_claims_total", `result="${verdict}"`, total);
  }
  out.family("cluster_names_lost_total", "counter", "Names of this node that became another's.");
  out.value("cluster_names_lost_total", "", names.lost);
}

function writeLinks(out: Exposition, links: readonly LinkState[]): void {
  const roundTrip = "Shortest round trip of late to a node that this one has a link with.";
  out.family("cluster_link_round_trip_seconds", "gauge", roundTrip);
  const datagram = "Longest datagram that the path to that node was found to take, of UDP.";
  out.family("cluster_link_datagram_bytes", "gauge", datagram);
  out.family("cluster_link_load", "gauge", "Share of a core that the relay of that node is busy.");
  const filled = "Share of what that node may give to viewers that it gives; 1 takes no more.";
  out.family("cluster_link_filled", "gauge", filled);
  out.family("cluster_link_streams", "gauge", "Streams of a link, by who gives them.");
  out.family("cluster_link_datagrams_total", "counter", "Datagrams of a link, by direction.");
  out.family("cluster_link_bytes_total", "counter", "Frames in them, in bytes.");
  const troubles = "How often a link began to lose, to be late or not to answer.";
  out.family("cluster_link_troubles_total", "counter", troubles);
  for (const link of links) {
    const label = `node="${link.node}"`;
    if (link.roundTripMs !== null) {
      out.value("cluster_link_round_trip_seconds", label, link.roundTripMs / 1000);
    }
    out.value("cluster_link_datagram_bytes", label, link.datagramBytes);
    out.value("cluster_link_load", label, link.load);
    out.value("cluster_link_troubles_total", label, link.troubles);
    if (link.filled !== null) out.value("cluster_link_filled", label, link.filled);
    out.value("cluster_link_streams", `${label},from="there"`, link.pulls);
    out.value("cluster_link_streams", `${label},from="here"`, link.children);
    out.value("cluster_link_datagrams_total", `${label},direction="in"`, link.datagramsIn);
    out.value("cluster_link_datagrams_total", `${label},direction="out"`, link.datagramsOut);
    out.value("cluster_link_bytes_total", `${label},direction="in"`, link.bytesIn);
    out.value("cluster_link_bytes_total", `${label},direction="out"`, link.bytesOut);
  }
}

function writePulls(out: Exposition, pulls: readonly PullState[]): void {
  out.family("cluster_pulls", "gauge", "Streams that come from other nodes, by whether they do.");
  const given = pulls.filter(({ path }) => path !== null).length;
  out.value("cluster_pulls", 'state="given"', given);
  out.value("cluster_pulls", 'state="missing"', pulls.length - given);
  out.family("cluster_media_age_seconds", "gauge", "Age of media when it comes here, by stream.");
  for (const { name, ageMs } of pulls) {
    if (ageMs === null) continue;
    out.value("cluster_media_age_seconds", `stream=${JSON.stringify(name)}`, ageMs / 1000);
  }
  const filled = "Packets that were missing here and that another than the parent gave, by stream.";
  out.family("cluster_filled_total", "counter", filled);
  for (const pull of pulls) {
    out.value("cluster_filled_total", `stream=${JSON.stringify(pull.name)}`, pull.filled);
  }
}
