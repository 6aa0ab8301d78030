/**
 * Janus behind a gateway for WHIP and WHEP (janus-gateway.ts), which runs on the load's core and is
 * not counted: the process that is measured is Janus alone.
 */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { nextPort, type RunningServer, startServer } from "./harness.ts";
import { LOAD_CORE, pinned } from "./pin.ts";

const GATEWAY = resolve(import.meta.dir, "janus-gateway.ts");
const GATEWAY_TIMEOUT_MS = 10_000;

/** What a package installs beyond the two plugins and the one transport that are used. */
const UNUSED_PLUGINS = [
  ...["audiobridge", "duktape", "echotest", "lua", "nosip", "recordplay", "sip", "textroom"],
  ...["videocall", "voicemail"],
];
const UNUSED_TRANSPORTS = ["mqtt", "nanomsg", "pfunix", "rabbitmq", "websockets"];

export const JANUS_TUNING =
  "one event loop for all handles (event_loops = 1, one core), ICE lite, other plugins off; " +
  "VideoRoom, RTP forward to the Streaming plugin, WHIP and WHEP by a gateway that is not counted; " +
  "it negotiates no transport-cc with these viewers";

export async function startJanus(path: string): Promise<RunningServer> {
  const http = nextPort();
  const gatewayPort = http + 1;
  const api = `http://127.0.0.1:${http}/janus`;
  const server = await startServer({
    command: [path, "--configs-folder", configFolder(http)],
    probe: `${api}/info`,
    whip: () => `http://127.0.0.1:${gatewayPort}/whip`,
    whep: () => `http://127.0.0.1:${gatewayPort}/whep`,
  });
  const gateway = Bun.spawn(
    pinned(LOAD_CORE, [process.execPath, GATEWAY, api, String(gatewayPort), String(http + 2)]),
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const stop = async (): Promise<void> => {
    gateway.kill();
    await gateway.exited;
    await server.stop();
  };
  const timer = setTimeout(() => gateway.kill(), GATEWAY_TIMEOUT_MS);
  const { done } = await gateway.stdout.getReader().read();
  clearTimeout(timer);
  if (!done) return { ...server, stop };
  await stop();
  throw new Error("the gateway to Janus did not start");
}

function configFolder(http: number): string {
  const folder = mkdtempSync(join(tmpdir(), "spillway-bench-"));
  const files: Readonly<Record<string, string>> = {
    "janus.jcfg": `general: {
  debug_level = 2
  event_loops = 1
}
nat: {
  ice_lite = true
  ignore_mdns = true
}
plugins: { disable = "${UNUSED_PLUGINS.map((name) => `libjanus_${name}.so`).join()}" }
transports: { disable = "${UNUSED_TRANSPORTS.map((name) => `libjanus_${name}.so`).join()}" }
`,
    "janus.transport.http.jcfg": `general: {
  json = "compact"
  base_path = "/janus"
  http = true
  port = ${http}
  ip = "127.0.0.1"
  https = false
}
admin: { admin_http = false }
`,
    "janus.plugin.videoroom.jcfg": "general: {}\n",
    "janus.plugin.streaming.jcfg": "general: {}\n",
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}
