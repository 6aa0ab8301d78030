/** Load: simulated viewers or publishers on one thread. Wires messages to src/load. */
import type { LoadOrder } from "../src/load/options.ts";
import { PublisherShard } from "../src/load/publisher-shard.ts";
import { rehearse } from "../src/load/rehearsal.ts";
import { ViewerShard } from "../src/load/viewer-shard.ts";

declare const self: Worker;

self.onmessage = ({ data }: MessageEvent<LoadOrder>) => {
  const shard = data.kind === "viewers" ? new ViewerShard(data) : new PublisherShard(data);
  // Whatever comes after the order is the wish to end.
  self.onmessage = () => shard.stop();
  void run(data, shard).then((result) => postMessage(result));
};

async function run(order: LoadOrder, shard: ViewerShard | PublisherShard): Promise<unknown> {
  if (order.kind === "viewers") await rehearse(order);
  return await shard.run();
}
