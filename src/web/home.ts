/** /: the streams that are live, and the way to publish a new one. */
import { askForToken, callApi, carryToken, withToken } from "./access.ts";
import { byId, make, setNotice, setText } from "./dom.ts";
import { formatBitrate, formatCount, formatDuration } from "./format.ts";
import type { StreamEntry } from "./reports.ts";
import { describeVideo, viewersOf } from "./reports.ts";
import { ServerRefusal } from "./session.ts";
import { StillPictures } from "./stillpictures.ts";
import { pathOfName } from "./streamname.ts";

const REFRESH_MS = 2_000;

const list = byId("streams");
const cards = new Map<string, HTMLElement>();
const pictures = new StillPictures();

carryToken();
setText(byId("whip"), `${location.origin}/whip/NAME`);
byId("new").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = byId<HTMLInputElement>("new-name").value.trim();
  if (name !== "") location.assign(withToken(pathOfName("publish", name)));
});
void refresh();

async function refresh(): Promise<void> {
  try {
    const body = (await callApi("/api/v1/streams", {}, offerToken)) as { streams: StreamEntry[] };
    setNotice(byId("notice"), "");
    show(body.streams);
  } catch (error) {
    if (error instanceof ServerRefusal && (error.status === 401 || error.status === 403)) {
      askForToken(() => void refresh());
      return;
    }
    const refused = error instanceof ServerRefusal;
    setNotice(
      byId("notice"),
      refused ? error.message : "The server cannot be reached. Trying again…",
    );
  }
  setTimeout(() => void refresh(), REFRESH_MS);
}

/** Streams that anybody may watch are listed to all, and others to whom a token allows it. */
function offerToken({ ok, headers }: Response): void {
  if (ok && headers.has("WWW-Authenticate")) askForToken(() => undefined, false);
}

function show(streams: readonly StreamEntry[]): void {
  const live = streams.filter((stream) => stream.live);
  live.sort(
    (left, right) => viewersOf(right) - viewersOf(left) || (left.name < right.name ? -1 : 1),
  );
  const names = new Set(live.map((stream) => stream.name));
  for (const [name, card] of cards) {
    if (names.has(name)) continue;
    pictures.forget(card.children[0]!);
    card.remove();
    cards.delete(name);
  }
  live.forEach((stream, index) => {
    let card = cards.get(stream.name);
    if (card === undefined) {
      card = makeCard(stream.name);
      cards.set(stream.name, card);
    }
    fillCard(card, stream);
    if (list.children[index] !== card) list.insertBefore(card, list.children[index] ?? null);
  });
  byId("empty").hidden = live.length > 0;
  const viewers = live.reduce((sum, stream) => sum + viewersOf(stream), 0);
  setText(
    byId("summary"),
    live.length === 0 ? "" : `${plural(live.length, "stream")}, ${plural(viewers, "viewer")}`,
  );
}

function makeCard(name: string): HTMLElement {
  const title = make("a", "stretch", name);
  title.href = withToken(pathOfName("watch", name));
  const badge = make("span", "badge", "live");
  badge.dataset.state = "live";
  const head = make("div", "row", make("h2", "", title), badge);
  const lines = [make("p", "numbers"), make("p", "muted numbers")];
  return make("li", "card stream", pictures.place(name), head, ...lines);
}

function fillCard(card: HTMLElement, stream: StreamEntry): void {
  const [, , main, detail] = card.children;
  const bitrate = (stream.video?.bitrate ?? 0) + (stream.audio?.bitrate ?? 0);
  if (main) setText(main, `${plural(viewersOf(stream), "viewer")} · ${formatBitrate(bitrate)}`);
  const parts = [describeVideo(stream.video), stream.audio?.codec.toUpperCase() ?? "no sound"];
  // No-break spaces: the unit stays with its number.
  parts.push(`for ${formatDuration(stream.uptimeSeconds)}`.replaceAll(" ", "\u00a0"));
  if (detail) setText(detail, parts.join(" · "));
}

function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}
