/** /dashboard: how the node does, second by second. */
import { messageOf } from "../errors.ts";
import { askForToken, callApi, carryToken, withToken } from "./access.ts";
import { fromZero, LiveChart } from "./chart.ts";
import { showCluster } from "./cluster.ts";
import { byId, make, setNotice, setText } from "./dom.ts";
import type { FigureLine } from "./figures.ts";
import {
  formatBitrate,
  formatBytes,
  formatCount,
  formatDuration,
  formatMs,
  formatShare,
} from "./format.ts";
import type {
  ClusterReport,
  NodeStats,
  SessionEntry,
  StreamEntry,
  WorkerEntry,
} from "./reports.ts";
import { describeState, describeTail, describeVideo } from "./reports.ts";
import { ServerRefusal } from "./session.ts";
import { pathOfName } from "./streamname.ts";
import { fillTable } from "./table.ts";
import { showTiles } from "./tiles.ts";

const POLL_MS = 1_000;
const SESSIONS_SHOWN = 200;

interface Snapshot {
  readonly stats: NodeStats;
  readonly atMs: number;
}

const oneDigit = (value: number) => value.toFixed(value < 1 ? 2 : 1);
const charts = {
  bits: new LiveChart(byId("chart-bits"), {
    range: fromZero(1e6),
    format: (value) => formatBitrate(value),
  }),
  viewers: new LiveChart(byId("chart-viewers"), {
    range: fromZero(5),
    format: (value) => formatCount(value),
  }),
  cpu: new LiveChart(byId("chart-cpu"), { range: fromZero(0.5), format: oneDigit }),
  lag: new LiveChart(byId("chart-lag"), {
    range: fromZero(5),
    format: (value) => `${Math.round(value)} ms`,
  }),
};
let before: Snapshot | null = null;

carryToken();
void poll();

async function poll(): Promise<void> {
  try {
    const [stats, streams, sessions, cluster] = await Promise.all([
      callApi("/api/v1/stats") as Promise<NodeStats>,
      callApi("/api/v1/streams") as Promise<{ streams: StreamEntry[] }>,
      callApi("/api/v1/sessions") as Promise<{ sessions: SessionEntry[] }>,
      callApi("/api/v1/status") as Promise<ClusterReport>,
    ]);
    setNotice(byId("notice"), "");
    const now = { stats, atMs: performance.now() };
    showNode(stats);
    showWorkers(now);
    showStreams(streams.streams);
    showCluster(cluster);
    showSessions(sessions.sessions);
    before = now;
  } catch (error) {
    if (error instanceof ServerRefusal && (error.status === 401 || error.status === 403)) {
      askForToken(() => void poll());
      return;
    }
    const refused = error instanceof ServerRefusal;
    setNotice(
      byId("notice"),
      refused ? error.message : "The server cannot be reached. Trying again…",
    );
  }
  setTimeout(() => void poll(), POLL_MS);
}

function showNode(stats: NodeStats): void {
  setText(byId("version"), `Spillway ${stats.version}, up ${formatDuration(stats.uptimeSeconds)}`);
  const lagMs = Math.max(0, ...stats.workers.map((worker) => worker.loopLagMs));
  const lines: FigureLine[] = [
    { label: "Streams", value: formatCount(stats.streams), hint: "Streams known to this node." },
    { label: "Publishers", value: formatCount(stats.publishers), hint: "Sessions that send." },
    { label: "Viewers", value: formatCount(stats.viewers), hint: "In real time, by WebRTC." },
    {
      label: "Viewers of tails",
      value: formatCount(stats.hls.viewers),
      hint: "Players that ask this server for HLS; those behind a cache are one.",
    },
    { label: "Tails", value: formatCount(stats.hls.tails), hint: "Streams that are cut for HLS." },
    { label: "In", value: formatBitrate(stats.bitsPerSecondIn), hint: "Media received." },
    { label: "Out", value: formatBitrate(stats.bitsPerSecondOut), hint: "Media sent." },
    { label: "Memory", value: formatBytes(stats.process.rssBytes), hint: "Resident set." },
  ];
  showTiles(byId("totals"), lines);
  plot("bits", stats.bitsPerSecondOut, formatBitrate(stats.bitsPerSecondOut));
  const viewers = stats.viewers + stats.hls.viewers;
  plot("viewers", viewers, formatCount(viewers));
  plot("cpu", stats.process.cpu, stats.process.cpu.toFixed(2));
  plot("lag", lagMs, formatMs(lagMs));
}

function plot(name: keyof typeof charts, value: number, label: string): void {
  charts[name].add(Date.now() / 1000, value, label);
  setText(byId(`value-${name}`), label);
}

function showWorkers(now: Snapshot): void {
  fillTable(
    byId("workers"),
    now.stats.workers,
    (worker) => worker.name,
    (worker) => [
      worker.name,
      loadBar(worker),
      formatMs(worker.loopLagMs),
      formatCount(worker.sessions),
      formatCount(perSecond(worker, now, "packetsIn")),
      formatCount(perSecond(worker, now, "packetsOut")),
      formatBitrate(scale(perSecond(worker, now, "bytesIn"))),
      formatBitrate(scale(perSecond(worker, now, "bytesOut"))),
      formatCount(worker.nacks),
      formatCount(worker.plis),
      formatCount(worker.restarts),
    ],
  );
}

function scale(bytes: number | null): number | null {
  return bytes === null ? null : bytes * 8;
}

/** Null at the first look and after the server was started again: its counters began anew. */
function perSecond(
  worker: WorkerEntry,
  now: Snapshot,
  field: "packetsIn" | "packetsOut" | "bytesIn" | "bytesOut",
): number | null {
  const earlier = before?.stats.workers.find((candidate) => candidate.name === worker.name);
  if (!earlier || !before || worker[field] < earlier[field]) return null;
  return ((worker[field] - earlier[field]) * 1000) / Math.max(1, now.atMs - before.atMs);
}

function loadBar(worker: WorkerEntry): Node {
  const meter = make("meter");
  meter.min = 0;
  meter.max = 1;
  meter.low = 0.6;
  meter.high = 0.8;
  meter.optimum = 0;
  meter.value = worker.load;
  meter.setAttribute("aria-label", `Load of ${worker.name}`);
  return make("span", "load", meter, formatShare(worker.load));
}

function showStreams(streams: readonly StreamEntry[]): void {
  fillTable(
    byId("streams"),
    streams,
    (stream) => stream.name,
    (stream) => {
      const anchor = make("a", "", stream.name);
      anchor.href = withToken(pathOfName("watch", stream.name));
      const video = stream.video
        ? `${describeVideo(stream.video)}, ${formatBitrate(stream.video.bitrate)}`
        : "–";
      const audio = stream.audio
        ? `${stream.audio.codec.toUpperCase()}, ${formatBitrate(stream.audio.bitrate)}`
        : "–";
      const uptime = stream.live ? formatDuration(stream.uptimeSeconds) : "–";
      const tail = stream.hls === null ? "–" : formatCount(stream.hls.viewers);
      const tiers = [formatCount(stream.viewers), tail, describeTail(stream.hls)];
      return [anchor, describeState(stream), ...tiers, video, audio, uptime];
    },
  );
}

function showSessions(sessions: readonly SessionEntry[]): void {
  const shown = sessions.slice(0, SESSIONS_SHOWN);
  fillTable(
    byId("sessions"),
    shown,
    (session) => session.id,
    (session) => [
      make("code", "", shortId(session)),
      session.kind,
      session.stream,
      formatDuration(session.connectedSeconds),
      session.transport?.toUpperCase() ?? "–",
      formatBitrate(session.bitrate),
      kickButton(session),
    ],
  );
  const hidden = sessions.length - shown.length;
  setNotice(byId("more"), hidden > 0 ? `${formatCount(hidden)} more sessions are not shown.` : "");
}

/** Of another node's the first digits of that. */
function shortId({ id }: SessionEntry): string {
  const [own = "", node] = id.split("@");
  return node === undefined ? own : `${own}@${node.slice(0, 8)}`;
}

function kickButton(session: SessionEntry): Node {
  const button = make("button", "small", "Disconnect");
  button.type = "button";
  button.setAttribute(
    "aria-label",
    `Disconnect ${session.kind} ${shortId(session)} of ${session.stream}`,
  );
  button.addEventListener("click", () => confirmKick(session));
  return button;
}

function confirmKick(session: SessionEntry): void {
  const dialog = byId<HTMLDialogElement>("confirm");
  const effect =
    session.kind === "publisher"
      ? "Its viewers lose the stream."
      : "The viewer's player may come back.";
  setText(byId("question"), `Disconnect this ${session.kind} of “${session.stream}”? ${effect}`);
  dialog.returnValue = "";
  dialog.addEventListener(
    "close",
    () => {
      if (dialog.returnValue === "yes") void kick(session.id);
    },
    { once: true },
  );
  dialog.showModal();
}

async function kick(id: string): Promise<void> {
  try {
    await callApi(`/api/v1/sessions/${encodeURIComponent(id)}`, { method: "DELETE" });
  } catch (error) {
    // 404: it left by itself meanwhile, which is what was wanted.
    if (error instanceof ServerRefusal && error.status === 404) return;
    setNotice(byId("notice"), messageOf(error));
  }
}
