/** Loops of workers and their warming up (src/host, src/rehearsal). */
import { MIB } from "./units.ts";

/** Processor time that a thread may take to warm up: with three workers on two cores, and the
 * compiler's threads beside them, a server is ready within 2 s. */
export const WARM_UP_MAX_US = 500_000;
/** Where the processor is scarce a thread that has warmed up for so long is ready as it is. */
export const WARM_UP_WAIT_MAX_US = 1_500_000;

/** Longest sleep of a media worker. */
export const SLEEP_MAX_US = 20_000;
/** No turn of a worker's loop is longer. */
export const TURN_MAX_US = 5_000;
/** A worker that had the processor for this long, or was blocked, without a sign of life is replaced;
 * one that waits for the processor is not. */
export const HEARTBEAT_TIMEOUT_MS = 1_000;
/** A blocked worker of a machine under pressure is waited for this long: what it waits for may itself
 * get no processor. */
export const STARVED_PATIENCE_MS = 5_000;
/** Socket buffers asked for: 4 MiB hold a keyframe burst of 1,000 viewers (coturn#1902). */
export const SOCKET_BUFFER_BYTES = 4 * MIB;
