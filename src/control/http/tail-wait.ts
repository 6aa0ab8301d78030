/** Requests under /hls/ that wait for what is about to come. */
import { TAIL_WAIT_US } from "../../limits.ts";
import type { Tails } from "../streams/tails.ts";
import type { AdmissionServices } from "./admission.ts";
import type { AppContext } from "./context.ts";
import { RETRY_LIMIT_S, retryLater } from "./problem.ts";

/** Waits until `isOver`, or its time is over; a Response when there is no place to wait in. */
export async function waitUntil(
  c: AppContext,
  { clock, metrics }: AdmissionServices,
  { waiters }: Tails,
  isOver: () => boolean,
): Promise<boolean | Response> {
  const client = c.get("client");
  c.env.patient?.();
  const waited = waiters.wait({
    address: client.loopback ? null : client.address,
    until: clock.now() + TAIL_WAIT_US,
    signal: c.req.raw.signal,
    isOver,
  });
  if (waited !== null) return waited;
  metrics.refused("hls-waiting");
  return retryLater(503, RETRY_LIMIT_S, "Too many waiting", "Too many requests wait already.");
}
