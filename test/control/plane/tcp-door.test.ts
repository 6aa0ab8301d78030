import { afterEach, beforeEach, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { loadConfig } from "../../../src/config.ts";
import type { WorkerCommand } from "../../../src/contract/messages.ts";
import { openTcpDoor, type TcpDoor } from "../../../src/control/plane/tcp-door.ts";
import { CONNECTIONS_PER_SESSION } from "../../../src/limits.ts";
import { createLogger } from "../../../src/log.ts";
import { checkFor } from "../../host/fake-streams.ts";
import { until } from "../../support/until.ts";

const log = createLogger({ level: "error", format: "json", sink: () => {}, wall: () => 0 });

let door: TcpDoor;
let given: { worker: number; command: Extract<WorkerCommand, { type: "connection" }> }[];
let clients: Socket[];
/** Clients that have seen their end. */
let ended: Set<Socket>;
let listening: boolean;

beforeEach(() => {
  given = [];
  clients = [];
  ended = new Set();
  listening = true;
  const args = ["--ice-tcp", "127.0.0.1:0", "--advertise", "192.0.2.7/127.0.0.1"];
  const result = loadConfig({ args, env: {}, readFile: () => "", cores: 1, memoryBytes: 1e9 });
  if (!result.ok) throw new Error(result.error);
  door = openTcpDoor(result.config, log, (worker, command) => {
    if (command.type !== "connection") throw new Error(command.type);
    if (listening) given.push({ worker, command });
    return listening;
  })!;
});

afterEach(() => {
  door.close();
  for (const client of clients) client.destroy();
});

function come(ufrag: string): Socket {
  const client = connect(door.candidates[0]!.port, "127.0.0.1");
  client.on("error", () => {});
  client.on("close", () => ended.add(client));
  client.write(checkFor(ufrag));
  client.resume();
  clients.push(client);
  return client;
}

const hasGiven = (count: number) => until("connections", 3_000, () => given.length === count);
const hasEnded = (client: Socket) => until("an end", 3_000, () => ended.has(client));

test("tcp-door: clients are told the advertised address, as one to connect to", () => {
  const { port } = door.candidates[0]!;
  expect(door.candidates).toEqual([{ address: "192.0.2.7", family: 4, port, tcp: true }]);
});

test("tcp-door: a connection goes to the worker of its session, also by the ufrag of a restart", async () => {
  door.expect("one", 2, 11);
  door.expect("two", 3, 12);
  door.expect("again", 2, 11);
  come("two");
  await hasGiven(1);
  come("again");
  await hasGiven(2);
  expect(given.map(({ worker }) => worker)).toEqual([3, 2]);
  expect(given[0]!.command.bytes).toEqual(checkFor("two"));
  door.forget(11);
  const late = come("again");
  await hasEnded(late);
  expect([...door.refusals]).toEqual([["unknown", 1]]);
});

test("tcp-door: a session has a few connections at a time", async () => {
  door.expect("one", 2, 11);
  for (let i = 0; i < CONNECTIONS_PER_SESSION; i += 1) come("one");
  await hasGiven(CONNECTIONS_PER_SESSION);
  await hasEnded(come("one"));
  expect([...door.refusals]).toEqual([["session", 1]]);
  door.over(given[0]!.command.fd);
  come("one");
  await hasGiven(CONNECTIONS_PER_SESSION + 1);
});

test("tcp-door: what a worker let go of is closed once, what a lost one had is closed", async () => {
  door.expect("one", 2, 11);
  door.expect("two", 3, 12);
  const first = come("one");
  await hasGiven(1);
  const second = come("two");
  await hasGiven(2);
  const { fd } = given[1]!.command;
  door.over(fd);
  await hasEnded(second);
  // Its number may be another's by now.
  const third = come("two");
  await hasGiven(3);
  door.workerLost(2);
  await hasEnded(first);
  expect(ended.has(third)).toBe(false);
  door.workerLost(3);
  await hasEnded(third);
});

test("tcp-door: a number that is another's by now is not closed with its worker", async () => {
  door.expect("one", 2, 11);
  door.expect("two", 3, 12);
  const first = come("one");
  await hasGiven(1);
  door.over(given[0]!.command.fd);
  await hasEnded(first);
  // It has not told whose it is: whoever it is given to has not got it yet.
  const second = connect(door.candidates[0]!.port, "127.0.0.1");
  second.on("error", () => {});
  second.on("close", () => ended.add(second));
  clients.push(second);
  second.write(checkFor("two").subarray(0, 40));
  await Bun.sleep(60);
  door.workerLost(2);
  second.write(checkFor("two").subarray(40));
  await hasGiven(2);
  expect(ended.has(second)).toBe(false);
});

test("tcp-door: without a worker to take it a connection ends", async () => {
  door.expect("one", 2, 11);
  listening = false;
  await hasEnded(come("one"));
  expect([...door.refusals]).toEqual([["unknown", 1]]);
});
