/** Floor: the least that a packet costs, its sender or its receiver. Wires messages to src/bench. */
import type { FloorOrder } from "../src/bench/floor.ts";
import { receiveFloor } from "../src/bench/floor-receiver.ts";
import { sendFloor } from "../src/bench/floor-sender.ts";

declare const self: Worker;

self.onmessage = ({ data }: MessageEvent<FloorOrder>) => {
  if (data.kind === "send") postMessage(sendFloor(data));
  else receiveFloor(data, (ports) => postMessage(ports));
};
