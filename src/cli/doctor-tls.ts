/** The certificate that browsers are shown: whether it is there, is of the right name, and lasts. */
import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { connect } from "node:tls";
import { formatHostPort, type HostPort } from "../config/values.ts";
import type { Config } from "../config.ts";
import { messageOf } from "../errors.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";
import { readTls } from "./listener.ts";

const NAME = "tls";
const DAY_MS = 86_400_000;
/** Who renews by itself has done so long before. */
const LEFT_MIN_MS = 14 * DAY_MS;
/** Of a certificate that lasts for days only: it is renewed when half of them are over. */
const LEFT_MIN_SHARE = 1 / 3;
const CONNECT_MS = 2_000;

/** What the server at an address shows, DER; null when nobody answers. */
type Shown = (at: HostPort) => Promise<Uint8Array | null>;

/** `shown`: null when no server runs. */
export async function checkTls(
  config: Config,
  nowMs: number,
  shown: Shown | null,
): Promise<readonly Finding[]> {
  let pem: string | undefined;
  try {
    pem = readTls(config)?.cert;
  } catch (error) {
    return [fail(NAME, messageOf(error), "The server does not start so: mend the files")];
  }
  if (pem === undefined) return checkWithout(config);
  const certificate = new X509Certificate(pem);
  return [
    checkDates(certificate, nowMs),
    ...checkName(certificate, config),
    ...(shown === null ? [] : checkShown(certificate, config, await shown(config.http))),
  ];
}

/** The certificate of whoever listens there, be it good or not. */
export async function shownCertificate({ host, port }: HostPort): Promise<Uint8Array | null> {
  const { promise, resolve } = Promise.withResolvers<Uint8Array | null>();
  const to = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  const socket = connect({ host: to, port, rejectUnauthorized: false });
  socket.setTimeout(CONNECT_MS, () => resolve(null));
  socket.once("error", () => resolve(null));
  socket.once("close", () => resolve(null));
  socket.once("secureConnect", () => resolve(socket.getPeerCertificate().raw ?? null));
  const raw = await promise;
  socket.destroy();
  return raw;
}

/** No certificate: somebody else must have it. */
function checkWithout({ publicUrl, trustedProxies }: Config): readonly Finding[] {
  if (publicUrl === null || trustedProxies.length > 0) return [];
  if (new URL(publicUrl).protocol !== "https:") {
    const mend = "https, with tls-cert and tls-key or a proxy; browsers give no camera without it";
    return [warn(NAME, `${publicUrl}: tokens travel in clear`, mend)];
  }
  const detail = `${publicUrl}: there is no certificate, and no proxy that has one`;
  return [warn(NAME, detail, "tls-cert and tls-key, or trusted-proxy for the proxy that has it")];
}

function checkDates(certificate: X509Certificate, nowMs: number): Finding {
  const [from, to] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  const mend = "Renew it, then systemctl reload spillway";
  const day = (time: number) => new Date(time).toISOString().slice(0, 10);
  if (nowMs < from) return fail(NAME, `valid from ${day(from)} on only`, "Is the clock right?");
  if (nowMs >= to) return fail(NAME, `expired on ${day(to)}`, mend);
  const left = to - nowMs;
  const detail = `valid until ${day(to)}, for ${Math.floor(left / DAY_MS)} days`;
  if (left >= Math.min(LEFT_MIN_MS, (to - from) * LEFT_MIN_SHARE)) return ok(NAME, detail);
  return warn(NAME, detail, mend);
}

/** A proxy shows its own, so that the name of this one is nobody's business but the proxy's. */
function checkName(certificate: X509Certificate, config: Config): readonly Finding[] {
  if (config.publicUrl === null || config.trustedProxies.length > 0) return [];
  const host = new URL(config.publicUrl).hostname.replace(/^\[|\]$/g, "");
  // Browsers look at subjectAltName alone.
  const known = { subject: "never" } as const;
  const match = isIP(host) === 0 ? certificate.checkHost(host, known) : certificate.checkIP(host);
  if (match !== undefined) return [ok("tls name", host)];
  const { subjectAltName: names = "nothing by its subjectAltName" } = certificate;
  return [
    fail("tls name", `is for ${names}, not for ${host}`, "Another certificate, or public-url"),
  ];
}

function checkShown(
  certificate: X509Certificate,
  { http }: Config,
  shown: Uint8Array | null,
): readonly Finding[] {
  const where = formatHostPort(http.host, http.port);
  if (shown === null) {
    return [warn("tls shown", `${where}: nobody answers with TLS`, "Does the server run?")];
  }
  if (certificate.raw.equals(shown)) return [ok("tls shown", `${where}: the one of the file`)];
  const mend = "systemctl reload spillway";
  return [warn("tls shown", `${where}: another one than that of the file`, mend)];
}
