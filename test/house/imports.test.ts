/** Who imports whom: the law between folders, the floors inside one, and no circle anywhere. */
import { expect, test } from "bun:test";
import { FLOORS, LAW } from "./rooms.ts";
import { folderOf, localImports, sources, typed } from "./sources.ts";

/** Every import as "from imports to", types too. */
interface Arrow {
  readonly from: string;
  readonly to: string;
}

const arrows: readonly Arrow[] = sources.flatMap((from) =>
  [...new Set(localImports(from))].map((to) => ({ from, to })),
);

test("there are sources to look at", () => {
  expect(sources.length).toBeGreaterThan(50);
  expect(arrows.length).toBeGreaterThan(500);
});

test("imports go downwards only", () => {
  const lawless = sources.filter((path) => LAW[folderOf(path)] === undefined);
  expect(lawless, "no place in the import law").toEqual([]);
  const offences = arrows.filter(({ from, to }) => {
    const [room, below] = [folderOf(from), folderOf(to)];
    return room !== below && !LAW[room]?.includes(below);
  });
  expect(offences.map(named)).toEqual([]);
});

test("limits have one door", () => {
  const inside = (path: string) => folderOf(path) === "limits";
  const offences = typed
    .filter((path) => !inside(path))
    .filter((path) => localImports(path).some((target) => target.startsWith("src/limits/")));
  expect(offences).toEqual([]);
});

test("in control only what runs the workers touches io", () => {
  const offences = arrows.filter(
    ({ from, to }) =>
      folderOf(from) === "control" &&
      folderOf(to) === "io" &&
      !from.startsWith("src/control/plane/"),
  );
  expect(offences.map(named)).toEqual([]);
});

test("drivers know nothing of peers but what a DTLS library has to offer them", () => {
  const offered = ["dtls", "dtls-reseal", "fingerprint"].map((name) => `src/peer/${name}.ts`);
  const offences = arrows.filter(
    ({ from, to }) => folderOf(from) === "io" && folderOf(to) === "peer" && !offered.includes(to),
  );
  expect(offences.map(named)).toEqual([]);
});

test("every file of a folder with floors stands on one", () => {
  for (const [folder, floors] of Object.entries(FLOORS)) {
    const files = sources.filter((path) => path.startsWith(`src/${folder}/`));
    const names = [...new Set(files.map(nameOnFloor))];
    expect(floors.flat().toSorted(), folder).toEqual(names.toSorted());
  }
});

test("no file imports from a floor above its own", () => {
  expect(arrows.filter(runsUp).map(named)).toEqual([]);
});

test("no import leads back to where it began", () => {
  expect(circles(arrows)).toEqual([]);
});

test("a circle is found, and told once", () => {
  const [a, b, c] = ["a", "b", "c"] as [string, string, string];
  const found = circles([
    { from: a, to: b },
    { from: b, to: c },
    { from: c, to: b },
  ]);
  expect(found).toEqual(["b imports c imports b"]);
});

function named({ from, to }: Arrow): string {
  return `${from} imports ${to}`;
}

function runsUp({ from, to }: Arrow): boolean {
  return folderOf(from) === folderOf(to) && floorOf(to) > floorOf(from);
}

/** Counted from below; -1 in a folder that has no floors. */
function floorOf(path: string): number {
  const floors = FLOORS[folderOf(path)] ?? [];
  return floors.findIndex((names) => names.includes(nameOnFloor(path)));
}

/** "viewer" for src/egress/viewer.ts; a room inside a folder stands as a whole: "http/". */
function nameOnFloor(path: string): string {
  return /^src\/[^/]+\/([^/]+(?=\.ts$)|[^/]+\/)/.exec(path)?.[1] ?? path;
}

/** Each circle by one shortest way around, told from its first file in the alphabet. */
function circles(among: readonly Arrow[]): string[] {
  const targets = targetsIn(among);
  const found = new Set<string>();
  for (const { from, to } of among) {
    const way = wayBetween(to, from, targets);
    if (way === null) continue;
    const start = way.indexOf(way.toSorted()[0]!);
    const turned = [...way.slice(start), ...way.slice(0, start)];
    found.add([...turned, turned[0]].join(" imports "));
  }
  return [...found];
}

function targetsIn(among: readonly Arrow[]): Map<string, string[]> {
  const targets = new Map<string, string[]>();
  for (const { from, to } of among) {
    const list = targets.get(from);
    if (list === undefined) targets.set(from, [to]);
    else list.push(to);
  }
  return targets;
}

/** The files on a shortest way, both ends included; null when there is none. */
function wayBetween(
  from: string,
  to: string,
  targets: ReadonlyMap<string, readonly string[]>,
): string[] | null {
  const cameFrom = new Map<string, string | null>([[from, null]]);
  for (const path of cameFrom.keys()) {
    if (path === to) {
      const way: string[] = [];
      for (let at: string | null = to; at !== null; at = cameFrom.get(at) ?? null) way.unshift(at);
      return way;
    }
    for (const next of targets.get(path) ?? []) if (!cameFrom.has(next)) cameFrom.set(next, path);
  }
  return null;
}
