/** The lists of cameras and microphones: there is something in them once the browser tells of names. */
import { byId } from "./dom.ts";

const LISTS = { camera: "videoinput", microphone: "audioinput" } as const;

export type DeviceList = keyof typeof LISTS;

/** Fills both lists anew; what was chosen stays chosen while it is there. */
export async function fillDevices(): Promise<void> {
  const devices = await navigator.mediaDevices?.enumerateDevices().catch(() => []);
  for (const [id, kind] of Object.entries(LISTS)) {
    const select = byId<HTMLSelectElement>(id);
    const before = select.value;
    // Without a permission browsers tell of one device of each kind, and not what it is.
    const named = (devices ?? []).filter((device) => device.kind === kind && device.label !== "");
    const options = named.map(({ label, deviceId }) => new Option(label, deviceId));
    select.replaceChildren(new Option("Any", ""), ...options);
    select.value = named.some(({ deviceId }) => deviceId === before) ? before : "";
  }
  showDevices();
}

/** Lists of devices that are to be used, and of which there is more than "any". */
export function showDevices(): void {
  const uses = { camera: "source", microphone: "audio" } as const;
  for (const [id, use] of Object.entries(uses)) {
    const select = byId<HTMLSelectElement>(id);
    const label = select.closest("label");
    if (label === null) continue;
    label.hidden = select.options.length < 3 || byId<HTMLSelectElement>(use).value !== id;
  }
}
