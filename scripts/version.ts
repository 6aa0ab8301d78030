/** What a build is called: by the tag that it is made from. */
import { run } from "./run.ts";

const TAGS = "v[0-9]*";

/** The checked-out commit. */
export interface Commit {
  /** Short id, with "-dirty" when the tree has changes. */
  readonly id: string;
  /** Seconds since 1970 of the commit. */
  readonly time: number;
  /** Whether it is a release: it has a tag of its own, and no changes. */
  readonly tagged: boolean;
  readonly version: string;
}

/** Of the tree in `folder`; null without git. `own`: the version in its package.json. */
export function checkedOut(folder: string, own: string): Commit | null {
  const git = (...words: string[]) => run(["git", ...words], folder);
  const short = git("rev-parse", "--short=10", "HEAD");
  const time = git("show", "--no-patch", "--format=%ct", "HEAD");
  if (short === null || time === null) return null;
  const clean = git("status", "--porcelain", "--untracked-files=no") === "";
  const described = git("describe", "--tags", "--long", "--match", TAGS);
  const version = versionOf(described, own);
  const tagged = clean && /-0-g/.test(described ?? "");
  return { id: clean ? short : `${short}-dirty`, time: Number(time), tagged, version };
}

/**
 * 0.2.0 at the tag v0.2.0, 0.2.0+12 twelve commits later; before the first tag what package.json
 * names, as still in development. `described`: "v0.2.0-12-g1a2b3c4d5e".
 */
export function versionOf(described: string | null, own: string): string {
  const match = /^v(\S+)-(\d+)-g[0-9a-f]+$/.exec(described ?? "");
  if (match === null) return `${own}-dev`;
  const [, tag = "", later] = match;
  return later === "0" ? tag : `${tag}+${later}`;
}
