/**
 * The one place that makes HTTP requests. It adds who is asking and the idempotency key, and turns
 * every answer into a value, a `Refusal` (the service said no) or an `Unreachable` (nobody said
 * anything, so the same request may be sent again with the same key).
 */
import type { ProblemBody } from "./types.ts";

export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly body: ProblemBody;
  readonly retryAfterMs: number | null;

  constructor(status: number, body: ProblemBody, retryAfterMs: number | null) {
    super(body.detail ?? body.title ?? `HTTP ${status}`);
    this.name = "Refusal";
    this.status = status;
    this.code = body.code ?? `http_${status}`;
    this.body = body;
    this.retryAfterMs = retryAfterMs;
  }

  /** The service is there but cannot take it now; the same request is welcome later. */
  get temporary(): boolean {
    return this.status >= 500 || this.status === 429 || this.status === 408;
  }
}

export class Unreachable extends Error {
  constructor(cause: unknown) {
    super("the service did not answer", { cause });
    this.name = "Unreachable";
  }
}

export interface HttpOptions {
  base?: string;
  token?: () => string | null;
  fetch?: typeof fetch;
  timeoutMs?: number;
}

export interface PostOptions {
  idempotencyKey?: string;
  timeoutMs?: number;
}

export class Http {
  readonly #base: string;
  readonly #token: () => string | null;
  readonly #fetch: typeof fetch;
  readonly #timeoutMs: number;

  constructor(options: HttpOptions = {}) {
    this.#base = options.base ?? "/api/v1";
    this.#token = options.token ?? (() => null);
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init));
    this.#timeoutMs = options.timeoutMs ?? 10_000;
  }

  get<T>(path: string): Promise<T> {
    return this.send<T>("GET", path, undefined, {});
  }

  post<T>(path: string, body: unknown, options: PostOptions = {}): Promise<T> {
    return this.send<T>("POST", path, body, options);
  }

  delete(path: string): Promise<void> {
    return this.send<void>("DELETE", path, undefined, {});
  }

  /** Any method: the pages count their bytes, a verb that one of them needs is not worth a method on all. */
  async send<T>(method: string, path: string, body?: unknown, options: PostOptions = {}): Promise<T> {
    const headers: Record<string, string> = { Accept: "application/json" };
    const token = this.#token();
    if (token) headers["Authorization"] = `Bearer ${token}`;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (options.idempotencyKey) headers["Idempotency-Key"] = options.idempotencyKey;
    let response: Response;
    let text: string;
    try {
      response = await this.#fetch(this.#base + path, {
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        credentials: "same-origin",
        cache: "no-store",
        signal: AbortSignal.timeout(options.timeoutMs ?? this.#timeoutMs),
      });
      text = await response.text();
    } catch (cause) {
      throw new Unreachable(cause);
    }
    const parsed = parse(text);
    if (!response.ok) {
      throw new Refusal(response.status, asProblem(parsed), retryAfter(response));
    }
    return parsed as T;
  }
}

function parse(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function asProblem(parsed: unknown): ProblemBody {
  return typeof parsed === "object" && parsed !== null ? (parsed as ProblemBody) : {};
}

function retryAfter(response: Response): number | null {
  const seconds = Number(response.headers.get("Retry-After") ?? "");
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : null;
}

/** Lists come as `{items}`; a bare array is taken as well. */
export function itemsOf<T>(answer: { items: T[] } | T[] | undefined): T[] {
  if (Array.isArray(answer)) return answer;
  return answer?.items ?? [];
}
