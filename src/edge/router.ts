import { SESSIONS_MAX } from "../limits.ts";
import { ROUTER_CORE_DEFAULTS, type RouterCoreConfig } from "../router/router_config.ts";
import type { LiveParam } from "../state/param_store.ts";
import { isLive } from "../state/version.ts";
import { encodeTtl } from "../wire/ttl.ts";
import type { FeatureName, Ttl } from "../wire/message.ts";
import { DENO_ENVIRONMENT, newBootId } from "./deno_environment.ts";
import { type FederationConfig, federationDefaults, toCoreConfig } from "./federation_config.ts";
import { FederationManager } from "./federation_manager.ts";
import { LinkEventQueue } from "./link_event_queue.ts";
import { RouterHost } from "./router_host.ts";
import { LOG, logHandlerError } from "./log.ts";
import { RouterLog } from "./router_log.ts";
import type { Listener } from "./transport.ts";
import { VERSION } from "./version.ts";
import { listenWebSocket } from "./websocket_listener.ts";

/** Settings of a {@linkcode Router}. All may be left out. */
export interface RouterConfig {
  /** Shown to clients. Default: "clasp-fed". */
  readonly name?: string;
  /**
   * Default: param, event, stream, gesture, timeline. With `federation`, or with a `federation`
   * setting, the router accepts leaves.
   */
  readonly features?: readonly FeatureName[];
  /** Connections at once, peers included. Default: {@linkcode SESSIONS_MAX}. */
  readonly maxSessions?: number;
  /** Params kept; new addresses beyond are refused, none is evicted. Default: 1,000,000. */
  readonly maxParams?: number;
  /** TTL of a SET that names none. Default: never. */
  readonly paramTtl?: Ttl;
  /**
   * Life of what clients of this router publish, milliseconds: on its way over slow or lost links it
   * reaches nobody later than that. From 100 to 60,000. Default: 5000.
   */
  readonly eventTtlMs?: number;
  /** How this router federates; a hub when `features` has `federation` and this is left out. */
  readonly federation?: Partial<FederationConfig>;
}

/** Where a {@linkcode Router} listens. */
export interface RouterListenOptions {
  /** Default: 7330. 0 takes any free port. */
  readonly port?: number;
  /** Default: 0.0.0.0, every interface. */
  readonly hostname?: string;
}

/**
 * A CLASP router: clients connect to it over WebSocket, and it federates with other routers.
 *
 * It runs from `listen` to `stop`, and needs `--allow-net` only. Logs go to LogTape under
 * `["clasp-fed"]` and are silent until the application configures it.
 *
 * @example A router on any free port
 * ```ts
 * import { Client, Router } from "@clasp-fed/clasp-fed";
 *
 * const router = new Router({ name: "front of house" });
 * const { port } = router.listen({ port: 0, hostname: "127.0.0.1" });
 *
 * const client = await Client.connect(`ws://127.0.0.1:${port}`);
 * await client.set("/lights/1/brightness", 0.5);
 *
 * await client.close();
 * await router.stop();
 * ```
 */
export class Router {
  readonly #host: RouterHost;
  readonly #federation: FederationManager | undefined;
  readonly #log: RouterLog = new RouterLog({
    isOutbound: (routerId) => this.#federation?.peerInfo(routerId)?.outbound ?? false,
    nowMs: () => performance.now(),
  });
  #listener: Listener | undefined;
  #isStopped = false;

  /**
   * Makes a router that does nothing yet: see `listen`.
   *
   * @throws {RangeError} when a number, a length or a count is out of bounds
   * @throws {TypeError} when a pattern, a URL or a feature cannot be understood
   * @throws {FederationError} when the federation mode is mesh
   */
  constructor(config: RouterConfig = {}) {
    const isFederated = config.federation !== undefined ||
      (config.features ?? []).includes("federation");
    const federation: FederationConfig = { ...federationDefaults(), ...config.federation };
    const events = new LinkEventQueue();
    this.#host = new RouterHost(DENO_ENVIRONMENT, {
      config: coreConfigOf(config, { routerId: federation.routerId, isFederated }),
      federation: isFederated
        ? {
          ...toCoreConfig(federation, config.federation ?? {}),
          onEvent: (event) => events.push(event),
        }
        : undefined,
    });
    this.#federation = isFederated
      ? new FederationManager(federation, { host: this.#host, config: federation, events })
      : undefined;
    this.#federation?.onEvent((event) => this.#log.linkEvent(event));
  }

  /** Id of this router in the federation. */
  get routerId(): string {
    return this.#host.core.config.routerId;
  }

  /** This router's part in the federation; undefined when it does not federate. */
  get federation(): FederationManager | undefined {
    return this.#federation;
  }

  /** Clients that are connected. */
  get clientCount(): number {
    return this.#host.core.clientSessions;
  }

  /** Open connections: clients, peers both ways, and those that have not said HELLO. */
  get connectionCount(): number {
    return this.#host.core.connections;
  }

  /** Sockets that were closed here and that the other end keeps open. */
  get lingeringSocketCount(): number {
    return this.#listener?.lingeringSockets ?? 0;
  }

  /** Params that are kept here, own and mirrored. One that expires counts for up to a second more. */
  get paramCount(): number {
    return this.#host.core.params.size;
  }

  /** All params, in no order, as they are now; those that change meanwhile in either version. */
  *params(): IterableIterator<LiveParam> {
    const walk = this.#host.core.params.walk();
    for (let next = walk.next(); !next.done; next = walk.next()) {
      const { address, version } = next.value;
      if (isLive(version)) yield { address, version };
    }
  }

  /**
   * Starts to listen and, on a leaf, to dial the hub. Returns where it listens.
   *
   * @throws {Deno.errors.AddrInUse} when the port is taken
   * @throws {TypeError} when it listens already or was stopped
   */
  listen(options: RouterListenOptions = {}): { readonly port: number; readonly hostname: string } {
    if (this.#listener !== undefined || this.#isStopped) {
      throw new TypeError("Cannot listen: this router listens already or was stopped");
    }
    const { port = 7330, hostname = "0.0.0.0" } = options;
    this.#listener = listenWebSocket({
      port,
      hostname,
      accept: (transport) => this.#host.accept(transport),
      onHandlerError: logHandlerError,
    });
    const address = { port: this.#listener.port, hostname: this.#listener.hostname };
    this.#logListening(address);
    this.#host.start();
    return address;
  }

  /**
   * Closes all connections with 1001 and this reason, and stops listening. Idempotent. Resolves when
   * the sockets are gone: each has `graceMs` to take what was sent to it and to agree, by default a
   * second, and is then cut off.
   */
  async stop(
    reason = "The router is stopping",
    options: { readonly graceMs?: number } = {},
  ): Promise<void> {
    this.#isStopped = true;
    this.#log.stopping();
    this.#host.stop(reason);
    this.#federation?.close();
    await this.#listener?.stop(options.graceMs);
  }

  #logListening({ port, hostname }: { readonly port: number; readonly hostname: string }): void {
    const mode = this.#federation?.mode.type ?? "router";
    LOG.info('Listening on {url} as {mode} "{routerId}", named "{name}", version {version}', {
      event: "listening",
      url: `ws://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`,
      hostname,
      port,
      mode,
      routerId: this.routerId,
      name: this.#host.core.config.name,
      version: VERSION,
    });
  }
}

function coreConfigOf(
  config: RouterConfig,
  identity: { readonly routerId: string; readonly isFederated: boolean },
): RouterCoreConfig {
  const features = config.features ?? ROUTER_CORE_DEFAULTS.features;
  const { routerId, isFederated } = identity;
  return {
    ...ROUTER_CORE_DEFAULTS,
    routerId,
    bootId: newBootId(),
    name: config.name ?? ROUTER_CORE_DEFAULTS.name,
    features: isFederated && !features.includes("federation")
      ? [...features, "federation"]
      : features,
    sessionsMax: config.maxSessions ?? SESSIONS_MAX,
    paramsMax: config.maxParams ?? ROUTER_CORE_DEFAULTS.paramsMax,
    eventTtlMs: config.eventTtlMs ?? ROUTER_CORE_DEFAULTS.eventTtlMs,
    defaultTtl: config.paramTtl === undefined ? 0 : encodeTtl(config.paramTtl),
  };
}
