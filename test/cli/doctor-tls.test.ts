import { afterAll, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkTls, shownCertificate } from "../../src/cli/doctor-tls.ts";
import { loadConfig } from "../../src/config.ts";
import { createCertificate } from "../../src/io/certificate.ts";

const folder = mkdtempSync(join(tmpdir(), "spillway-doctor-tls-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const DAY_MS = 86_400_000;

/** Paths of a certificate of these extensions that lasts for so many days, and of its key. */
function made(name: string, days: number, ...extensions: readonly string[]) {
  const [cert, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const added = extensions.flatMap((extension) => ["-addext", extension]);
  const what = ["-x509", "-subj", "/CN=live.example.com", ...added];
  const where = ["-days", String(days), "-out", cert, "-keyout", key];
  const { success, stderr } = Bun.spawnSync(["openssl", "req", ...what, ...curve, ...where]);
  if (!success) throw new Error(stderr.toString());
  return { cert, key, from: Date.parse(new X509Certificate(readFileSync(cert)).validFrom) };
}

const NAMES = "DNS:live.example.com,DNS:*.example.org,IP:192.0.2.7";
const long = made("long", 90, `subjectAltName=${NAMES}`);
const short = made("short", 6, "subjectAltName=DNS:live.example.com");

function configOf(...args: readonly string[]) {
  const sources = { env: {}, readFile: () => "", cores: 2, memoryBytes: 8e9 };
  const result = loadConfig({ args, ...sources });
  if (!result.ok) throw new Error(result.error);
  return result.config;
}

const filesOf = ({ cert, key }: { cert: string; key: string }) => [
  ...[`--tls-cert=${cert}`, `--tls-key=${key}`],
];

/** Level of each finding by its name. */
async function levels(args: readonly string[], nowMs = long.from + DAY_MS, shown?: string) {
  const look = async () => (shown === undefined ? null : new X509Certificate(shown).raw);
  const findings = await checkTls(configOf(...args), nowMs, shown === undefined ? null : look);
  for (const { level, mend } of findings) expect(mend === null).toBe(level === "ok");
  return Object.fromEntries(findings.map(({ name, level }) => [name, level]));
}

test("files that are missing, broken or do not belong together fail", async () => {
  expect(await levels(filesOf({ ...long, cert: "/none" }))).toEqual({ tls: "fail" });
  expect(await levels(filesOf({ ...long, key: "/none" }))).toEqual({ tls: "fail" });
  expect(await levels(filesOf({ ...long, key: short.key }))).toEqual({ tls: "fail" });
  writeFileSync(join(folder, "broken.crt"), "no certificate");
  expect(await levels(filesOf({ ...long, cert: join(folder, "broken.crt") }))).toEqual({
    tls: "fail",
  });
});

test("a certificate that ends soon is told, by how long it lasts at all", async () => {
  const at = (which: typeof long, days: number) =>
    levels(filesOf(which), which.from + days * DAY_MS).then(({ tls }) => tls);
  expect(await at(long, -1)).toBe("fail");
  expect(await at(long, 75)).toBe("ok");
  expect(await at(long, 77)).toBe("warn");
  expect(await at(long, 91)).toBe("fail");
  expect(await at(short, 3)).toBe("ok");
  expect(await at(short, 5)).toBe("warn");
});

test("the name of the public URL must be the certificate's, unless a proxy shows its own", async () => {
  const named = async (url: string, ...more: readonly string[]) =>
    (await levels([...filesOf(long), `--public-url=${url}`, ...more]))["tls name"];
  expect(await named("https://live.example.com")).toBe("ok");
  expect(await named("https://LIVE.example.com:8443")).toBe("ok");
  expect(await named("https://a.example.org")).toBe("ok");
  expect(await named("https://192.0.2.7")).toBe("ok");
  for (const url of ["https://example.com", "https://a.b.example.org", "https://192.0.2.8"]) {
    expect(await named(url), url).toBe("fail");
    expect(await named(url, "--trusted-proxy=192.0.2.1"), url).toBeUndefined();
  }
});

test("a name that stands in the subject alone is none: no browser looks there", async () => {
  const bare = made("bare", 90);
  const args = [...filesOf(bare), "--public-url=https://live.example.com"];
  const named = (await checkTls(configOf(...args), bare.from + DAY_MS, null))[1]!;
  expect(named.level).toBe("fail");
  expect(named.detail).toBe("is for nothing by its subjectAltName, not for live.example.com");
});

test("who has no certificate is told where the public URL wants one", async () => {
  expect(await levels([])).toEqual({});
  expect(await levels(["--public-url=https://live.example.com"])).toEqual({ tls: "warn" });
  expect(await levels(["--public-url=http://live.example.com"])).toEqual({ tls: "warn" });
  const proxied = ["--public-url=https://live.example.com", "--trusted-proxy=127.0.0.1"];
  expect(await levels(proxied)).toEqual({});
});

test("a server that still shows the one of before is told apart from one that is not there", async () => {
  const pem = readFileSync(long.cert, "utf8");
  const shown = async (text: string) =>
    (await levels(filesOf(long), long.from + DAY_MS, text))["tls shown"];
  expect(await shown(pem)).toBe("ok");
  expect(await shown(createCertificate().certificatePem)).toBe("warn");
  const key = readFileSync(long.key, "utf8");
  const server = Bun.serve({ port: 0, fetch: () => new Response(), tls: { cert: pem, key } });
  const port = server.port!;
  const raw = await shownCertificate({ host: "0.0.0.0", port });
  expect(new X509Certificate(pem).raw.equals(raw!)).toBe(true);
  await server.stop(true);
  expect(await shownCertificate({ host: "127.0.0.1", port })).toBeNull();
});
