import type { Attribute } from "./parse.ts";

/** Value of the first a=<key>, "" for a flag, or null. */
export function firstValue(attributes: readonly Attribute[], key: string): string | null {
  for (const attribute of attributes) if (attribute.key === key) return attribute.value;
  return null;
}

/** Values of all a=<key> lines, in order. */
export function allValues(attributes: readonly Attribute[], key: string): readonly string[] {
  const values: string[] = [];
  for (const attribute of attributes) if (attribute.key === key) values.push(attribute.value);
  return values;
}

export function hasFlag(attributes: readonly Attribute[], key: string): boolean {
  return firstValue(attributes, key) !== null;
}

/** Words of a value, however many spaces stand between them. */
export function words(value: string): readonly string[] {
  return value.split(" ").filter((word) => word !== "");
}

/** Splits "96 the rest" at its first space. */
export function headAndRest(value: string): readonly [string, string] {
  const space = value.indexOf(" ");
  if (space < 0) return [value, ""];
  return [value.slice(0, space), value.slice(space + 1).trim()];
}

/** A decimal number without sign from 0 to `max`, or null. */
export function decimal(text: string, max: number): number | null {
  if (!/^\d{1,10}$/.test(text)) return null;
  const number = Number(text);
  return number <= max ? number : null;
}
