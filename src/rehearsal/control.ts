/**
 * The control thread's rehearsal, for the reasons of a worker's (rehearse.ts): clients come to a
 * control of their own, without threads, sockets or anybody's configuration, and leave again.
 */
import { assert } from "../assert.ts";
import { loadConfig } from "../config.ts";
import type { Fingerprint } from "../contract/session.ts";
import { type Control, createControl } from "../control/control.ts";
import { messageOf } from "../errors.ts";
import { randomFill } from "../io/random.ts";
import { createLogger, type Logger } from "../log.ts";
import { Budget } from "./budget.ts";
import { type Role, rehearsedOffer } from "./offer.ts";
import { RehearsedPlane } from "./rehearsed-plane.ts";

const JOINS = 150;
/** At once. */
const WATCHING = 20;
/** Every so many joins somebody asks for what is not live. */
const IDLE_EVERY = 10;
/** Between two requests, us. */
const PAUSE_US = 4_000;
const WALL_MS = Date.UTC(2026, 0, 1);
const BASE = "http://127.0.0.1";
const CLIENT = { address: "127.0.0.1", secure: false };
const FINGERPRINT: Fingerprint = {
  algorithm: "sha-256",
  value: Array.from({ length: 32 }, () => "AB").join(":"),
};

/**
 * Rehearses joins until they are done or the budget is used; resolves to how many there were. After
 * each request `pause` gives whoever else lives on the thread a turn. Nothing stays. A rehearsal that
 * fails is told and costs nothing else.
 */
export async function rehearseControl(
  log: Logger,
  pause: () => Promise<void>,
  budget = Budget.ofThread(),
): Promise<number> {
  try {
    const stage = await ControlStage.open(pause);
    try {
      return await stage.run(budget);
    } finally {
      await stage.close();
    }
  } catch (error) {
    log.warn("Control could not warm up", { cause: messageOf(error) });
    return 0;
  }
}

class ControlStage {
  #joins = 0;
  readonly #control: Control;
  readonly #pause: () => Promise<void>;
  /** URLs of the viewers' sessions. */
  readonly #viewers: string[] = [];

  static async open(pause: () => Promise<void>): Promise<ControlStage> {
    return new ControlStage(await createRehearsedControl(), pause);
  }

  private constructor(control: Control, pause: () => Promise<void>) {
    this.#control = control;
    this.#pause = pause;
  }

  async run(budget: Budget): Promise<number> {
    if (budget.left) await this.#open("publisher", "/whip/live");
    while (this.#joins < JOINS && budget.left) {
      this.#joins += 1;
      this.#viewers.push(await this.#open("viewer", "/whep/live"));
      if (this.#viewers.length === WATCHING) await this.#leave(this.#viewers.shift()!);
      if (this.#joins % IDLE_EVERY === 0) await this.#post("viewer", "/whep/idle", 409);
    }
    return this.#joins;
  }

  close(): Promise<void> {
    return this.#control.stop();
  }

  async #open(role: Role, path: string): Promise<string> {
    const response = await this.#post(role, path, 201);
    return response.headers.get("Location")!;
  }

  #post(role: Role, path: string, status: number): Promise<Response> {
    const headers = { "Content-Type": "application/sdp" };
    const body = rehearsedOffer(role, FINGERPRINT, randomFill);
    return this.#request(path, { method: "POST", headers, body }, status);
  }

  async #leave(session: string): Promise<void> {
    await this.#request(session, { method: "DELETE" }, 200);
  }

  async #request(path: string, init: RequestInit, status: number): Promise<Response> {
    const response = await this.#control.app.request(BASE + path, init, CLIENT);
    assert(response.status === status, "a rehearsed request is answered as it should be");
    await response.text();
    await this.#pause();
    return response;
  }
}

/** Its clocks move with its requests. */
function createRehearsedControl(): Promise<Control> {
  const loaded = loadConfig({
    args: ["--insecure"],
    env: {},
    readFile: noFile,
    cores: 1,
    memoryBytes: 2 ** 30,
  });
  if (!loaded.ok) throw new Error(loaded.error);
  let now = 0;
  const clock = {
    now: () => {
      now += PAUSE_US;
      return now;
    },
    wall: () => WALL_MS + now / 1000,
  };
  return createControl({
    config: loaded.config,
    plane: (events) => new RehearsedPlane(FINGERPRINT.value, events),
    clock,
    random: (length) => {
      const bytes = new Uint8Array(length);
      randomFill(bytes);
      return bytes;
    },
    pages: { get: () => undefined },
    log: createLogger({ level: "info", format: "json", sink: () => {}, wall: clock.wall }),
    version: "",
    readFile: noFile,
    usage: () => ({ rssBytes: 0, cpuUs: 0, machine: null }),
    every: () => () => {},
  });
}

function noFile(): never {
  throw new Error("a rehearsal reads no files");
}
