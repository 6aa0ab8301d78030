/** The token of a page: from ?token=…, or asked for when the server wants one. In memory only. */
import { byId, make } from "./dom.ts";
import { authorization, refusalOf } from "./session.ts";

let token = new URLSearchParams(location.search).get("token");

export function currentToken(): string | null {
  return token;
}

/** Adds the page's token to a link to another page of this server. */
export function withToken(path: string): string {
  return token ? `${path}?token=${encodeURIComponent(token)}` : path;
}

/** A request with the page's token. */
export function fetchWithToken(path: string, method: "GET" | "HEAD" = "GET"): Promise<Response> {
  return fetch(path, { method, headers: authorization(token) });
}

/** Calls the server; rejects with ServerRefusal. `see` is shown the response first. */
export async function callApi(
  path: string,
  init: RequestInit & { readonly headers?: Record<string, string> } = {},
  see: (response: Response) => void = () => undefined,
): Promise<unknown> {
  const headers = { ...init.headers, ...authorization(token) };
  const response = await fetch(path, { ...init, headers });
  see(response);
  if (!response.ok) throw await refusalOf(response);
  return response.status === 204 ? null : await response.json();
}

/**
 * Shows the token form in #access; `use` is called with what was typed. `needed` is false where the
 * page shows something without it.
 */
export function askForToken(use: (token: string) => void, needed = true): void {
  const place = byId("access");
  if (place.childElementCount > 0) return;
  const input = make("input");
  input.type = "password";
  input.id = "token";
  input.autocomplete = "off";
  input.required = true;
  const label = make("label", "", "Access token");
  label.htmlFor = "token";
  const button = make("button", "primary", "Continue");
  const form = make("form", "token", label, input, button);
  const why = needed ? "This server asks for a token." : "With a token there may be more to see.";
  const hint = make("p", "hint", `${why} \`spillway token\` makes one.`);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    token = input.value.trim();
    place.replaceChildren();
    use(token);
  });
  place.replaceChildren(make("section", "card", form, hint));
  if (needed) input.focus();
}

/** Makes the links of the header carry the page's token. */
export function carryToken(): void {
  for (const anchor of document.querySelectorAll<HTMLAnchorElement>("header a")) {
    anchor.href = withToken(anchor.getAttribute("href") ?? "/");
  }
}
