/** How a page looks, at all sizes and in both colours. */
import { join } from "node:path";
import type { Page } from "playwright-core";

const SIZES = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
] as const;
const SCHEMES = ["light", "dark"] as const;
const FAULTS = await Bun.file(join(import.meta.dir, "layout-faults.js")).text();

/** Sentences: text that something covers or cuts off, or that is faint, and controls without a name. */
export async function layoutProblems(page: Page): Promise<string[]> {
  const problems: string[] = [];
  for (const size of SIZES) {
    await page.setViewportSize(size);
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme });
      // In a block: its names are no globals of the page.
      const found = await page.evaluate<string[]>(`{${FAULTS}}`);
      problems.push(...found.map((problem) => `${size.width} ${colorScheme}: ${problem}`));
    }
  }
  return problems;
}
