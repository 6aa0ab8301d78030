import { expect, test } from "bun:test";
import { readRole, writeRole } from "../../../src/wire/cascade/role.ts";
import { checkFrame, overWire } from "./frames.ts";

test("ROLE comes back as it was written, and is none of a role that nobody knows", () => {
  for (const role of ["core", "edge"] as const) checkFrame(writeRole(role), readRole, role);
  expect(overWire([...writeRole("core").slice(0, 1), 2], readRole)).toBeNull();
});
