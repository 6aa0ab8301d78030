import type { Elements } from "./elements.ts";
import { NODE_ROLES, type NodeRole } from "./hello.ts";
import { Message } from "./kinds.ts";

/** ROLE: the teller is this from now on. */
export function writeRole(role: NodeRole): unknown[] {
  return [Message.role, NODE_ROLES.indexOf(role)];
}

export function readRole(elements: Elements): NodeRole | null {
  const role = NODE_ROLES[elements.uint(NODE_ROLES.length - 1)]!;
  return elements.ok ? role : null;
}
