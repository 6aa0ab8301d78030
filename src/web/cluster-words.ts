/** What is wrong with a cluster, in words for people. */
import type { ClusterReport } from "./reports.ts";

/** Digits of a node's id that tell it from others. */
const ID_SHOWN = 8;

/** A line each. */
export function wordsOf({
  node,
  members,
  secrets,
  differences,
  failures,
}: ClusterReport): string[] {
  const names = (nodes: readonly string[]): string => nodes.map(short).join(", ");
  return [
    ...failures.map(({ at, address, node: other, reason }) => {
      const who = [address, short(other)].filter((part) => part !== "").join(", ");
      const link = at === node?.id ? "No link" : `At ${short(at)}: no link`;
      return who === "" ? `${link}: ${reason}.` : `${link} to ${who}: ${reason}.`;
    }),
    ...members
      .filter(({ answered }) => !answered)
      .map(({ node }) => `Node ${short(node)} does not answer.`),
    ...[{ node: node?.id ?? "", names: node?.names }, ...members]
      .filter(({ names: at }) => at?.trouble != null)
      .map(({ node: id, names: at }) => `Node ${short(id)} cannot ask etcd: ${at?.trouble}.`),
    ...secrets
      .filter(({ lack }) => lack.length > 0)
      .map(({ id, lack }) => `Secret ${id} is not accepted by ${names(lack)}.`),
    ...differences.map(({ kind, id, have, lack }) => {
      const name = kind === "token" ? "Token" : "Key";
      return `${name} ${id} differs: it is at ${names(have)}, not at ${names(lack)}.`;
    }),
  ];
}

/** A node's id as it is shown. */
export function short(id: string): string {
  return id.slice(0, ID_SHOWN);
}
