import { createRoute } from "@hono/zod-openapi";
import type { Sampler } from "../plane/sampler.ts";
import { type AdminServices, type Api, json } from "./admin-route.ts";
import { statsSchema } from "./admin-schemas.ts";

export interface StatsParts {
  readonly services: AdminServices;
  readonly sampler: Sampler;
  readonly startedUs: number;
  readonly rssBytes: () => number;
}

/** GET /stats. */
export function mountStats(api: Api, parts: StatsParts): void {
  const { services, sampler } = parts;
  const { registry, plane, clock, tails } = services;
  const route = createRoute({
    method: "get",
    path: "/stats",
    summary: "The server at a glance.",
    responses: { 200: json(statsSchema, "Counters are totals since a worker began.") },
  });
  api.openapi(route, (c) => {
    const workers = plane.loads().map(({ name, restarts, counters }) => ({
      name,
      load: sampler.ratesOf(name).load,
      loopLagMs: sampler.ratesOf(name).loopLagMs,
      sessions: counters.sessions,
      packetsIn: counters.packetsIn,
      packetsOut: counters.packetsOut,
      bytesIn: counters.bytesIn,
      bytesOut: counters.bytesOut,
      nacks: counters.nacksSent + counters.nacksReceived,
      plis: counters.plisSent + counters.plisReceived,
      restarts,
    }));
    const live = [...registry.streams.values()].filter((stream) => stream.source !== null);
    return c.json(
      {
        version: services.version,
        uptimeSeconds: (clock.now() - parts.startedUs) / 1e6,
        streams: live.length,
        publishers: registry.count("publisher"),
        viewers: registry.count("viewer"),
        hls: {
          tails: tails?.size ?? 0,
          viewers: tails?.viewers ?? 0,
          bytes: tails?.bytes ?? 0,
        },
        workers,
        process: { rssBytes: parts.rssBytes(), cpu: sampler.cpu },
        bitsPerSecondIn: sampler.total("publisher").in,
        bitsPerSecondOut: sampler.total("viewer").out,
      },
      200,
    );
  });
}
