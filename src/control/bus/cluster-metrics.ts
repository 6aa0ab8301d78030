import type { ClusterState } from "../../contract/cluster.ts";
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
  const roundTrip = "Shortest round trip of late to a node that this one has a link with.";
  out.family("cluster_link_round_trip_seconds", "gauge", roundTrip);
  out.family("cluster_link_load", "gauge", "Share of a core that the relay of that node is busy.");
  for (const { node, roundTripMs, load } of state.links) {
    const label = `node="${node}"`;
    if (roundTripMs !== null) {
      out.value("cluster_link_round_trip_seconds", label, roundTripMs / 1000);
    }
    out.value("cluster_link_load", label, load);
  }
  const filled = "Share of what that node may give to viewers that it gives; 1 takes no more.";
  out.family("cluster_link_filled", "gauge", filled);
  for (const { node, filled } of state.links) {
    if (filled !== null) out.value("cluster_link_filled", `node="${node}"`, filled);
  }
  const redirects = "Viewers that were sent to another node, by why this one takes no more.";
  out.family("cluster_redirects_total", "counter", redirects);
  for (const [reason, total] of sentOn) {
    out.value("cluster_redirects_total", `reason="${reason}"`, total);
  }
  out.family("cluster_pulls", "gauge", "Streams that come from other nodes, by whether they do.");
  const given = state.pulls.filter(({ path }) => path !== null).length;
  out.value("cluster_pulls", 'state="given"', given);
  out.value("cluster_pulls", 'state="missing"', state.pulls.length - given);
  out.family("cluster_published", "gauge", "Streams that this node has told others of.");
  out.value("cluster_published", "", state.published.length);
}
