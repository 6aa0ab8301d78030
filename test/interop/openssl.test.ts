/** The command-line tool of OpenSSL as the other end of a handshake, in both roles. */
import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCertificate } from "../../src/io/certificate.ts";
import { monotonicUs } from "../../src/io/clock.ts";
import { OpenSslDtlsFactory } from "../../src/io/dtls-openssl.ts";
import { openOpenSsl } from "../../src/io/openssl.ts";
import type { DtlsSession } from "../../src/peer/dtls.ts";
import { GuardedDtls } from "../../src/peer/guarded-dtls.ts";
import { SrtpProfile } from "../../src/srtp/cipher.ts";
import { until } from "../support/until.ts";

const PROFILE = "SRTP_AEAD_AES_128_GCM";
const ours = createCertificate();
const theirs = createCertificate();
const factory = new GuardedDtls(new OpenSslDtlsFactory(openOpenSsl("system"), ours));
const folder = mkdtempSync(join(tmpdir(), "spillway-openssl-"));
const certificate = join(folder, "certificate.pem");
const key = join(folder, "key.pem");
writeFileSync(certificate, theirs.certificatePem);
writeFileSync(key, theirs.privateKeyPem);

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

function tool(...args: readonly string[]): { readonly text: () => string } {
  const child = Bun.spawn(["openssl", ...args, "-use_srtp", PROFILE], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    void (async () => {
      for await (const part of stream.pipeThrough(new TextDecoderStream())) text += part;
    })();
  }
  cleanups.push(() => child.kill("SIGKILL"));
  return { text: () => text };
}

/** Drives `session` over a socket; `port` null answers whoever sends first. */
async function drive(session: DtlsSession, port: number | null): Promise<number> {
  const out = new Uint8Array(2048);
  let to = port;
  const socket = await Bun.udpSocket({
    hostname: "127.0.0.1",
    socket: {
      data: (_socket, data, from) => {
        to ??= from;
        session.handleDatagram(monotonicUs(), data, 0, data.length);
        send();
      },
    },
  });
  const send = (): void => {
    if (to === null) return;
    for (let n = session.pollTransmit(out); n > 0; n = session.pollTransmit(out)) {
      socket.send(out.slice(0, n), to, "127.0.0.1");
    }
  };
  const timer = setInterval(() => {
    session.handleTimeout(monotonicUs());
    send();
  }, 5);
  cleanups.push(() => {
    clearInterval(timer);
    socket.close();
    session.free();
  });
  return socket.port;
}

async function freePort(): Promise<number> {
  const socket = await Bun.udpSocket({ hostname: "127.0.0.1" });
  const { port } = socket;
  socket.close();
  return port;
}

for (const [name, extra] of [
  ["asks for a cookie", ["-listen"]],
  ["does not ask for one", []],
] as const) {
  test(`S8: a handshake with a server that ${name}`, async () => {
    const port = await freePort();
    const { text } = tool(
      ...["s_server", "-dtls1_2", "-accept", `127.0.0.1:${port}`, "-Verify", "1"],
      ...["-cert", certificate, "-key", key, ...extra],
    );
    await until("it listens", 5_000, () => text().includes("ACCEPT"), text);
    const session = factory.create("client", [theirs.fingerprint], monotonicUs());
    await drive(session, port);
    await until("we are connected", 5_000, () => session.state !== "handshaking", text);
    expect([session.state, session.failure]).toEqual(["connected", ""]);
    expect(session.keys().profile).toBe(SrtpProfile.AEAD_AES_128_GCM);
  }, 60_000);
}

for (const forged of [false, true]) {
  const name = forged ? "after a stranger's hello: it brings the cookie back" : "at once";
  test(`S8: a handshake with a client, ${name}`, async () => {
    const session = factory.create("server", [theirs.fingerprint], monotonicUs());
    if (forged) {
      const other = factory.create("client", [theirs.fingerprint], 0);
      const hello = new Uint8Array(2048);
      session.handleDatagram(monotonicUs(), hello, 0, other.pollTransmit(hello));
      while (session.pollTransmit(hello) > 0);
      other.free();
    }
    const port = await drive(session, null);
    const { text } = tool(
      ...["s_client", "-dtls1_2", "-connect", `127.0.0.1:${port}`],
      ...["-cert", certificate, "-key", key],
    );
    await until("we are connected", 5_000, () => session.state !== "handshaking", text);
    expect([session.state, session.failure]).toEqual(["connected", ""]);
    await until("so is it", 3_000, () => text().includes(PROFILE), text);
  }, 60_000);
}
