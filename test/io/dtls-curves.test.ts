/** Peers make their certificates on the curve they like; ours must not refuse them for it. */
import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCertificate } from "../../src/io/certificate.ts";
import { OpenSslDtlsFactory } from "../../src/io/dtls-openssl.ts";
import { openOpenSsl } from "../../src/io/openssl.ts";
import type { DtlsSession } from "../../src/peer/dtls.ts";
import { GuardedDtls } from "../../src/peer/guarded-dtls.ts";
import { loadCertificate } from "../support/certificate.ts";

const openSsl = openOpenSsl("system");
const buffer = new Uint8Array(1500);

// secp224r1 is FFmpeg's with GnuTLS.
for (const curve of ["secp224r1", "prime256v1", "secp384r1", "secp521r1"]) {
  for (const role of ["server", "client"] as const) {
    test(`a ${role} with a certificate on ${curve} connects`, () => {
      const theirs = certificateOn(curve);
      const ours = createCertificate();
      const peer = new GuardedDtls(new OpenSslDtlsFactory(openSsl, theirs));
      const own = new GuardedDtls(new OpenSslDtlsFactory(openSsl, ours));
      const them = peer.create(role, [ours.fingerprint], 0);
      const us = own.create(role === "server" ? "client" : "server", [theirs.fingerprint], 0);
      for (let i = 0; i < 6; i += 1) {
        shuttle(us, them);
        shuttle(them, us);
      }
      expect(us.state, us.failure).toBe("connected");
      for (const session of [us, them]) session.free();
    });
  }
}

function shuttle(from: DtlsSession, to: DtlsSession): void {
  for (let n = from.pollTransmit(buffer); n > 0; n = from.pollTransmit(buffer)) {
    to.handleDatagram(0, buffer, 0, n);
  }
}

function certificateOn(curve: string) {
  const folder = mkdtempSync(join(tmpdir(), "spillway-curve-"));
  try {
    const [key, certificate] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
    const made = Bun.spawnSync([
      ...["openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-days", "2", "-subj", "/CN=peer"],
      ...["-pkeyopt", `ec_paramgen_curve:${curve}`, "-keyout", key, "-out", certificate],
    ]);
    expect(made.success, made.stderr.toString()).toBe(true);
    return loadCertificate(readFileSync(certificate, "utf8"), readFileSync(key, "utf8"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
