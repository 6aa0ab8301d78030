/** /publish/NAME: choose sources, send them by WHIP, see how it goes. */
import { messageOf } from "../errors.ts";
import { probeAbilities, sendableCodecs } from "./abilities.ts";
import { askForToken, carryToken, currentToken, withToken } from "./access.ts";
import { showAudience } from "./audience.ts";
import { startCaptionBox } from "./captionbox.ts";
import { ChatPanel } from "./chatpanel.ts";
import type { Connection } from "./connection.ts";
import { fillDevices, showDevices } from "./devices.ts";
import { eventsAddress, hasChat } from "./discussion.ts";
import { byId, setNotice, setText } from "./dom.ts";
import { publisherLines } from "./figures.ts";
import { LayeringPicker } from "./layeringpicker.ts";
import { Listener } from "./listener.ts";
import type { Report } from "./rates.ts";
import { publisherFigures } from "./rates.ts";
import { sendStreamEvent } from "./sendevent.ts";
import { copyLink, showWays } from "./sharepanel.ts";
import type { SourceChoice, Sources } from "./sources.ts";
import type { StreamEvent } from "./streamevent.ts";
import { nameFromPath, pathOfName } from "./streamname.ts";
import { Studio } from "./studio.ts";
import { showTiles } from "./tiles.ts";
import { publishConnection } from "./whip.ts";

const AUDIENCE_MS = 3_000;

const STATES: Record<string, string> = {
  connecting: "connecting",
  live: "live",
  retrying: "reconnecting",
  refused: "refused",
  stopped: "stopped",
};

const name = nameFromPath(location.pathname, "publish");
const parameters = new URLSearchParams(location.search);
const form = byId<HTMLFormElement>("settings");
const toggle = byId<HTMLButtonElement>("toggle");
const look = byId<HTMLButtonElement>("look");
const studio = new Studio();
const chat = new ChatPanel({ name, send, moderates: true });
let listener: Listener | null = null;
let connection: Connection | null = null;
let before: Report[] = [];
let starting = false;
let layers: LayeringPicker | null = null;

void prepare();

async function prepare(): Promise<void> {
  carryToken();
  setText(byId("name"), name || "No stream named");
  document.title = `Publish ${name} – Spillway`;
  byId<HTMLAnchorElement>("watch").href = withToken(pathOfName("watch", name));
  byId("link").addEventListener("click", () => void copyLink(name, byId("link")));
  showWays(name);
  startCaptionBox((text) => send("caption", { text }));
  for (const codec of sendableCodecs()) {
    byId<HTMLSelectElement>("codec").add(new Option(codec.toUpperCase(), codec));
  }
  if (!navigator.mediaDevices) {
    byId("insecure").hidden = false;
    select("source", "pattern");
    select("audio", "tone");
  }
  applyParameters();
  showTiles(byId("figures"), publisherLines(publisherFigures([], [])));
  listen();
  setInterval(() => void measure(), 1_000);
  setInterval(() => {
    if (connection?.state === "live") void showAudience(name);
  }, AUDIENCE_MS);
  exposeForTests();
  layers = new LayeringPicker(await probeAbilities(), parameters.get("layers"));
  for (const id of ["codec", "size"]) byId(id).addEventListener("change", offerLayers);
  void fillDevices();
  offerLayers();
  showRunning();
  if (parameters.get("auto") === "1" && name !== "") void start();
}

/** To what is pressed, chosen and plugged in. */
function listen(): void {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (connection === null) void start();
    else finish("stopped");
  });
  look.addEventListener("click", () => {
    if (studio.sources === null) void preview();
    else studio.close();
    showRunning();
  });
  studio.addEventListener("ended", () => {
    if (connection !== null) finish("stopped", "The source ended.");
    else studio.close();
    showRunning();
  });
  for (const id of ["source", "audio", "size", "fps", "camera", "microphone"]) {
    byId(id).addEventListener("change", () => {
      showDevices();
      if (studio.sources !== null) void preview();
    });
  }
  navigator.mediaDevices?.addEventListener("devicechange", () => void fillDevices());
}

function offerLayers(): void {
  layers?.update(chosenIn("codec"), choice());
}

/**
 * ?source=pattern&audio=tone&codec=VP8&layers=simulcast-3&width=640&height=360&fps=30
 * &bitrate=1500000&auto=1
 */
function applyParameters(): void {
  const width = whole("width", 16, 7680);
  const height = whole("height", 16, 4320);
  select("source", parameters.get("source"));
  select("audio", parameters.get("audio"));
  select("codec", parameters.get("codec")?.toLowerCase() ?? null);
  if (width !== null && height !== null)
    selectOrAdd("size", `${width}x${height}`, `${width} × ${height}`);
  const fps = whole("fps", 1, 120);
  if (fps !== null) selectOrAdd("fps", String(fps), String(fps));
  const bitrate = whole("bitrate", 10_000, 100_000_000);
  if (bitrate !== null) selectOrAdd("bitrate", String(bitrate), `${bitrate / 1e6} Mb/s`);
}

function whole(key: string, min: number, max: number): number | null {
  const value = Number(parameters.get(key) ?? "x");
  return Number.isInteger(value) && value >= min && value <= max ? value : null;
}

function select(id: string, value: string | null): void {
  const element = byId<HTMLSelectElement>(id);
  const known = Array.from(element.options).some((option) => option.value === value);
  if (value !== null && known) element.value = value;
}

function selectOrAdd(id: string, value: string, label: string): void {
  const element = byId<HTMLSelectElement>(id);
  const known = Array.from(element.options).some((option) => option.value === value);
  if (!known) element.add(new Option(label, value));
  element.value = value;
}

function chosenIn(id: string): string {
  return byId<HTMLSelectElement>(id).value;
}

function choice(): SourceChoice {
  const [width, height] = chosenIn("size").split("x").map(Number);
  return {
    picture: chosenIn("source") as SourceChoice["picture"],
    sound: chosenIn("audio") as SourceChoice["sound"],
    width: width ?? 1280,
    height: height ?? 720,
    framesPerSecond: Number(chosenIn("fps")),
    camera: chosenIn("camera"),
    microphone: chosenIn("microphone"),
  };
}

/** The sources that are chosen; null, with a sentence that says why, when there are none. */
async function openChosen(): Promise<Sources | null> {
  const chosen = choice();
  setNotice(byId("notice"), "");
  if (chosen.picture === "none" && chosen.sound === "none") {
    setNotice(byId("notice"), "Choose a picture or a sound to send.");
    return null;
  }
  try {
    return await studio.open(chosen);
  } catch (error) {
    setNotice(byId("notice"), messageOf(error));
    return null;
  }
}

async function preview(): Promise<void> {
  if ((await openChosen()) === null) studio.close();
  else setNotice(byId("notice"), soundHint());
  showRunning();
}

async function start(): Promise<void> {
  if (starting) return;
  starting = true;
  showRunning();
  const opened = await openChosen();
  starting = false;
  if (opened !== null) begin(opened);
  showRunning();
}

function begin({ video, audio }: Sources): void {
  connection = publishConnection({
    endpoint: new URL(pathOfName("whip", name), location.href).href,
    token: currentToken(),
    video,
    audio,
    codec: chosenIn("codec") || null,
    layering: chosenIn("layers"),
    maxBitrate: Number(chosenIn("bitrate")),
  });
  connection.addEventListener("statechange", showState);
  connection.start();
}

function showState(): void {
  if (connection === null) return;
  const { state, message, status } = connection;
  setBadge(state);
  if (state === "live") {
    void talk();
    void showAudience(name);
  }
  if (state !== "refused") {
    setNotice(byId("notice"), state === "retrying" ? `${message} Trying again…` : soundHint());
    return;
  }
  finish("refused", message);
  if (status === 401 || status === 403) askForToken(() => void start());
}

function send(type: string, data: object): Promise<StreamEvent> {
  return sendStreamEvent(eventsAddress(name), currentToken(), type, null, data);
}

/** Listens to what viewers say, where they may. */
async function talk(): Promise<void> {
  if (listener !== null || !(await hasChat(name)) || connection === null) return;
  chat.show();
  listener ??= new Listener(eventsAddress(name), currentToken(), (event) => chat.hear(event));
  listener.start();
}

function soundHint(): string {
  if (!studio.sources?.awaitsClick()) return "";
  return "The browser starts the test tone at your first click on this page.";
}

function finish(state: string, message = ""): void {
  connection?.removeEventListener("statechange", showState);
  connection?.stop();
  connection = null;
  studio.close();
  listener?.stop();
  listener = null;
  before = [];
  setText(byId("viewers"), "");
  setNotice(byId("notice"), message);
  setBadge(state);
  showRunning();
  showTiles(byId("figures"), publisherLines(publisherFigures([], [])));
}

/** What can be done now. */
function showRunning(): void {
  const running = connection !== null;
  setText(toggle, running ? "Stop" : "Start");
  toggle.classList.toggle("danger", running);
  toggle.disabled = starting || name === "";
  setText(look, studio.sources === null ? "Preview" : "End preview");
  look.hidden = running;
  look.disabled = starting;
  byId("captioning").hidden = !running;
  for (const element of form.querySelectorAll("select")) element.disabled = running || starting;
}

function setBadge(state: string): void {
  setText(byId("state"), STATES[state] ?? state);
  byId("state").dataset.state = state;
}

async function measure(): Promise<void> {
  const pc = connection?.pc;
  if (!pc) return;
  const reports: Report[] = [];
  for (const report of (await pc.getStats()).values()) reports.push(report);
  if (connection?.pc !== pc) return;
  if (connection.state === "live") setNotice(byId("notice"), soundHint());
  showTiles(byId("figures"), publisherLines(publisherFigures(before, reports)));
  before = reports;
}

function exposeForTests(): void {
  const spillway = {
    get pc() {
      return connection?.pc ?? null;
    },
    get state() {
      return connection?.state ?? "idle";
    },
    stats: async () => Array.from((await connection?.pc?.getStats())?.values() ?? []),
  };
  Object.assign(window, { spillway });
}
