/** The tree by which a stream reaches the nodes of a cluster, out of what each says of its own way. */

/** A node's way to a stream; its `path` has the root first and its parent last. */
export interface TreeWay {
  readonly node: string;
  readonly parent: string | null;
  readonly path: readonly string[] | null;
}

/** A place in the tree. `way` is null of a node that others name, and that says nothing itself. */
export interface TreePlace<W extends TreeWay> {
  readonly node: string;
  readonly depth: number;
  readonly way: W | null;
}

/** Parents in front of their children; behind all, those that nobody gives it. */
export function treeOf<W extends TreeWay>(owner: string, ways: readonly W[]): TreePlace<W>[] {
  const parents = parentsOf(owner, ways);
  const places: TreePlace<W>[] = [];
  const placed = new Set<string>();
  const place = (node: string, depth: number): void => {
    // What nodes say may be of different moments: nobody stands in it twice.
    if (placed.has(node)) return;
    placed.add(node);
    places.push({ node, depth, way: ways.find((way) => way.node === node) ?? null });
    for (const [child, parent] of parents) if (parent === node) place(child, depth + 1);
  };
  place(owner, 0);
  for (const { node } of ways) place(node, 0);
  return places;
}

/** By node: whom it has the stream from. */
function parentsOf(owner: string, ways: readonly TreeWay[]): Map<string, string> {
  const parents = new Map<string, string>();
  for (const { node, parent, path } of ways) {
    const from = parent ?? path?.at(-1) ?? null;
    if (node !== owner && from !== null) parents.set(node, from);
  }
  // Nodes on the way that say nothing themselves.
  for (const { path } of ways) {
    for (const [i, node] of (path ?? []).entries()) {
      if (i > 0 && !parents.has(node)) parents.set(node, path![i - 1]!);
    }
  }
  return parents;
}
