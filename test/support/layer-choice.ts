/** A watch page whose layer a test chooses over HTTP, and what it makes of the picture. */
import { type Report, type TestBrowser, Watcher } from "./browser.ts";
import { until } from "./until.ts";

const LAYER_REL = /<([^>]+)>;\s*rel="urn:ietf:params:whep:ext:core:layer"/;

/** A watch page, and where its session's layer is chosen. */
export async function watchLayers(browser: TestBrowser, base: string, name: string) {
  const page = await browser.open("about:blank");
  const watcher = new Watcher(page);
  let layerUrl = "";
  page.on("response", async (response) => {
    const link = LAYER_REL.exec((await response.headerValue("link")) ?? "")?.[1];
    if (link !== undefined) layerUrl = new URL(link, response.url()).href;
  });
  await page.goto(`${base}/watch/${name}`);
  await until("the session tells where its layer is chosen", 10_000, () => layerUrl !== "");
  return { watcher, layerUrl };
}

export async function chooseLayer(layerUrl: string, choice: object): Promise<void> {
  const response = await fetch(layerUrl, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(choice),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${JSON.stringify(choice)}: ${response.status} ${text}`);
}

/** What the page receives of the picture, by its own statistics. */
export async function videoOf(watcher: Watcher): Promise<Report> {
  const reports = await watcher.stats();
  return (
    reports.find((report) => report.type === "inbound-rtp" && report.kind === "video") ?? {
      type: "",
    }
  );
}
