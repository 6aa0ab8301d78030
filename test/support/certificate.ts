/** Certificates that others made, for the peers in tests. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import type { Certificate } from "../../src/io/certificate.ts";
import { fingerprintOf } from "../../src/peer/fingerprint.ts";

/** Certificate and key from PEM. Throws if the key is not the certificate's. */
export function loadCertificate(certificatePem: string, privateKeyPem: string): Certificate {
  const certificate = new X509Certificate(certificatePem);
  if (!certificate.checkPrivateKey(createPrivateKey(privateKeyPem))) {
    throw new Error("the private key does not belong to the certificate");
  }
  return { certificatePem, privateKeyPem, fingerprint: fingerprintOf(certificate.raw) };
}
