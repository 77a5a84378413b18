import { CONNECTIONS_PER_ADDRESS_BURST, CONNECTIONS_PER_ADDRESS_PER_SECOND } from "../limits.ts";
import { AddressRate } from "../router/address_rate.ts";
import { OriginPolicy } from "./origin_policy.ts";

/** Told of a connection that was refused before it was one. */
export type RefusalLog = (what: "rate" | "origin", reason: string) => void;

/** Who may connect at all: not too often from one address, and no web page from elsewhere. */
export class ConnectionGate {
  readonly #origins: OriginPolicy;
  readonly #refused: RefusalLog;
  readonly #arrivals = new AddressRate({
    perSecond: CONNECTIONS_PER_ADDRESS_PER_SECOND,
    burst: CONNECTIONS_PER_ADDRESS_BURST,
  });

  /** @throws {TypeError} when an origin cannot be understood */
  constructor(allowedOrigins: readonly string[] | undefined, refused: RefusalLog) {
    this.#origins = new OriginPolicy(allowedOrigins);
    this.#refused = refused;
  }

  /** Why nobody may connect from this address now, or undefined. */
  hostProblem(host: string): string | undefined {
    if (this.#arrivals.takes(host, performance.now() * 1_000)) return undefined;
    const reason = `Too many connections from ${host}: ${CONNECTIONS_PER_ADDRESS_PER_SECOND} a ` +
      "second are allowed when it goes on; connect again in a second";
    this.#refused("rate", reason);
    return reason;
  }

  /**
   * Why a page that was asked for by this header Host may not be shown, or undefined: it could not
   * connect either. The author of a page on the internet may have pointed its name here.
   */
  pageProblem(host: string, scheme: "http" | "https"): string | undefined {
    return this.#origins.problem(`${scheme}://${host}`, host);
  }

  /** Why a page of this origin may not connect, or undefined; `host` is what it asked for. */
  originProblem(origin: string, host: string | null): string | undefined {
    const reason = this.#origins.problem(origin, host);
    if (reason !== undefined) this.#refused("origin", reason);
    return reason;
  }
}
