import { OPEN_METRICS_TYPE, openMetricsText } from "./open_metrics.ts";
import type { AccessRefusal, PageAccess } from "./page_access.ts";
import { routerMetrics } from "./router_metrics.ts";
import { pagePolicy, statusPage } from "./status_page.ts";
import type { StatusReader } from "./status_reader.ts";

/** What {@linkcode HttpPages} needs. */
export interface PagesOptions {
  readonly status: StatusReader;
  readonly access: PageAccess;
  /** Whether the router is about to stop. */
  readonly isStopping: () => boolean;
  /** Why a page that is asked for by this header Host may not be shown, or undefined. */
  readonly hostProblem: (host: string) => string | undefined;
}

const JSON_TYPE = "application/json; charset=utf-8";
const TEXT_TYPE = "text/plain; charset=utf-8";
const HTML_TYPE = "text/html; charset=utf-8";
const METHODS = "GET, HEAD";
/**
 * What browsers let no script set: a request that has it comes from no page. So a program may ask by
 * any name, while a page whose author's name server points here may not.
 */
const PROGRAM_HEADER = "sec-clasp-program";
const HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "x-frame-options": "DENY",
};

type Answer = (asked: { readonly request: Request; readonly host: string }) =>
  | Response
  | Promise<Response>;

/**
 * What a router tells over HTTP on its own port. `/healthz` and `/readyz` are for everybody; the rest
 * is for whoever {@linkcode PageAccess} lets in. Fields and units are in `README.md` beside this file.
 */
export class HttpPages {
  readonly #options: PagesOptions;
  readonly #answers: ReadonlyMap<string, Answer>;

  constructor(options: PagesOptions) {
    this.#options = options;
    this.#answers = new Map<string, Answer>([
      ["/", (asked) => this.#refuse(asked) ?? this.#page(asked.request)],
      ["/healthz", () => this.#health()],
      ["/readyz", () => this.#readiness()],
      ["/status", (asked) => this.#guarded(asked, () => this.#status(asked.request))],
      ["/metrics", (asked) => this.#guarded(asked, () => this.#metrics())],
    ]);
  }

  /** Answers a request that asks for no WebSocket; `host` is where it comes from. */
  async answer(request: Request, host: string): Promise<Response> {
    const { pathname } = new URL(request.url);
    const answer = this.#answers.get(pathname);
    if (answer === undefined) return text(404, this.#unknown(pathname));
    if (request.method !== "GET" && request.method !== "HEAD") {
      return text(405, `${pathname} is only read: use GET or HEAD`, { allow: METHODS });
    }
    const response = await answer({ request, host });
    return request.method === "HEAD" ? await withoutBody(response) : response;
  }

  #unknown(path: string): string {
    const known = [...this.#answers.keys()].join(", ");
    return `There is no page ${path.slice(0, 200)} here; there are ${known}. ` +
      'CLASP clients connect to any path by WebSocket, subprotocol "clasp".';
  }

  #health(): Response {
    return this.#options.isStopping()
      ? text(503, "draining: the router is stopping")
      : text(200, "ok");
  }

  #readiness(): Response {
    const problem = this.#options.status.notReady;
    return problem === undefined ? text(200, "ready") : text(503, problem);
  }

  #status(request: Request): Response {
    const withHistory = new URL(request.url).searchParams.has("history");
    const status = this.#options.status.read({ withHistory });
    return body(200, JSON.stringify(status), JSON_TYPE);
  }

  #metrics(): Response {
    const status = this.#options.status.read({ withHistory: false });
    return body(200, openMetricsText(routerMetrics(status)), OPEN_METRICS_TYPE);
  }

  async #page(request: Request): Promise<Response> {
    const page = await statusPage();
    return body(200, page.html, HTML_TYPE, {
      "content-security-policy": pagePolicy(page, request.headers.get("host") ?? ""),
    });
  }

  async #guarded(
    { request, host }: Parameters<Answer>[0],
    answer: () => Response,
  ): Promise<Response> {
    const refused = this.#refuse({ request, host });
    if (refused !== undefined) return refused;
    const problem = await this.#options.access.tokenProblem(request.headers, host);
    return problem === undefined ? answer() : refusal(problem);
  }

  /** What is answered to who may see no page at all; undefined to who may see the empty one. */
  #refuse({ request, host }: Parameters<Answer>[0]): Response | undefined {
    const foreign = this.#hostProblem(request.headers);
    if (foreign !== undefined) return text(403, foreign);
    const problem = this.#options.access.rateProblem(host);
    return problem === undefined ? undefined : refusal(problem);
  }

  #hostProblem(headers: Headers): string | undefined {
    if (headers.has(PROGRAM_HEADER)) return undefined;
    return this.#options.hostProblem(headers.get("host") ?? "");
  }
}

function refusal({ status, message, retrySeconds }: AccessRefusal): Response {
  return text(status, message, {
    ...(status === 401 ? { "www-authenticate": 'Bearer realm="clasp-fed"' } : {}),
    ...(retrySeconds === undefined ? {} : { "retry-after": String(retrySeconds) }),
  });
}

function text(status: number, line: string, headers: Record<string, string> = {}): Response {
  return body(status, `${line}\n`, TEXT_TYPE, headers);
}

function body(
  status: number,
  content: string,
  type: string,
  headers: Record<string, string> = {},
): Response {
  return new Response(content, {
    status,
    headers: { ...HEADERS, "content-type": type, ...headers },
  });
}

async function withoutBody(response: Response): Promise<Response> {
  const { byteLength } = await response.arrayBuffer();
  const { status, headers } = response;
  headers.set("content-length", String(byteLength));
  return new Response(null, { status, headers });
}
