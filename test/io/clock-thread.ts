/** Tells its thread's time. */
import { monotonicUs } from "../../src/io/clock.ts";

postMessage(monotonicUs());
