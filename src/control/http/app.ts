/** The HTTP side as one Hono app: WHIP, WHEP, session URLs, admin API, metrics, health, pages. */
import { Hono } from "hono";
import "../../config/words.ts";
import { HTTPException } from "hono/http-exception";
import type { NoteFault } from "../bus/faults.ts";
import { createAdmin } from "./admin.ts";
import { type AdminServices, Refusal } from "./admin-route.ts";
import type { StatsParts } from "./admin-stats.ts";
import type { AdmissionServices } from "./admission.ts";
import { SDP_TYPE } from "./body.ts";
import type { AppContext, AppEnv } from "./context.ts";
import { cors, corsFor } from "./cors.ts";
import {
  type EventServices,
  readAllEvents,
  readEvents,
  subscribe,
  unsubscribe,
} from "./event-routes.ts";
import { harden } from "./harden.ts";
import { mountHealth } from "./health.ts";
import { readTail, type TailServices } from "./hls.ts";
import { type LayerServices, resetLayer, selectLayer } from "./layers.ts";
import { iceServerLinks } from "./links.ts";
import { streamName } from "./names.ts";
import type { Pages } from "./page-routes.ts";
import { mountPages } from "./page-routes.ts";
import { notFound, problem } from "./problem.ts";
import { resolveClient } from "./proxy.ts";
import { listen, type RemarkServices, retract, say } from "./remarks.ts";
import { mountResource } from "./resource.ts";
import {
  deleteSession,
  getSession,
  patchSession,
  type SessionServices,
} from "./session-resource.ts";
import { hostProblem, isHealthPath } from "./target.ts";
import { view } from "./whep.ts";
import { publish } from "./whip.ts";

/** What the route families work with; each asks for its own only. */
export interface Services
  extends AdmissionServices,
    SessionServices,
    EventServices,
    LayerServices,
    TailServices,
    RemarkServices,
    AdminServices {
  readonly noteFault: NoteFault;
}

export interface AppParts extends StatsParts {
  readonly services: Services;
  readonly pages: Pages;
  readonly ready: () => boolean;
  /** The text of /metrics. */
  readonly metricsText: () => string;
}

export function createApp(parts: AppParts): Hono<AppEnv> {
  const { services } = parts;
  const app = new Hono<AppEnv>();
  observe(app, services);
  for (const family of ["/whip/*", "/whep/*", "/hls/*", "/events/*", "/session/*"])
    app.use(family, cors);
  // Whose streams are live is everybody's business where anybody may watch them.
  app.use("/api/v1/streams", cors);
  for (const family of ["/api/*", "/metrics"]) app.use(family, corsFor(services.auth));
  mountMedia(app, services);
  app.route("/api/v1", createAdmin(parts));
  app.get("/metrics", async (c) => {
    const verdict = await services.auth.check(c.req.raw, c.get("client"), "admin", null);
    if (!verdict.ok) return verdict.response;
    return c.text(parts.metricsText(), 200, { "Content-Type": "text/plain; version=0.0.4" });
  });
  mountHealth(app, parts.ready);
  mountPages(app, parts.pages);
  app.notFound(() => notFound("resource"));
  app.onError((error) => {
    if (error instanceof Refusal) return error.response;
    if (error instanceof HTTPException) {
      return problem(error.status, "Request refused", error.message || "Not understood.");
    }
    services.noteFault("request", error);
    return problem(500, "Internal error", "The server made a mistake; its log says more.");
  });
  return app;
}

/** First and last of every request: who asks, and what became of it. */
function observe(app: Hono<AppEnv>, services: Services): void {
  app.use("*", async (c, next) => {
    const peer = { address: c.env?.address ?? "0.0.0.0", secure: c.env?.secure ?? false };
    const host = c.req.header("Host");
    const wrong = host === undefined || isHealthPath(c.req.path) ? null : hostProblem(host);
    if (wrong === null) {
      c.set("client", resolveClient(c.req.raw, peer, services.config.trustedProxies));
      await next();
    } else c.res = wrong;
    harden(c.res.headers);
    services.metrics.request(family(c.req.path), c.req.method, c.res.status);
  });
}

function mountMedia(app: Hono<AppEnv>, services: Services): void {
  // OPTIONS carries one server at most: joined lines break MediaMTX's client, and credentials are
  // for those who may use them.
  const links = (right: "publish" | "view", prefix: string) => async (c: AppContext) => {
    const name = streamName(new URL(c.req.url).pathname, prefix);
    if (!name.ok) return [];
    const verdict = await services.auth.check(c.req.raw, c.get("client"), right, name.name);
    return verdict.ok ? iceServerLinks(services.config.iceServers).slice(0, 1) : [];
  };
  mountResource(app, "/whip/*", {
    GET: (c) => describeEndpoint(c, "/whip/"),
    POST: (c) => publish(c, services),
    links: links("publish", "/whip/"),
  });
  mountResource(app, "/whep/*", {
    GET: (c) => describeEndpoint(c, "/whep/"),
    POST: (c) => view(c, services),
    links: links("view", "/whep/"),
  });
  mountResource(app, "/hls/*", { GET: (c) => readTail(c, services) });
  mountResource(app, "/events/*", {
    GET: (c) => listen(c, services),
    POST: (c) => say(c, services),
    DELETE: (c) => retract(c, services),
  });
  mountResource(app, "/session/:id", {
    GET: (c) => getSession(c, services),
    PATCH: (c) => patchSession(c, services),
    DELETE: (c) => deleteSession(c, services),
  });
  mountResource(app, "/session/:id/events", {
    GET: (c) => readAllEvents(c, services),
    POST: (c) => subscribe(c, services),
  });
  mountResource(app, "/session/:id/events/:stream", {
    GET: (c) => readEvents(c, services),
    DELETE: (c) => unsubscribe(c, services),
  });
  mountResource(app, "/session/:id/layer", {
    POST: (c) => selectLayer(c, services),
    DELETE: (c) => resetLayer(c, services),
  });
}

/** GET and HEAD: 200, no content, and the type that says what is spoken here (WHEP 4.2). */
function describeEndpoint(c: AppContext, prefix: string): Response {
  const name = streamName(new URL(c.req.url).pathname, prefix);
  if (!name.ok) return problem(400, "Bad stream name", name.detail);
  return new Response(null, {
    status: 200,
    headers: { "Content-Type": SDP_TYPE, "Accept-Post": SDP_TYPE },
  });
}

const FAMILIES = new Set([
  "whip",
  "whep",
  "hls",
  "events",
  "session",
  "api",
  "metrics",
  "healthz",
  "readyz",
]);

function family(path: string): string {
  const first = path.split("/")[1] ?? "";
  return FAMILIES.has(first) ? first : "page";
}
