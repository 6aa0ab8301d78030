/** The package as Debian's tools read it. */
import { afterAll, beforeAll, expect, spyOn, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deb, debianVersion, debName } from "../../scripts/release/deb.ts";
import { installCommand } from "../../src/cli/install.ts";
import { systemdUnit } from "../../src/cli/unit.ts";
import { exampleConfig } from "../../src/config.ts";

const PACKED = {
  version: "0.2.0-rc.1+12",
  architecture: "arm64" as const,
  // An odd length: the next member of the archive begins at an even place all the same.
  executable: new TextEncoder().encode("#!/bin/sh\nexit 0"),
  documents: { "README.md": "# Spillway\n", "sbom.cdx.json": "{}\n" },
  licenses: "All of them.\n",
  time: 1_764_500_000,
};
const FILE = "spillway_0.2.0~rc.1+12_arm64.deb";
const SCRIPTS = ["postinst", "prerm", "postrm"];

const folder = mkdtempSync(join(tmpdir(), "spillway-deb-"));
afterAll(() => rmSync(folder, { recursive: true }));
const missing = Bun.which("dpkg-deb") === null;
if (missing) console.log("skipped: Debian packages (no dpkg-deb)");

beforeAll(() => writeFileSync(join(folder, FILE), deb(PACKED)));

function system(...command: string[]): string {
  const result = Bun.spawnSync(command, { cwd: folder, env: { ...process.env, TZ: "UTC" } });
  expect([command, result.exitCode, result.stderr.toString()]).toEqual([command, 0, ""]);
  return result.stdout.toString();
}

test("the same executable makes the same bytes, under the name that Debian's packages have", () => {
  expect(debName(PACKED)).toBe(FILE);
  expect(deb(PACKED)).toEqual(new Uint8Array(readFileSync(join(folder, FILE))));
});

test.skipIf(missing)("dpkg reads what it is, and puts versions in order", () => {
  const fields = system("dpkg-deb", "--field", FILE);
  expect(fields).toContain("Package: spillway\nVersion: 0.2.0~rc.1+12\nArchitecture: arm64\n");
  expect(fields).toMatch(/^Depends: libc6 \(>= 2\.34\), /m);
  const versions = ["0.1.0-dev", "0.2.0-rc.1", "0.2.0", "0.2.0+1", "0.2.0+12", "0.3.0"];
  for (const [index, version] of versions.slice(1).entries()) {
    const words = [debianVersion(versions[index]!), "lt", debianVersion(version)];
    system("dpkg", "--compare-versions", ...words);
  }
});

test.skipIf(missing)(
  "it has what install writes, below /usr, and the configuration in /etc",
  () => {
    const lines = system("dpkg-deb", "--contents", FILE).trimEnd().split("\n");
    const files = lines.map((line) => line.split(/\s+/)).filter(([mode]) => !mode!.startsWith("d"));
    expect(files.map(([mode, owner, , , , path]) => `${mode} ${owner} ${path}`)).toEqual([
      "-rw-r----- root/root etc/spillway/spillway.toml",
      "-rwxr-xr-x root/root usr/bin/spillway",
      "-rw-r--r-- root/root usr/lib/sysctl.d/60-spillway.conf",
      "-rw-r--r-- root/root usr/lib/systemd/system/spillway.service",
      "-rw-r--r-- root/root usr/lib/sysusers.d/spillway.conf",
      "-rw-r--r-- root/root usr/share/doc/spillway/README.md",
      "-rw-r--r-- root/root usr/share/doc/spillway/copyright",
      "-rw-r--r-- root/root usr/share/doc/spillway/sbom.cdx.json",
    ]);
    system("dpkg-deb", "--extract", FILE, "root");
    const text = (path: string) => readFileSync(join(folder, "root", path), "utf8");
    const unit = text("usr/lib/systemd/system/spillway.service");
    expect(unit).toBe(systemdUnit("/usr/bin/spillway", false));
    expect(text("etc/spillway/spillway.toml")).toBe(exampleConfig());
    expect(statSync(join(folder, "root/usr/bin/spillway")).mode & 0o777).toBe(0o755);
  },
);

test.skipIf(missing)("its scripts are scripts, start nothing, and its sums are right", () => {
  system("dpkg-deb", "--control", FILE, "control");
  for (const name of SCRIPTS) {
    system("sh", "-n", `control/${name}`);
    expect(readFileSync(join(folder, "control", name), "utf8")).not.toMatch(
      /^(?!\s*echo ).*systemctl .*\b(start|restart|enable)\b/m,
    );
  }
  expect(readFileSync(join(folder, "control/conffiles"), "utf8")).toBe(
    "/etc/spillway/spillway.toml\n",
  );
  system("dpkg-deb", "--extract", FILE, "sums");
  system("sh", "-c", "cd sums && md5sum --check --quiet ../control/md5sums");
});

test.skipIf(missing)("purged, nothing is left of what install and the service wrote", async () => {
  const root = join(folder, "purged");
  const quiet = spyOn(console, "log").mockImplementation(() => {});
  try {
    // Port 80 takes a unit of its own.
    await installCommand.run(["--public-url", "http://192.0.2.7", "--root", root]);
  } finally {
    quiet.mockRestore();
  }
  await Bun.write(join(root, "var/lib/private/spillway/token"), "");
  const files = () => system("find", root, "!", "-type", "d").split("\n").filter(Boolean);
  expect(files().length).toBeGreaterThan(7);
  system("dpkg-deb", "--control", FILE, "purge");
  const script = readFileSync(join(folder, "purge/postrm"), "utf8");
  writeFileSync(join(folder, "postrm"), script.replaceAll(/ \/(?=etc|var|run)/g, ` ${root}/`));
  // This machine's group stays, whoever has it.
  writeFileSync(join(folder, "getent"), "#!/bin/sh\nexit 2\n", { mode: 0o755 });
  system("env", `PATH=${folder}:${process.env.PATH}`, "sh", "postrm", "purge");
  expect(files()).toEqual([]);
});
