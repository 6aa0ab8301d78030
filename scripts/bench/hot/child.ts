/** The parent's end of one process of `hot`. */
import { resolve } from "node:path";
import { pinned, SERVER_CORE } from "../pin.ts";
import type { HotVariant } from "./parts.ts";
import type { HotOrder } from "./process.ts";
import type { HotFigures } from "./stage.ts";

const SCRIPT = resolve(import.meta.dir, "process.ts");

export class HotChild {
  readonly #process;
  readonly #lines;

  constructor(readonly variant: HotVariant) {
    const command = [process.execPath, SCRIPT, JSON.stringify(variant)];
    this.#process = Bun.spawn(pinned(SERVER_CORE, command), {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#lines = linesOf(this.#process.stdout);
  }

  async obey(order: HotOrder): Promise<HotFigures> {
    this.#process.stdin.write(`${JSON.stringify(order)}\n`);
    await this.#process.stdin.flush();
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`the process of ${this.variant.name} has ended`);
    return JSON.parse(value) as HotFigures;
  }

  async end(): Promise<void> {
    await this.#process.stdin.end();
    await this.#process.exited;
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const part of stream) {
    const lines = (text + decoder.decode(part, { stream: true })).split("\n");
    text = lines.pop()!;
    yield* lines;
  }
}
