/** nginx in front, with the configuration that the README shows (without TLS). */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { lacksChromium, TestBrowser } from "../support/browser.ts";
import { lacksNginx, startNginx, type TestProxy } from "../support/nginx.ts";
import { SETUP_MS, startServer, type TestServer } from "../support/server.ts";

const TOKEN = "proxy-token-0123456789";
const CONFIG = `
trusted-proxy = "127.0.0.1/32"
[[auth.tokens]]
token = "${TOKEN}"
rights = ["publish", "view", "admin"]
`;

const what = "nginx in front";
describe.skipIf(lacksNginx(what) || lacksChromium(what))(what, () => {
  let server: TestServer;
  let proxy: TestProxy;
  let browser: TestBrowser;
  beforeAll(async () => {
    const starting = startServer("serve", { config: CONFIG, token: TOKEN });
    [server, browser] = await Promise.all([starting, TestBrowser.open()]);
    proxy = await startNginx(server.port);
  }, SETUP_MS);
  afterAll(async () => {
    await Promise.all([browser?.close(), proxy?.stop()]);
    await server?.stop();
  });

  test("publish, watch and events pass through it", async () => {
    const publisher = await browser.publish(proxy.base, "through/nginx", { token: TOKEN });
    await publisher.live();
    const watcher = await browser.watch(proxy.base, "through/nginx", `?token=${TOKEN}`);
    const received = await watcher.receives("picture and sound", ({ frames, energy }) => {
      return frames > 30 && energy > 0;
    });
    expect(received.lost).toBe(0);
    const count = watcher.page.locator("#viewers");
    await count.filter({ hasText: "1 viewer" }).waitFor({ timeout: 5_000 });
    // Event by event, not when a buffer of nginx is full.
    const second = await browser.watch(proxy.base, "through/nginx", `?token=${TOKEN}`);
    await count.filter({ hasText: "2 viewers" }).waitFor({ timeout: 5_000 });
    await second.page.close();
    await count.filter({ hasText: "1 viewer" }).waitFor({ timeout: 5_000 });
    expect(watcher.posts).toBe(1);
    expect(browser.pageErrors).toEqual([]);
  }, 160_000);

  test("Location is a path, and the client's address is the one that nginx saw", async () => {
    const offer = await browserOffer(browser);
    const response = await fetch(`${proxy.base}/whip/by-hand`, {
      method: "POST",
      headers: {
        "Content-Type": "application/sdp",
        Authorization: `Bearer ${TOKEN}`,
        "X-Forwarded-For": "203.0.113.7",
      },
      body: offer,
    });
    expect(response.status).toBe(201);
    const location = response.headers.get("Location") ?? "";
    expect(location).toMatch(/^\/session\/[\w-]+$/);
    const { sessions } = (await server.api("/sessions")) as {
      sessions: { stream: string; address: string }[];
    };
    const session = sessions.find(({ stream }) => stream === "by-hand");
    expect(session?.address).toBe("203.0.113.7");
    const deleted = await fetch(new URL(location, proxy.base), { method: "DELETE" });
    expect(deleted.status).toBe(200);
  }, 80_000);

  test("refusals pass as they are: problem+json, challenge, large bodies", async () => {
    const refused = await fetch(`${proxy.base}/whep/through/nginx`, {
      method: "POST",
      headers: { "Content-Type": "application/sdp" },
      body: "v=0\r\n",
    });
    expect(refused.status).toBe(401);
    expect(refused.headers.get("WWW-Authenticate")).toStartWith("Bearer");
    expect(refused.headers.get("Content-Type")).toStartWith("application/problem+json");
    const large = await fetch(`${proxy.base}/whip/large`, {
      method: "POST",
      headers: { "Content-Type": "application/sdp", Authorization: `Bearer ${TOKEN}` },
      body: "a".repeat(100_000),
    });
    expect(large.status).toBe(413);
    expect(await large.json()).toMatchObject({ status: 413 });
  }, 80_000);
});

/** An offer to send sound, as Chromium writes it. */
async function browserOffer(browser: TestBrowser): Promise<string> {
  const page = await browser.open("about:blank");
  return page.evaluate<string>(`(async () => {
    const pc = new RTCPeerConnection();
    pc.addTransceiver("audio", { direction: "sendonly" });
    return (await pc.createOffer()).sdp;
  })()`);
}
