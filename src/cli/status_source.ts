import { checkAuthorities } from "../edge/check_authorities.ts";
import type { RouterStatus } from "../edge/http/router_status.ts";
import { TlsError } from "../edge/tls_error.ts";
import { STATUS_BYTES_MAX } from "../limits.ts";
import type { CommandArguments } from "./command_arguments.ts";
import { CommandError } from "./command_error.ts";
import { caOption, serverUrl, tokenOption } from "./connection.ts";
import { isRouterStatus } from "./is_router_status.ts";

const DEADLINE_MS = 10_000;

/** Reads `/status` of one router, as often as it is asked. */
export class StatusSource implements Disposable {
  /** The router's URL as the flags have it. */
  readonly server: string;
  readonly #url: string;
  readonly #token: string | undefined;
  readonly #client: Deno.HttpClient | undefined;

  private constructor(
    server: string,
    { token, client }: {
      readonly token: string | undefined;
      readonly client: Deno.HttpClient | undefined;
    },
  ) {
    this.server = server;
    this.#url = statusUrl(server);
    this.#token = token;
    this.#client = client;
  }

  /**
   * Takes the router, the token and the authorities from the flags.
   *
   * @throws {CommandError} when a file cannot be read
   */
  static async open(args: CommandArguments): Promise<StatusSource> {
    const server = serverUrl(args);
    const { token } = await tokenOption(args);
    const { ca } = await caOption(args, [server]);
    return new StatusSource(server, { token, client: ca === undefined ? ca : clientOf(ca) });
  }

  /**
   * The router's status, and its text as it came.
   *
   * @throws {CommandError} when it cannot be had, with what to do
   */
  async read(): Promise<{ readonly status: RouterStatus; readonly text: string }> {
    const response = await this.#fetch();
    const text = await this.#text(response);
    if (response.status !== 200) throw new CommandError(this.#refusal(response.status, text));
    const status = parsed(text);
    if (!isRouterStatus(status)) {
      throw new CommandError(
        `What answers at ${this.#url} is no router of this version; see --server`,
      );
    }
    return { status, text: text.trim() };
  }

  [Symbol.dispose](): void {
    this.#client?.close();
  }

  async #fetch(): Promise<Response> {
    const headers = {
      "sec-clasp-program": "clasp-fed",
      ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
    };
    try {
      return await fetch(this.#url, {
        headers,
        redirect: "manual",
        signal: AbortSignal.timeout(DEADLINE_MS),
        ...(this.#client === undefined ? {} : { client: this.#client }),
      });
    } catch (error) {
      throw new CommandError(this.#failure(error));
    }
  }

  async #text(response: Response): Promise<string> {
    const length = Number(response.headers.get("content-length") ?? 0);
    if (length > STATUS_BYTES_MAX) {
      await response.body?.cancel();
      throw new CommandError(`${this.#url} answers with ${length} bytes, which no router does`);
    }
    try {
      return await response.text();
    } catch (error) {
      throw new CommandError(this.#failure(error));
    }
  }

  #failure(error: unknown): string {
    const cannot = `Cannot reach ${this.server}`;
    if (error instanceof Deno.errors.NotCapable) {
      return `${cannot}: permission --allow-net was not given to deno run`;
    }
    if (error instanceof DOMException && error.name === "TimeoutError") {
      return `${cannot}: no answer within ${DEADLINE_MS / 1_000} s; see --server`;
    }
    const reason = innermost(error);
    const hint = /certificate|tls|handshake/i.test(reason)
      ? "is its authority known? See --ca, and whether it is ws:// or wss://"
      : "is a router running there? See --server";
    return `${cannot}: ${reason}; ${hint}`;
  }

  #refusal(status: number, text: string): string {
    const said = text.trim().split("\n")[0] ?? "";
    switch (status) {
      case 401:
      case 403:
        return `${this.server} refused: ${said} (here: --token FILE)`;
      case 404:
      case 426:
        return `${this.server} shows no status: it was started with --no-http, or is another server`;
      default:
        return `${this.server} answers ${status}: ${said}`;
    }
  }
}

function clientOf(ca: string): Deno.HttpClient {
  try {
    return Deno.createHttpClient({ caCerts: [...checkAuthorities(ca)] });
  } catch (error) {
    if (error instanceof TlsError) throw new CommandError(`--ca: ${error.message}`);
    throw error;
  }
}

function statusUrl(server: string): string {
  const url = new URL(server);
  url.protocol = url.protocol === "wss:" ? "https:" : "http:";
  url.username = "";
  url.password = "";
  return new URL("/status", url).href;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What the system said, below what fetch makes of it. */
function innermost(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  const text = inner instanceof Error ? inner.message : String(inner);
  return text.replace(/^error sending request.*?client error \(\w+\): /, "")
    .replace(/^tcp connect error: /, "");
}
