import { ETCD_ANSWER_BYTES_MAX } from "../../limits.ts";
import { within } from "../within.ts";
import { parse, readFailure, readToken } from "./answers.ts";
import type { Request } from "./requests.ts";

/** One member of etcd gets this long, all of them together the second. */
const MEMBER_MS = 1_000;
const ALL_MS = 3_000;
/** As gRPC counts them: no such user or token, no such thing. */
const UNAUTHENTICATED = 16;
const FAILED_PRECONDITION = 9;
const NOT_FOUND = 5;
/** A member that says these of itself may be cut off from the others, which are asked then. */
const ASK_OTHERS: ReadonlySet<number> = new Set([4, 8, 10, 13, 14]);

/** Nobody was there who could have heard of it: as the system says it, and as Bun does. */
const REFUSED: ReadonlySet<string> = new Set(["ECONNREFUSED", "ConnectionRefused"]);

/** How one comes in. */
export interface Access {
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  readonly user: { readonly name: string; readonly password: string } | null;
}

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

interface ClientOptions {
  /** Of its members. */
  readonly urls: readonly string[];
  readonly access: Access;
  readonly fetch: Fetch;
  /** Another member is asked from now on. */
  readonly moved?: () => void;
}

/** What etcd, or the way to it, says instead of an answer. Without the password. */
export class EtcdError extends Error {
  constructor(
    message: string,
    readonly code: number | null = null,
    /** It may have come there, and only the answer not here. */
    readonly mayBeDone = true,
  ) {
    super(message);
  }

  get leaseGone(): boolean {
    return this.code === NOT_FOUND && this.message.includes("lease not found");
  }
}

/** Asks the members of one etcd over its JSON gateway, within time and size. */
export class EtcdClient {
  readonly #options: ClientOptions;
  #access: Access;
  #at = 0;
  /** Of the user; "" where none is asked for. Null before it was asked for. */
  #token: Promise<string> | null = null;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#access = options.access;
  }

  /** The member that is asked first. */
  get url(): string {
    return this.#options.urls[this.#at]!;
  }

  setAccess(access: Access): void {
    this.#access = access;
    this.#token = null;
  }

  /** The JSON of the answer. Rejects with an EtcdError. */
  async post(request: Request): Promise<unknown> {
    const { urls } = this.#options;
    const end = AbortSignal.timeout(ALL_MS);
    let mayBeDone = false;
    for (let tries = 1; ; tries += 1) {
      const { url } = this;
      try {
        return await this.#entered((token) => {
          const member = AbortSignal.timeout(MEMBER_MS);
          return this.#ask(url, request, token, AbortSignal.any([end, member]));
        });
      } catch (error) {
        const problem = toProblem(error, url);
        if (problem.code !== null && !ASK_OTHERS.has(problem.code)) throw problem;
        if (this.url === url) this.#move();
        mayBeDone ||= problem.mayBeDone;
        if (tries >= urls.length || end.aborted) {
          throw new EtcdError(problem.message, problem.code, mayBeDone);
        }
      }
    }
  }

  /** The beginning of an answer without an end. Rejects with an EtcdError. */
  async open(request: Request, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const { url } = this;
    try {
      return await this.#entered(async (token) => {
        const response = await this.#send(url, request, token, signal);
        if (response.status !== 200) throw problemOf(url, await bodyOf(response));
        if (response.body === null) throw new EtcdError(`${url}: says nothing`);
        return response.body;
      });
    } catch (error) {
      throw toProblem(error, url);
    }
  }

  /** With a token, where there is a user: a new one when the old one is not known any more. */
  async #entered<T>(work: (token: string) => Promise<T>): Promise<T> {
    const had = this.#token;
    try {
      return await work(await (had ?? this.#enter()));
    } catch (error) {
      const isStale = error instanceof EtcdError && isUnknownToken(error);
      if (!isStale || this.#access.user === null || had === null) throw error;
      if (this.#token === had) this.#token = null;
      return await work(await (this.#token ?? this.#enter()));
    }
  }

  /** Once for all who wait: etcd takes its time over a password. */
  #enter(): Promise<string> {
    const token = this.#authenticate();
    this.#token = token;
    token.catch(() => {
      if (this.#token === token) this.#token = null;
    });
    return token;
  }

  async #authenticate(): Promise<string> {
    const { user } = this.#access;
    if (user === null) return "";
    const { url } = this;
    const request = { path: "/v3/auth/authenticate", body: user };
    try {
      const token = readToken(await this.#ask(url, request, "", AbortSignal.timeout(ALL_MS)));
      if (token === null) throw new EtcdError(`${url}: gives no token`);
      return token;
    } catch (error) {
      const problem = toProblem(error, url);
      // It asks nobody who he is.
      if (problem.code === FAILED_PRECONDITION) return "";
      throw problem;
    }
  }

  async #ask(url: string, request: Request, token: string, signal: AbortSignal): Promise<unknown> {
    const response = await this.#send(url, request, token, signal);
    const text = await bodyOf(response);
    if (response.status !== 200) throw problemOf(url, text);
    const json = parse(text);
    if (json === undefined) throw new EtcdError(`${url}: is no etcd with a JSON gateway`);
    return json;
  }

  #send(url: string, request: Request, token: string, signal: AbortSignal): Promise<Response> {
    const { ca, cert, key } = this.#access;
    const tls = {
      ...(ca === null ? {} : { ca }),
      ...(cert === null || key === null ? {} : { cert, key }),
    };
    const init: BunFetchRequestInit = {
      method: "POST",
      headers: token === "" ? {} : { Authorization: token },
      body: JSON.stringify(request.body),
      redirect: "error",
      signal,
      ...(url.startsWith("https:") ? { tls } : {}),
    };
    return this.#options.fetch(`${url}${request.path}`, init);
  }

  #move(): void {
    const { urls, moved } = this.#options;
    if (urls.length === 1) return;
    this.#at = (this.#at + 1) % urls.length;
    moved?.();
  }
}

/** Text of a body; rejects for one that is longer than any answer is. */
async function bodyOf(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const part = await reader?.read();
    if (part?.value === undefined) break;
    length += part.value.length;
    if (length > ETCD_ANSWER_BYTES_MAX) {
      await within(
        0,
        reader!.cancel().catch(() => {}),
      );
      throw new EtcdError("its answer is too long");
    }
    parts.push(part.value);
  }
  return Buffer.concat(parts).toString();
}

function problemOf(url: string, text: string): EtcdError {
  const { words, code } = readFailure(parse(text));
  return new EtcdError(`${url}: ${words ?? "is no etcd with a JSON gateway"}`, code);
}

function toProblem(error: unknown, url: string): EtcdError {
  if (error instanceof EtcdError) return error;
  if (error instanceof DOMException) return new EtcdError(`${url}: does not answer in time`);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const why = code === "" ? "cannot be reached" : `cannot be reached (${code})`;
  return new EtcdError(`${url}: ${why}`, null, !REFUSED.has(code));
}

function isUnknownToken({ code, message }: EtcdError): boolean {
  return code === UNAUTHENTICATED || message.includes("revision of auth store is old");
}
