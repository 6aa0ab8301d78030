/**
 * `bun scripts/files.ts`: every kind of file of test/support/file-matrix.ts, published by the executable
 * and shown by Chromium; what is refused is converted by the line given, and then shown. Prints a table;
 * exit code 1 when anything differs from what was drawn.
 */
import { openMediaFile } from "../src/client/media-file.ts";
import { TestBrowser } from "../test/support/browser.ts";
import { Clips } from "../test/support/clips.ts";
import { type FileCase, PLAYING, REFUSED } from "../test/support/file-matrix.ts";
import { FILE_VIEWER, type Shown, show, WAITING } from "../test/support/file-show.ts";
import { startServer } from "../test/support/server.ts";

/** Files at once: more starve a small machine, and its pictures come late. */
const AT_ONCE = 4;

const clips = new Clips();
const [server, browser] = await Promise.all([startServer("serve", WAITING), TestBrowser.open()]);
let failed = 0;
try {
  const cases = [...PLAYING, ...REFUSED];
  for (let first = 0; first < cases.length; first += AT_ONCE) {
    const page = await browser.open(server.base);
    await page.evaluate(FILE_VIEWER);
    // One after the other: the line given writes to one place.
    const files: (readonly [FileCase, string])[] = [];
    for (const file of cases.slice(first, first + AT_ONCE)) files.push([file, await prepare(file)]);
    const shown = await Promise.all(files.map(([file, path]) => show(server, page, file, path)));
    for (const result of shown) print(result);
    await browser.closePages();
  }
} finally {
  await Promise.all([browser.close(), server.stop()]);
  clips.remove();
}
console.log(failed === 0 ? "all as drawn" : `${failed} differ`);
process.exit(failed === 0 ? 0 : 1);

/** The file, or what the line of its refusal makes of it. */
async function prepare(file: FileCase): Promise<string> {
  const path = await file.make(clips, file.file);
  if (file.refused === null) return path;
  try {
    await openMediaFile(Bun.file(path), path, { audio: true, video: true });
  } catch (error) {
    if (error instanceof Error && file.refused.test(error.message)) {
      return clips.convert(error.message, `converted-${file.file}.mkv`);
    }
    throw error;
  }
  throw new Error(`${file.name} is not refused`);
}

function print({ name, faults, code }: Shown): void {
  const all = [...faults, ...(code === 0 ? [] : [`exit code ${code}`])];
  if (all.length > 0) failed += 1;
  console.log(
    `${all.length === 0 ? "ok  " : "BAD "} ${name}${all.map((fault) => `\n       ${fault}`).join("")}`,
  );
}
