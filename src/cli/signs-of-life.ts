/**
 * What the service manager is told: that the server is ready, and signs of life from then on. Those
 * come from this thread's loop and only while workers accept sessions: a main loop that hangs, or
 * workers that cannot be brought up or back, make the manager start the process anew.
 */
import type { ServiceManager } from "../io/systemd.ts";
import type { Logger } from "../log.ts";
import { Watchdog, type WatchdogOptions } from "./watchdog.ts";

const READY_LOOK_MS = 10;
const BEAT_MS_MAX = 1_000;

export interface LifeParts extends Pick<WatchdogOptions, "reader"> {
  /** All of the server. */
  readonly ready: () => boolean;
  /** Its workers accept sessions. */
  readonly accepting: () => boolean;
  /** us, monotonic. */
  readonly now: () => number;
  /** Told with READY=1. */
  readonly status: string;
}

/** Tells until the returned function is called. */
export function showLife(manager: ServiceManager, log: Logger, parts: LifeParts): () => void {
  let cancel = (): void => clearInterval(timer);
  const look = (): void => {
    if (!parts.ready()) return;
    cancel();
    manager.notify("READY=1", parts.status);
    cancel = startWatchdog(manager, log, parts);
  };
  const timer = setInterval(look, READY_LOOK_MS);
  return () => cancel();
}

/** Beats until the returned function is called. Does nothing where the manager has no watchdog. */
function startWatchdog(manager: ServiceManager, log: Logger, parts: LifeParts): () => void {
  if (manager.watchdogUs === null) return () => {};
  const limitUs = manager.watchdogUs;
  const periodMs = Math.min(BEAT_MS_MAX, limitUs / 1000 / 3);
  const { reader, accepting } = parts;
  const watchdog = new Watchdog({ reader, ready: accepting, limitUs, periodUs: periodMs * 1000 });
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
