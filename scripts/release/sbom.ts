/** What is inside an executable, as CycloneDX 1.6: for those who look for known faults by machine. */
import { join, resolve } from "node:path";
import { ARCHITECTURES, type Architecture } from "../architecture.ts";
import type { FoundOpenSsl } from "../embed.ts";
import { type Manifest, manifestOf } from "../licenses.ts";
import { sha256 } from "./checksums.ts";

const MODULES = resolve(import.meta.dir, "../../node_modules");

/** An executable and what it was made of. */
export interface Inventory {
  readonly version: string;
  readonly license: string;
  readonly architecture: Architecture;
  readonly executable: Uint8Array;
  readonly packages: readonly Manifest[];
  readonly openssl: FoundOpenSsl | null;
  /** Seconds since 1970. */
  readonly time: number;
}

interface Component {
  readonly type: "application" | "library" | "platform" | "file";
  readonly "bom-ref"?: string;
  readonly name: string;
  readonly version?: string;
  readonly purl?: string;
  readonly [field: string]: unknown;
}

/** The document as text. */
export function sbom(inventory: Inventory): string {
  const { version, license, architecture, executable, time } = inventory;
  const own = `spillway@${version}`;
  const components = [
    ...inventory.packages.map((manifest) => npmComponent(manifest)),
    bunComponent(architecture),
    ...openSslComponents(inventory),
  ];
  const document = {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      timestamp: new Date(time * 1000).toISOString(),
      component: {
        type: "application",
        "bom-ref": own,
        name: "spillway",
        version,
        licenses: licensed(license),
        hashes: hashes(sha256(executable)),
      },
    },
    components,
    dependencies: [{ ref: own, dependsOn: components.map((each) => each["bom-ref"]) }],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function npmComponent({ name, version, license }: Manifest): Component {
  const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
  return { type: "library", "bom-ref": purl, name, version, purl, licenses: licensed(license) };
}

/** The runtime, from the package of its platform. */
function bunComponent(architecture: Architecture): Component {
  const { version, license } = manifestOf(join(MODULES, "bun"));
  const { bun } = ARCHITECTURES[architecture];
  return { ...npmComponent({ name: bun, version, license }), type: "platform" };
}

/** The package of OpenSSL first, then those of what it needs beyond glibc. */
function openSslComponents({ openssl, architecture }: Inventory): readonly Component[] {
  if (openssl === null) return [];
  const { packages, crypto, ssl, support } = openssl;
  const upstream = packages[0]!.version.replace(/^\d+:|-[^-]*$/g, "");
  return packages.map(({ name, version }, index) => {
    const arch = ARCHITECTURES[architecture].debian;
    const purl = `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${arch}`;
    const files = index === 0 ? [crypto, ssl] : [support[index - 1]!];
    const openSsl = {
      name: "openssl",
      description: `OpenSSL ${upstream}, Debian's ${name}`,
      licenses: licensed("Apache-2.0"),
      cpe: `cpe:2.3:a:openssl:openssl:${upstream}:*:*:*:*:*:*:*`,
    };
    return {
      type: "library",
      "bom-ref": purl,
      name,
      version,
      purl,
      ...(index === 0 ? openSsl : {}),
      components: files.map((file) => ({
        type: "file",
        name: file.soname,
        hashes: hashes(file.sha256),
      })),
    };
  });
}

/** SPDX's names and expressions both stand as expressions. */
function licensed(expression: string | undefined): readonly object[] {
  return expression === undefined ? [] : [{ expression }];
}

function hashes(hex: string): readonly object[] {
  return [{ alg: "SHA-256", content: hex }];
}
