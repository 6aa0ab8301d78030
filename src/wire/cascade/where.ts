/** How a node asks for a name that nobody has told it: WHERE and AT. */
import { STREAM_NAME_LENGTH_MAX } from "../../limits.ts";
import type { Elements } from "./elements.ts";
import { Message } from "./kinds.ts";
import { EPOCH_MAX } from "./name.ts";

/** WHERE: who publishes this? A core that knows answers by NAME, and tells on what becomes of it. */
export function writeWhere(name: string): unknown[] {
  return [Message.where, name];
}

export function readWhere(elements: Elements): string | null {
  const name = elements.text(STREAM_NAME_LENGTH_MAX);
  return elements.ok && name !== "" ? name : null;
}

/** AT: nobody does, as far as the teller knows. */
export interface Nowhere {
  readonly name: string;
  /** The highest that it has heard of; 0 for none. */
  readonly epoch: number;
}

export function writeNowhere({ name, epoch }: Nowhere): unknown[] {
  return [Message.nowhere, name, epoch];
}

export function readNowhere(elements: Elements): Nowhere | null {
  const nowhere = { name: elements.text(STREAM_NAME_LENGTH_MAX), epoch: elements.uint(EPOCH_MAX) };
  return elements.ok && nowhere.name !== "" ? nowhere : null;
}
