/** What a build is called, and what is told of it. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CHANGELOG, entryOf, versionsOf } from "../../scripts/release/changelog.ts";
import { checkedOut, versionOf } from "../../scripts/version.ts";

const folder = mkdtempSync(join(tmpdir(), "spillway-version-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("a version comes of the tag that is nearest below", () => {
  expect(versionOf("v0.2.0-0-g1a2b3c4d5e", "0.2.0")).toBe("0.2.0");
  expect(versionOf("v0.2.0-12-g1a2b3c4d5e", "0.2.0")).toBe("0.2.0+12");
  expect(versionOf("v1.0.0-rc.1-0-g1a2b3c4d5e", "1.0.0")).toBe("1.0.0-rc.1");
  expect(versionOf(null, "0.2.0")).toBe("0.2.0-dev");
});

test("a tree is a release at its tag, and only without changes", () => {
  const git = (...words: string[]) => {
    const config = [
      "-c",
      "user.name=t",
      "-c",
      "user.email=t@example.com",
      "-c",
      "tag.gpgSign=false",
    ];
    const result = Bun.spawnSync(["git", ...config, ...words], { cwd: folder });
    expect([words[0], result.exitCode]).toEqual([words[0], 0]);
  };
  const commit = (text: string) => {
    writeFileSync(join(folder, "file"), text);
    git("add", "file");
    git("commit", "--quiet", "--no-gpg-sign", "-m", text);
  };
  git("init", "--quiet");
  expect(checkedOut(folder, "0.1.0")).toBeNull();
  commit("one");
  expect(checkedOut(folder, "0.1.0")).toMatchObject({ tagged: false, version: "0.1.0-dev" });
  git("tag", "-a", "v0.2.0", "-m", "0.2.0");
  git("tag", "verbose");
  const released = checkedOut(folder, "0.1.0")!;
  expect(released).toMatchObject({ tagged: true, version: "0.2.0" });
  expect(released.id).toMatch(/^[0-9a-f]{10}$/);
  expect(Math.abs(Date.now() / 1000 - released.time)).toBeLessThan(60);
  writeFileSync(join(folder, "file"), "changed");
  expect(checkedOut(folder, "0.1.0")).toMatchObject({ tagged: false, id: `${released.id}-dirty` });
  commit("two");
  expect(checkedOut(folder, "0.1.0")).toMatchObject({ tagged: false, version: "0.2.0+1" });
});

test("the changelog has each version once, the newest first, each with something to say", () => {
  const versions = versionsOf(CHANGELOG);
  expect(versions).toContain("0.2.0");
  expect(versions).toEqual(versions.toSorted((a, b) => -Bun.semver.order(a, b)));
  expect(new Set(versions).size).toBe(versions.length);
  for (const version of versions) expect(entryOf(CHANGELOG, version)).toMatch(/^\S[\s\S]{20}/);
  expect(entryOf(CHANGELOG, "0.2")).toBeNull();
  expect(entryOf("# C\n\n## 2.0.0\n\nNew.\n\n## 1.0.0\n\nOld.\n", "2.0.0")).toBe("New.");
});
