/** Clients' connections: whatever is cut where, true frames come whole and in order, and nobody gets another's. */
import { Connections } from "../../src/host/connections.ts";
import { DATAGRAM_BYTES_MAX, FIRST_FRAME_BYTES_MAX } from "../../src/limits.ts";
import { FakeKernel, FakeOwner, framed } from "../host/fake-streams.ts";
import { Dice, join } from "./dice.ts";
import { demand } from "./judge.ts";

const STEPS = 300;
const CLIENTS_MAX = 5;
const FROM = new Uint8Array(16);

/** A client as the test knows it: what it has sent that must come, and what of it has not left. */
interface Client {
  readonly fd: number;
  /** With the place in the stream where each ends. */
  readonly due: { readonly payload: Uint8Array; readonly end: number }[];
  unsent: Uint8Array;
  /** Bytes that have left. */
  left: number;
  /** It has sent a frame that is too long: what stands behind that never comes. */
  ends: boolean;
}

/** One case: how many frames came. Throws when a rule is broken. */
export function fuzzTcp(seed: number): number {
  const dice = new Dice(seed);
  const world = new World();
  for (let step = 0; step < STEPS; step += 1) {
    const { clients } = world;
    if (clients.length < CLIENTS_MAX && dice.chance(0.1)) world.open(dice);
    if (clients.length > 0) world.step(dice, dice.pick(clients));
  }
  demand(world.connections.size === world.clients.length, "nobody is forgotten");
  return world.frames;
}

class World {
  readonly kernel = new FakeKernel();
  readonly owner = new FakeOwner();
  readonly connections = new Connections(this.kernel.ground);
  readonly clients: Client[] = [];
  frames = 0;
  #fd = 10;

  constructor() {
    this.connections.serve(this.owner);
  }

  open(dice: Dice): void {
    this.#fd += 1;
    const client = { fd: this.#fd, due: [], unsent: new Uint8Array(0), left: 0, ends: false };
    this.clients.push(client);
    say(dice, client);
    this.connections.add(client.fd, FROM, take(dice, client, FIRST_FRAME_BYTES_MAX), 0);
    this.#check(client);
  }

  /** A client says something, some of it comes, and perhaps it goes. */
  step(dice: Dice, client: Client): void {
    const { kernel, owner, clients } = this;
    if (dice.chance(0.7)) say(dice, client);
    const stream = kernel.streams.get(client.fd)!;
    if (client.unsent.length > 0) stream.coming.push(take(dice, client, 20_000));
    if (dice.chance(0.02)) stream.over = true;
    for (let turn = 0; turn < 4; turn += 1) this.connections.read(0);
    this.#check(client);
    if (!owner.lostFds.includes(client.fd)) {
      demand(!stream.over, "an end is seen");
      const kept = client.due.some(({ end }) => end <= client.left);
      demand(!kept, "what has come whole is not kept back");
      return;
    }
    demand(stream.over || client.ends, "nobody ends without a cause");
    demand(kernel.ended.filter((fd) => fd === client.fd).length === 1, "an end is told once");
    clients.splice(clients.indexOf(client), 1);
  }

  /** What has come is this client's, and next. */
  #check(client: Client): void {
    for (const { fd, bytes } of this.owner.frames.splice(0)) {
      demand(fd === client.fd, "a frame is of whom it came from");
      const due = client.due.shift();
      const isDue = due !== undefined && Bun.deepEquals([...due.payload], bytes);
      demand(isDue, "frames come whole, in order");
      this.frames += 1;
    }
  }
}

/** Makes up some frames, rarely one that is too long. */
function say(dice: Dice, client: Client): void {
  if (client.ends) return;
  const payloads = Array.from({ length: dice.between(1, 4) }, () =>
    dice.bytes(dice.chance(0.2) ? dice.below(DATAGRAM_BYTES_MAX + 1) : dice.below(90)),
  );
  for (const payload of payloads) {
    client.unsent = join(client.unsent, framed(payload));
    client.due.push({ payload, end: client.left + client.unsent.length });
  }
  if (!dice.chance(0.02)) return;
  client.ends = true;
  const long = new Uint8Array(dice.between(DATAGRAM_BYTES_MAX + 1, 3_000));
  client.unsent = join(client.unsent, framed(long));
}

/** Some of what has not left. */
function take(dice: Dice, client: Client, most: number): Uint8Array {
  const count = Math.min(client.unsent.length, dice.below(most + 1));
  const taken = client.unsent.subarray(0, count);
  client.unsent = client.unsent.slice(count);
  client.left += count;
  return taken;
}
