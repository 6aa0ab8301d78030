/**
 * A Debian package: what `spillway install` would write, in the places of packages, and enabled by hand
 * alone. https://manpages.debian.org/deb(5): an ar archive of two tar archives.
 */
import {
  CONFIG_FILE,
  CONFIG_GROUP,
  packagedPath,
  STATE_FOLDERS,
  serviceFiles,
} from "../../src/cli/unit.ts";
import { exampleConfig } from "../../src/config.ts";
import { ARCHITECTURES, type Architecture } from "../architecture.ts";
import { type ArchiveFile, joined, tarball, textFile } from "./archive.ts";

/** What goes into a package beside the texts that are the same in all. */
export interface Packed {
  readonly version: string;
  readonly architecture: Architecture;
  readonly executable: Uint8Array;
  /** Documents by name. */
  readonly documents: Readonly<Record<string, string>>;
  /** The notices of everything inside the executable. */
  readonly licenses: string;
  /** Seconds since 1970. */
  readonly time: number;
}

const BINARY = "/usr/bin/spillway";
const DOCUMENTS = "usr/share/doc/spillway";
/** What Debian's libcrypto asks of glibc; Bun asks for less. */
const GLIBC_MIN = "2.34";

/** "0.2.0-rc.1" comes before "0.2.0" for dpkg, too, when it is written so. */
export function debianVersion(version: string): string {
  return version.replaceAll("-", "~");
}

/** Its name by Debian's custom. */
export function debName({ version, architecture }: Packed): string {
  return `spillway_${debianVersion(version)}_${ARCHITECTURES[architecture].debian}.deb`;
}

/** The package. */
export function deb(packed: Packed): Uint8Array {
  const { time } = packed;
  const files = filesOf(packed);
  const control = [
    textFile("control", controlOf(packed, files)),
    textFile("conffiles", `${CONFIG_FILE}\n`),
    textFile("md5sums", md5sums(files)),
    textFile("postinst", POSTINST, 0o755),
    textFile("prerm", PRERM, 0o755),
    textFile("postrm", POSTRM, 0o755),
  ];
  return ar(
    {
      "debian-binary": new TextEncoder().encode("2.0\n"),
      "control.tar.gz": tarball(control, time),
      "data.tar.gz": tarball(files, time),
    },
    time,
  );
}

function filesOf({ executable, documents, licenses }: Packed): readonly ArchiveFile[] {
  const below = (path: string) => path.slice(1);
  return [
    { path: below(BINARY), bytes: executable, mode: 0o755 },
    ...serviceFiles(BINARY, false).map(({ path, text }) =>
      textFile(below(packagedPath(path)), text),
    ),
    textFile(below(CONFIG_FILE), exampleConfig(), 0o640),
    ...Object.entries(documents).map(([name, text]) => textFile(`${DOCUMENTS}/${name}`, text)),
    textFile(`${DOCUMENTS}/copyright`, licenses),
  ];
}

function controlOf({ version, architecture }: Packed, files: readonly ArchiveFile[]): string {
  const bytes = files.reduce((sum, file) => sum + file.bytes.length, 0);
  return `Package: spillway
Version: ${debianVersion(version)}
Architecture: ${ARCHITECTURES[architecture].debian}
Maintainer: The authors of Spillway
Installed-Size: ${Math.ceil(bytes / 1024)}
Depends: libc6 (>= ${GLIBC_MIN}), systemd | systemd-standalone-sysusers | systemd-sysusers
Recommends: libssl3
Section: video
Priority: optional
Description: WebRTC delivery server: WHIP in, WHEP out
 A broadcaster publishes a live stream by WHIP, any number of viewers watch it by
 WHEP with sub-second delay, or some seconds later by LL-HLS. Several machines make
 a cluster. The service is not started before it is enabled.
`;
}

/** For `dpkg --verify`. */
function md5sums(files: readonly ArchiveFile[]): string {
  const sum = (bytes: Uint8Array) => new Bun.CryptoHasher("md5").update(bytes).digest("hex");
  return files
    .filter(({ path }) => `/${path}` !== CONFIG_FILE)
    .map(({ path, bytes }) => `${sum(bytes)}  ${path}\n`)
    .join("");
}

/** ar(5) in the common form: 60 bytes before each member, which begins at an even place. */
function ar(members: Readonly<Record<string, Uint8Array>>, time: number): Uint8Array {
  const text = (value: string) => new TextEncoder().encode(value);
  const parts: Uint8Array[] = [text("!<arch>\n")];
  for (const [name, bytes] of Object.entries(members)) {
    const fields = [name.padEnd(16), `${time}`.padEnd(12), "0     0     100644  "];
    parts.push(text(`${fields.join("")}${`${bytes.length}`.padEnd(10)}\`\n`), bytes);
    if (bytes.length % 2 === 1) parts.push(text("\n"));
  }
  return joined(parts);
}

const POSTINST = `#!/bin/sh
set -e
[ "$1" = configure ] || exit 0
systemd-sysusers spillway.conf
chgrp -R ${CONFIG_GROUP} /etc/spillway
[ ! -d /run/systemd/system ] || systemctl daemon-reload
if [ -z "$2" ]; then
  echo "Spillway is not started by itself. Next, as root:"
  echo "  spillway install --write      # or with --public-url; says what else to run"
else
  echo "A running Spillway stays the old one until: systemctl restart spillway"
fi
`;

const PRERM = `#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
  systemctl --quiet disable --now spillway.service || true
fi
`;

/** By `install --public-url`, in place of the package's own. */
const HIDING = serviceFiles(BINARY, false).map(({ path }) => path);

/** What `spillway install` and the service have written is no file of the package: purged with it. */
const POSTRM = `#!/bin/sh
set -e
if [ "$1" = purge ]; then
  rm -rf /etc/spillway ${[...HIDING, ...STATE_FOLDERS].join(" ")}
  if getent group ${CONFIG_GROUP} >/dev/null; then groupdel ${CONFIG_GROUP}; fi
fi
[ ! -d /run/systemd/system ] || systemctl daemon-reload
`;
