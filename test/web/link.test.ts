import { describe, expect, test } from "bun:test";
import { findLink, iceServersOf, parseLinks, REL_EVENTS } from "../../src/web/link.ts";
import { inTime, timed } from "../support/timed.ts";

describe("Link header", () => {
  test("several links in one header, with a comma inside a quoted value", () => {
    const links = parseLinks(
      `</e/1>; rel="${REL_EVENTS}"; events="active,inactive", <stun:s.example>; rel=ice-server`,
    );
    expect(links.length).toBe(2);
    expect(findLink(links, REL_EVENTS)?.target).toBe("/e/1");
    expect(findLink(links, REL_EVENTS)?.parameters.events).toBe("active,inactive");
  });

  test("TURN credentials, escaped quotes included", () => {
    const links = parseLinks(
      '<turn:t.example?transport=udp>; rel="ice-server"; username="a;b"; credential="p\\"w"; ' +
        'credential-type="password"',
    );
    expect(iceServersOf(links)).toEqual([
      { urls: "turn:t.example?transport=udp", username: "a;b", credential: 'p"w' },
    ]);
  });

  test("a relation is one word of the rel value, and only the first rel counts", () => {
    const links = parseLinks('</a>; rel="next other"; rel="last"');
    expect(findLink(links, "other")?.target).toBe("/a");
    expect(findLink(links, "last")).toBeNull();
    expect(findLink(links, "oth")).toBeNull();
  });

  timed("nothing and nonsense give no links, in bounded time", () => {
    expect(parseLinks(null)).toEqual([]);
    expect(parseLinks(";;; rel=x, hello")).toEqual([]);
    const started = performance.now();
    parseLinks(`<a>${"; a ".repeat(20_000)}"`);
    parseLinks(`<a>${";".repeat(50_000)}`);
    inTime(() => expect(performance.now() - started).toBeLessThan(500));
  });
});
