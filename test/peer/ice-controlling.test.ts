import { expect, test } from "bun:test";
import { IceOutcome } from "../../src/peer/ice.ts";
import { IceControlling } from "../../src/peer/ice-controlling.ts";
import { createTransmit } from "../../src/peer/transmit.ts";
import { copyPath } from "../../src/wire/path.ts";
import { parseStun, StunClass, StunMessage, verifyIntegrity } from "../../src/wire/stun.ts";
import { writeBindingRequest } from "../../src/wire/stun-writer.ts";
import { VIA } from "../support/transport.ts";

const OURS = { localUfrag: "ours", localPwd: "our-password-of-22-chars" };
const THEIRS = { remoteUfrag: "theirs", remotePwd: "their-password-22-chars" };
const ADDRESS = Uint8Array.of(2, 0, 0x20, 0x10, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0);
const bytes = (text: string) => new TextEncoder().encode(text);

function check(username: string, password: string) {
  const agent = new IceControlling(
    { ...OURS, ...THEIRS },
    [copyPath(VIA, ADDRESS, 0)],
    (out) => out.fill(7),
    0,
  );
  const request = {
    transactionId: new Uint8Array(12).fill(3),
    username: bytes(username),
    priority: 1,
    controlling: null,
    useCandidate: false,
  };
  const datagram = new Uint8Array(1024);
  const length = writeBindingRequest(datagram, 0, request, bytes(password));
  const message = new StunMessage();
  expect(parseStun(datagram, 0, length, message)).toBe(true);
  const outcome = agent.handleStun(1, datagram, 0, message, VIA, ADDRESS, 0);
  return { agent, outcome };
}

test("a full agent's check is answered with our password, and selects nothing", () => {
  const { agent, outcome } = check("ours:theirs", OURS.localPwd);
  expect(outcome).toBe(IceOutcome.ignored);
  const transmit = createTransmit();
  expect(agent.pollTransmit(transmit)).toBe(true);
  const answer = new StunMessage();
  expect(parseStun(transmit.bytes, 0, transmit.length, answer)).toBe(true);
  expect(answer.class).toBe(StunClass.success);
  expect(verifyIntegrity(transmit.bytes, 0, answer, bytes(OURS.localPwd))).toBe(true);
  expect(agent.selected).toBeNull();
  expect(agent.validated.paths).toEqual([]);
  expect(agent.pollTransmit(transmit)).toBe(false);
});

test.each([
  ["ours:theirs", "another password of 22 c"],
  ["ours:somebody", OURS.localPwd],
  ["else:theirs", OURS.localPwd],
])("a check as %s with %s is not answered", (username, password) => {
  const { agent, outcome } = check(username, password);
  expect(outcome).toBe(IceOutcome.forged);
  expect(agent.pollTransmit(createTransmit())).toBe(false);
});
