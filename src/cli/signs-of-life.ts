/**
 * Signs of life for the service manager. They come from this thread's loop and only while workers
 * accept sessions: a main loop that hangs, or workers that cannot be brought back, make the manager
 * start the process anew.
 */
import type { ServiceManager } from "../io/systemd.ts";
import type { Logger } from "../log.ts";
import { Watchdog, type WatchdogOptions } from "./watchdog.ts";

const BEAT_MS_MAX = 1_000;

/** Beats until the returned function is called. Does nothing where the manager has no watchdog. */
export function startWatchdog(
  manager: ServiceManager,
  log: Logger,
  parts: Pick<WatchdogOptions, "reader" | "ready"> & { readonly now: () => number },
): () => void {
  if (manager.watchdogUs === null) return () => {};
  const limitUs = manager.watchdogUs;
  const periodMs = Math.min(BEAT_MS_MAX, limitUs / 1000 / 3);
  const watchdog = new Watchdog({ ...parts, limitUs, periodUs: periodMs * 1000 });
  let told = false;
  const beat = (): void => {
    const assignments = watchdog.beat(parts.now());
    if (assignments.length > 0) manager.notify(...assignments);
    if (watchdog.failing && !told) {
      const limitSeconds = limitUs / 1e6;
      log.error("Workers accept no sessions: no sign of life to the service manager", {
        limitSeconds,
      });
    }
    told = watchdog.failing;
  };
  beat();
  const timer = setInterval(beat, periodMs);
  return () => clearInterval(timer);
}
