/**
 * Counters that a worker alone writes and control reads: a Float64Array in the worker's shared
 * block, indexed by the constants here. A double counts to 2^53 without loss; aligned 8-byte stores
 * do not tear on the machines that we run on. Only append: the number is the place.
 */
export const COUNTER_NAMES = [
  // Every media worker.
  "datagramsIn",
  "datagramsOut",
  "bytesIn",
  "bytesOut",
  "datagramsUnknown",
  "stunForged",
  "dtlsUnvalidated",
  "dtlsFailed",
  "srtpForged",
  "srtpReplayed",
  "srtcpForged",
  "malformed",
  "sendErrors",
  "sendBufferFull",
  "turns",
  "busyUs",
  "turnMaxUs",
  "wakeups",
  "sessions",
  "joins",
  "joinsFailed",
  // Ingest.
  "packetsIn",
  "packetsLost",
  "packetsRecovered",
  "packetsDuplicate",
  "nacksSent",
  "plisSent",
  "keyframesIn",
  // Egress.
  "packetsOut",
  "payloadBytesOut",
  "nacksReceived",
  "retransmissions",
  "retransmissionsRefused",
  "plisReceived",
  "keyframeRequests",
  "ringLaps",
  "viewersSwitched",
  "packetsReportedLost",
  // Every media worker.
  "stunRefused",
  "stunIgnored",
  "pathConflicts",
  "srtpUnvalidated",
  "srtpEarly",
  "srtpTooOld",
  "srtpTooManySources",
  // Egress: layers and bandwidth.
  "layerUpgrades",
  "layerDowngrades",
  "probeClusters",
  "probesSucceeded",
  "estimateBps",
  "freezesSource",
  "freezesSwitch",
  "freezesPacing",
  // Egress.
  "lagMaxUs",
  // Ingest.
  "packetsEarlyDropped",
  // Every media worker: what sessions made throw, and what DTLS handshakes met.
  "faults",
  "dtlsRestarts",
  "dtlsDropped",
  // Egress.
  "keyframeRequestsHeld",
  "lagMedianUs",
  // Every media worker: what authenticated clients sent beyond their share of it.
  "stunOverBudget",
  "rtpOverBudget",
  "rtcpOverBudget",
  // Ingest.
  "packetsOverBitrate",
  // Every media worker.
  "sendsDropped",
  // Egress.
  "frameDelayMedianUs",
  "frameDelayP99Us",
  // Relay.
  "residenceMedianUs",
  "residenceP99Us",
  // Packager.
  "hlsSegmentsForced",
  "hlsFramesDropped",
  "hlsTailsTooHeavy",
] as const;
export type CounterName = (typeof COUNTER_NAMES)[number];

/** Index of each counter in the Float64Array. */
export const Counter = Object.fromEntries(
  COUNTER_NAMES.map((name, index) => [name, index]),
) as Readonly<Record<CounterName, number>>;

/** These are states of the thread that writes them, every other counter is a total. */
export const GAUGES: ReadonlySet<CounterName> = new Set([
  "sessions",
  "turnMaxUs",
  "lagMaxUs",
  "lagMedianUs",
  "frameDelayMedianUs",
  "frameDelayP99Us",
  "residenceMedianUs",
  "residenceP99Us",
  "estimateBps",
]);

/** Adds to one of a worker's counters. */
export function countUp(counters: Float64Array, counter: number, amount = 1): void {
  counters[counter] = counters[counter]! + amount;
}
