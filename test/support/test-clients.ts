/** Clients of one test, at servers of its choice: all end with it. */
import { expect } from "bun:test";
import { Client, type ClientOptions, viewerOffer } from "./client.ts";
import { until } from "./until.ts";

export class TestClients {
  readonly #clients: Client[] = [];

  /** In the order in which they came. */
  get all(): readonly Client[] {
    return this.#clients;
  }

  async connect(
    { base }: { readonly base: string },
    kind: "publisher" | "viewer",
    stream: string,
    options: ClientOptions = {},
  ): Promise<Client> {
    return this.add(await Client.connect(base, kind, stream, options));
  }

  add(client: Client): Client {
    this.#clients.push(client);
    return client;
  }

  hangUp(): void {
    for (const client of this.#clients.splice(0)) client.hangUp();
  }
}

/** Somebody who wants to publish, asks once and never connects. */
export function offerToPublish(
  { base }: { readonly base: string },
  stream: string,
): Promise<Response> {
  const body = viewerOffer().replaceAll("a=recvonly", "a=sendonly");
  const headers = { "Content-Type": "application/sdp" };
  return fetch(`${base}/whip/${stream}`, { method: "POST", headers, body });
}

/** Media comes, on the same connection, and no number is left out. */
export async function goesOn(viewer: Client, timeoutMs = 5_000): Promise<void> {
  const seen = viewer.received.packets;
  await until("media goes on", timeoutMs, () => viewer.received.packets > seen + 50);
  expect(viewer.peer.state).toBe("connected");
  expect(viewer.received.lost()).toBe(0);
}
