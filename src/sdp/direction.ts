import { hasFlag } from "./attributes.ts";
import type { Attribute } from "./parse.ts";

export type Direction = "sendrecv" | "sendonly" | "recvonly" | "inactive";

const DIRECTIONS: readonly Direction[] = ["sendrecv", "sendonly", "recvonly", "inactive"];

export function isDirection(text: string): text is Direction {
  return (DIRECTIONS as readonly string[]).includes(text);
}

/** The direction line among these attributes, or null. */
export function readDirection(attributes: readonly Attribute[]): Direction | null {
  return DIRECTIONS.find((direction) => hasFlag(attributes, direction)) ?? null;
}

/** What the other end of an offered direction does (RFC 3264 6.1). */
export function mirrored(direction: Direction): Direction {
  if (direction === "sendonly") return "recvonly";
  return direction === "recvonly" ? "sendonly" : direction;
}

export function sends(direction: Direction | null): boolean {
  return direction !== "recvonly" && direction !== "inactive";
}

export function receives(direction: Direction | null): boolean {
  return direction !== "sendonly" && direction !== "inactive";
}
