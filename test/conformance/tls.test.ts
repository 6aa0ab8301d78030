/** W69, E47: HTTPS by the listener itself. */
import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Listener, listen } from "../../src/cli/listener.ts";
import { createCertificate } from "../../src/io/certificate.ts";
import { Harness, PUBLISHER_OFFER } from "../support/control-harness.ts";

const folder = mkdtempSync(join(tmpdir(), "spillway-tls-"));
const cert = join(folder, "cert.pem");
const key = join(folder, "key.pem");
let listener: Listener | null = null;

afterEach(async () => {
  await listener?.stop(true);
  listener = null;
  rmSync(folder, { recursive: true, force: true });
});

function writePair(): string {
  const made = createCertificate();
  writeFileSync(cert, made.certificatePem);
  writeFileSync(key, made.privateKeyPem);
  return made.certificatePem;
}

const fails = (request: Promise<Response>) =>
  request.then(
    () => false,
    () => true,
  );

test("W69 E47 --tls-cert and --tls-key serve HTTPS and only HTTPS; both are re-read", async () => {
  const first = writePair();
  const args = ["--http", "127.0.0.1:0", "--tls-cert", cert, "--tls-key", key];
  const h = await Harness.start({ args });
  listener = listen(h.config, h.control.app);
  const { port } = listener;
  const post = (scheme: string, name: string, ca: string) =>
    fetch(`${scheme}://127.0.0.1:${port}/whip/${name}`, {
      method: "POST",
      headers: { "Content-Type": "application/sdp", Connection: "close" },
      body: PUBLISHER_OFFER,
      // The very certificate, whose name is not the address.
      tls: { ca, checkServerIdentity: () => undefined },
    });
  expect((await post("https", "a", first)).status).toBe(201);
  expect(await fails(post("http", "b", first))).toBe(true);
  // Links that must be absolute say https.
  expect([...h.control.registry.sessions.all()][0]!.origin).toBe(`https://127.0.0.1:${port}`);

  const second = writePair();
  listener.reloadCertificate(h.config);
  expect((await post("https", "c", second)).status).toBe(201);
  expect(await fails(post("https", "d", first))).toBe(true);

  writeFileSync(key, createCertificate().privateKeyPem);
  expect(() => listener!.reloadCertificate(h.config)).toThrow();
  expect((await post("https", "e", second)).status).toBe(201);

  // Under other names, and that there is TLS is decided at the start.
  const third = createCertificate();
  const [certFile, keyFile] = [join(folder, "third.pem"), join(folder, "third.key")];
  writeFileSync(certFile, third.certificatePem);
  writeFileSync(keyFile, third.privateKeyPem);
  listener.reloadCertificate({ ...h.config, tls: { certFile, keyFile } });
  expect((await post("https", "f", third.certificatePem)).status).toBe(201);
  listener.reloadCertificate({ ...h.config, tls: null });
  expect((await post("https", "g", third.certificatePem)).status).toBe(201);
});
