/** /watch/NAME: the player, what is said beside it, its figures and the ways to it. */
import { askForToken, carryToken, currentToken, withToken } from "./access.ts";
import { fromZero, LiveChart } from "./chart.ts";
import { ChatPanel } from "./chatpanel.ts";
import { hasChat } from "./discussion.ts";
import { byId, setText } from "./dom.ts";
import { figureLines } from "./figures.ts";
import { formatBitrate, formatCount, formatSeconds } from "./format.ts";
import { LayerHistory } from "./layerhistory.ts";
import type { SpillwayPlayer } from "./player.ts";
import { viewerFigures } from "./rates.ts";
import { copy, showWays } from "./sharepanel.ts";
import type { StreamEvent } from "./streamevent.ts";
import { nameFromPath, pathOfName } from "./streamname.ts";
import { showTiles } from "./tiles.ts";

declare global {
  interface Window {
    /** For tests and the curious. */
    spillway: unknown;
  }
}

const CHART_SECONDS = 60;
const CHAT_WAIT_MS = 500;

const STATES: Record<string, string> = {
  idle: "idle",
  connecting: "connecting",
  live: "live",
  inactive: "publisher away",
  waiting: "not live yet",
  retrying: "reconnecting",
  refused: "refused",
  stopped: "stopped",
};

const name = nameFromPath(location.pathname, "watch");
const tiles = byId("figures");
const chat = new ChatPanel({
  name,
  send: (type, data) => byId<SpillwayPlayer>("player").send(type, data),
  moderates: false,
});
const history = new LayerHistory(CHART_SECONDS);
const bitChart = new LiveChart(byId("chart-bits"), {
  spanSeconds: CHART_SECONDS,
  range: fromZero(500_000),
  format: formatBitrate,
});
const layerChart = new LiveChart(byId("chart-layer"), {
  spanSeconds: CHART_SECONDS,
  range: () => [-0.5, Math.max(1, history.rows.length) - 0.5],
  format: (row) => history.rows[row] ?? "",
  marks: () => Array.from(history.rows.keys()),
  stepped: true,
});

carryToken();
setText(byId("name"), name || "No stream named");
document.title = `${name || "Watch"} – Spillway`;
byId<HTMLAnchorElement>("publish").href = withToken(pathOfName("publish", name));
showTiles(tiles, figureLines(viewerFigures([], []), null, ""));
showWays(name);
void Promise.all([customElements.whenDefined("spillway-player"), chatOrLate()]).then(startPlayer);

/** What is said comes by the player, which is to know beforehand whether anything may be. */
async function lookForChat(): Promise<void> {
  if (!(await hasChat(name))) return;
  chat.show();
  byId("player").setAttribute("chat", "");
}

/** The picture does not wait for long for that. */
function chatOrLate(): Promise<unknown> {
  const late = new Promise((resolve) => setTimeout(resolve, CHAT_WAIT_MS));
  return Promise.race([lookForChat(), late]);
}

function startPlayer(): void {
  const player = byId<SpillwayPlayer>("player");
  player.addEventListener("statechange", () => showState(player));
  player.addEventListener("viewercount", () => showState(player));
  player.addEventListener("figures", () => showFigures(player));
  const copies = byId("copy-figures");
  copies.addEventListener("click", () => {
    void copy(JSON.stringify(player.statistics, null, 2), copies);
  });
  exposeForTests(player);
  player.addEventListener("streamevent", (event) => {
    chat.hear((event as CustomEvent<StreamEvent>).detail);
  });
  const token = currentToken();
  if (token) player.setAttribute("token", token);
  const tier = new URLSearchParams(location.search).get("tier");
  if (tier) player.setAttribute("tier", tier);
  if (name) player.setAttribute("src", pathOfName("whep", name));
}

function showFigures(player: SpillwayPlayer): void {
  const { figures, layer, layers, tail } = player;
  if (tail !== null) showState(player);
  if (player.lines.length > 0) showTiles(tiles, player.lines);
  if (figures === null) return;
  history.add(performance.now() / 1000, figures.bitrate, layers);
  const bitrate = formatBitrate(figures.bitrate);
  bitChart.draw(history.times, history.bitrates, bitrate);
  layerChart.draw(history.times, history.levels, layer || "unknown");
  setText(byId("value-bits"), bitrate);
  setText(byId("value-layer"), layer || "–");
}

function showState(player: SpillwayPlayer): void {
  const { state, status } = player.status;
  const badge = byId("state");
  setText(badge, STATES[state] ?? state);
  badge.dataset.state = state;
  const viewers = player.viewers;
  if (player.tail !== null) {
    const ms = player.latency?.ms;
    setText(byId("viewers"), ms === undefined ? "tail" : `tail, ${formatSeconds(ms)} behind`);
    if (state === "refused") offerToken(player, status);
    return;
  }
  const words = viewers === 1 ? "1 viewer" : `${formatCount(viewers)} viewers`;
  setText(byId("viewers"), viewers === null ? "" : words);
  if (state === "refused") offerToken(player, status);
}

function offerToken(player: SpillwayPlayer, status: number): void {
  if (status !== 401 && status !== 403) return;
  askForToken((token) => {
    void lookForChat().then(() => player.setAttribute("token", token));
  });
}

function exposeForTests(player: SpillwayPlayer): void {
  window.spillway = {
    get pc() {
      return player.pc;
    },
    get firstFrameMs() {
      return player.firstFrameMs;
    },
    get postToFirstFrameMs() {
      return player.postToFirstFrameMs;
    },
    get state() {
      return player.status.state;
    },
    get layers() {
      return player.layers;
    },
    get tail() {
      return player.tail;
    },
    figures: () => player.figures,
    stats: async () => Array.from((await player.pc?.getStats())?.values() ?? []),
  };
}
