import { expect, test } from "bun:test";
import { type HazardParts, hazards, type Ownership } from "../../src/cli/hazards.ts";
import { loadConfig } from "../../src/config.ts";

const SECRETS = `[[auth.tokens]]\ntoken = "a-token-in-the-file"\nrights = ["view"]\n`;
const HASHES = `[[auth.tokens]]\nhash = "${"0".repeat(64)}"\nrights = ["view"]\n`;

/** What is found in a folder of mode 755 that root owns, with these modes of files. */
function found(
  modes: Readonly<Record<string, number | Ownership>>,
  options: { text?: string; args?: readonly string[]; uid?: number; tokenFile?: string } = {},
): readonly string[] {
  const result = loadConfig({
    args: ["--config", "/etc/s.toml", ...(options.args ?? [])],
    env: {},
    readFile: (path) => (path === "/etc/s.toml" ? (options.text ?? "") : "5a".repeat(32)),
    cores: 2,
    memoryBytes: 8e9,
  });
  if (!result.ok) throw new Error(result.error);
  const stat: HazardParts["stat"] = (path) => {
    const entry = modes[path] ?? (path in modes || !path.includes(".") ? 0o755 : null);
    return typeof entry === "number" ? { mode: entry, uid: 0 } : entry;
  };
  const { config, provenance } = result;
  const tokenFile = options.tokenFile ?? null;
  const parts = { config, provenance, uid: options.uid ?? 999, tokenFile, stat };
  for (const { mend } of hazards(parts)) expect(mend).not.toBe("");
  return hazards(parts).map(({ name, detail }) => `${name}: ${detail}`);
}

test("S14: whoever is not root and lays nothing open is told nothing", () => {
  expect(found({ "/etc/s.toml": 0o640 }, { text: SECRETS })).toEqual([]);
  expect(found({ "/etc/s.toml": 0o644 }, { text: HASHES })).toEqual([]);
  expect(found({ "/etc/s.toml": { mode: 0o600, uid: 999 } }, { text: SECRETS })).toEqual([]);
  expect(found({})).toEqual([]);
});

test("S14: running as root is told", () => {
  expect(found({}, { uid: 0 })).toEqual([expect.stringContaining("root: ")]);
});

test("S14: files that others may write, be it by mode, owner or folder", () => {
  for (const mode of [0o660, 0o606, 0o666]) {
    expect(found({ "/etc/s.toml": mode }, { text: HASHES })[0]).toContain("others may write it");
  }
  const owned = found({ "/etc/s.toml": { mode: 0o600, uid: 1000 } });
  expect(owned[0]).toContain("another user owns it (uid 1000)");
  expect(found({ "/etc/s.toml": 0o600, "/etc": 0o777 })[0]).toContain("replace it");
  expect(found({ "/etc/s.toml": 0o600, "/etc": 0o775 })[0]).toContain("replace it");
  // As /tmp is: only owners may replace what is there.
  expect(found({ "/etc/s.toml": 0o600, "/etc": 0o1777 })).toEqual([]);
});

test("S14: secrets that others may read, in whatever file they stand", () => {
  expect(found({ "/etc/s.toml": 0o644 }, { text: SECRETS })[0]).toContain("everybody may read it");
  const hook = `[hook]\nurl = "http://hook.example"\n`;
  const inFile = found({ "/etc/s.toml": 0o644 }, { text: `${hook}secret = "s3cret"` });
  expect(inFile[0]).toContain("everybody may read it");
  const elsewhere = `${hook}secret-file = "/etc/hook.txt"`;
  expect(found({ "/etc/s.toml": 0o644, "/etc/hook.txt": 0o600 }, { text: elsewhere })).toEqual([]);
  const turn = `[[ice-servers]]\nurls = "turn:t.example"\nusername = "u"\ncredential = "c"`;
  expect(found({ "/etc/s.toml": 0o644 }, { text: turn })).toHaveLength(1);
  const files = { "/etc/c.pem": 0o644, "/etc/k.pem": 0o644 };
  const tls = found(files, { args: ["--tls-cert=/etc/c.pem", "--tls-key=/etc/k.pem"] });
  expect(tls).toEqual([expect.stringContaining("TLS key /etc/k.pem: everybody may read it")]);
  const jwks = (alg: string) => `[[auth.keys]]\nalg = "${alg}"\njwks = "/etc/j.json"`;
  expect(found({ "/etc/j.json": 0o644 }, { text: jwks("HS256") })).toHaveLength(1);
  expect(found({ "/etc/j.json": 0o644 }, { text: jwks("ES256") })).toEqual([]);
  expect(found({ "/etc/j.json": 0o666 }, { text: jwks("ES256") })).toHaveLength(1);
  const cluster = `cluster-secret-file = "/etc/cluster.secret"`;
  expect(found({ "/etc/cluster.secret": 0o640 }, { text: cluster })).toEqual([]);
  const owned = { "/etc/cluster.secret": { mode: 0o600, uid: 1000 } };
  expect(found(owned, { text: cluster })[0]).toContain(
    "cluster secret /etc/cluster.secret: another",
  );
  const token = found({ "/var/t.x": 0o644 }, { tokenFile: "/var/t.x" });
  expect(token[0]).toContain("token of the first start");
});

test("S14: a secret on the command line is told", () => {
  const url = "--hook-url=http://hook.example";
  expect(found({}, { args: [url, "--hook-secret", "x"] })[0]).toContain("list of processes");
  expect(found({}, { args: [url, "--hook-secret-file", "/etc/h.txt"] })).toEqual([]);
});
