/** What this server has of a stream's events beyond listening: whether viewers may speak, and taking back. */
import { callApi, fetchWithToken } from "./access.ts";
import { pathOfName } from "./streamname.ts";

/** Neither a name that nobody publishes nor a token without the right to view is a fault. */
export async function hasChat(name: string): Promise<boolean> {
  const response = await fetchWithToken(pathOfName("events", name), "HEAD").catch(() => null);
  return response?.headers.has("Accept-Post") ?? false;
}

/** With `keepalive` also when the page is left. Rejects with ServerRefusal. */
export async function takeBack(name: string, id: number, keepalive = false): Promise<void> {
  await callApi(`${pathOfName("events", name)}/${id}`, { method: "DELETE", keepalive });
}

/** Of /events/NAME, absolute. */
export function eventsAddress(name: string): string {
  return new URL(pathOfName("events", name), location.href).href;
}
