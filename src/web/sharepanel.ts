/** What leads others to a stream, each in one click: the page, the element, a frame, HLS and WHEP. */
import { byId, make, setText } from "./dom.ts";
import { pathOfName } from "./streamname.ts";

const COPIED_MS = 2_000;

interface Way {
  readonly label: string;
  readonly hint: string;
  readonly text: string;
}

/** Fills #ways; none of them has the token of this page. */
export function showWays(name: string): void {
  byId("ways").replaceChildren(...waysTo(location.origin, name).map(rowOf));
}

/** Copies the address of the watch page. */
export async function copyLink(name: string, button: HTMLElement): Promise<void> {
  const [page] = waysTo(location.origin, name);
  await copy(page!.text, button);
}

function waysTo(origin: string, name: string): Way[] {
  const at = (page: string): string => `${origin}${pathOfName(page, name)}`;
  return [
    { label: "Link", hint: "The page to watch it on.", text: at("watch") },
    {
      label: "Element",
      hint: "Two lines for any page: the player, which falls back to HLS by itself.",
      text: `<script type="module" src="${origin}/assets/player.js"></script>
<spillway-player src="${at("whep")}"></spillway-player>`,
    },
    {
      label: "Frame",
      hint: "For pages that take no scripts of others.",
      text: `<iframe src="${at("embed")}" width="640" height="360" style="border: 0" allow="autoplay; fullscreen; picture-in-picture" allowfullscreen></iframe>`,
    },
    { label: "HLS", hint: "For other players and CDNs.", text: `${at("hls")}/index.m3u8` },
    { label: "WHEP", hint: "For WebRTC players.", text: at("whep") },
  ];
}

function rowOf({ label, hint, text }: Way): HTMLElement {
  const area = make("textarea", "", text);
  area.readOnly = true;
  area.rows = text.includes("<") ? 3 : 1;
  area.spellcheck = false;
  area.id = `way-${label.toLowerCase()}`;
  const title = make("label", "", label);
  title.htmlFor = area.id;
  const button = make("button", "small", "Copy");
  button.type = "button";
  button.ariaLabel = `Copy ${label}`;
  button.addEventListener("click", () => {
    area.select();
    void copy(text, button);
  });
  return make("div", "way", title, area, button, make("p", "hint", hint));
}

/** Copies, and says so on the button that was pressed. */
export async function copy(text: string, button: HTMLElement): Promise<void> {
  const before = button.textContent ?? "";
  if (button.dataset.told !== undefined) return;
  button.dataset.told = "";
  try {
    // Undefined outside a secure context.
    await navigator.clipboard.writeText(text);
    setText(button, "Copied");
  } catch {
    setText(button, "Press Ctrl+C");
  }
  setTimeout(() => {
    setText(button, before);
    delete button.dataset.told;
  }, COPIED_MS);
}
