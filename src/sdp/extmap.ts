import { EXTENSION_URIS, type ExtensionName } from "../wire/extensions.ts";
import { allValues, decimal, words } from "./attributes.ts";
import { type Direction, isDirection } from "./direction.ts";
import type { Attribute } from "./parse.ts";

export interface OfferedExtension {
  readonly name: ExtensionName;
  /** 1 to 255; above 14 it needs two-byte elements (RFC 8285 4.2). */
  readonly id: number;
  /** As offered; null when the line has none, which means sendrecv. */
  readonly direction: Direction | null;
}

const NAME_BY_URI: ReadonlyMap<string, ExtensionName> = new Map(
  Object.entries(EXTENSION_URIS).map(([name, uri]) => [uri, name as ExtensionName]),
);

/** The extensions that we know, of a=extmap:<id>[/<direction>] <URI> (RFC 8285 5). */
export function readExtensions(attributes: readonly Attribute[]): readonly OfferedExtension[] {
  const found = new Map<ExtensionName, OfferedExtension>();
  for (const value of allValues(attributes, "extmap")) {
    const [entry, uri] = words(value);
    const name = NAME_BY_URI.get(uri ?? "");
    if (name === undefined || found.has(name)) continue;
    const [idText, directionText] = (entry ?? "").split("/", 2);
    const id = decimal(idText ?? "", 255);
    if (id === null || id === 0) continue;
    if (directionText !== undefined && !isDirection(directionText)) continue;
    found.set(name, { name, id, direction: directionText ?? null });
  }
  return [...found.values()];
}
