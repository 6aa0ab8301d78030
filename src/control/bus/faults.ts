import type { Logger } from "../../log.ts";

/** What of control may throw: it costs the one thing that was handled. */
export type FaultPlace = "request" | "worker event" | "event sink" | "timer" | "promise";

/** Takes a fault: counted by place, and logged with its stack (the logger limits repeats). */
export type NoteFault = (place: FaultPlace, error: unknown) => void;

export function createFaults(log: Logger, count: (place: FaultPlace) => void): NoteFault {
  return (place, error) => {
    count(place);
    const stack = error instanceof Error ? (error.stack ?? "") : "";
    const message = place === "request" ? "Request failed" : "Something failed, going on";
    log.error(message, { place, cause: String(error), stack });
  };
}
