import { CLOSE_GRACE_MS, DRAIN_TIMEOUT_MS, SESSIONS_MAX } from "../limits.ts";
import { NamespaceConflictError } from "../federation/federation_error.ts";
import { describeConflict } from "../federation/hub_role.ts";
import type { LinkEvent } from "../federation/link_event.ts";
import {
  ROUTER_CORE_DEFAULTS,
  type RouterCoreConfig,
  type SessionLimits,
  validateRouterCoreConfig,
} from "../router/router_config.ts";
import type { LiveParam } from "../state/param_store.ts";
import type { RouterIdentity } from "../state/state_file.ts";
import { isLive } from "../state/version.ts";
import { encodeTtl } from "../wire/ttl.ts";
import type { FeatureName, Ttl } from "../wire/message.ts";
import { checkAuthorities } from "./check_authorities.ts";
import { DENO_ENVIRONMENT, newBootId, trustingEnvironment } from "./deno_environment.ts";
import type { Environment } from "./environment.ts";
import { type FederationConfig, federationDefaults, toCoreConfig } from "./federation_config.ts";
import { FederationManager } from "./federation_manager.ts";
import { LinkEventQueue } from "./link_event_queue.ts";
import { RouterHost } from "./router_host.ts";
import type { TokenAuthorities } from "./auth/token_authorities.ts";
import { HttpPages } from "./http/http_pages.ts";
import { LinkErrors } from "./http/link_errors.ts";
import { PageAccess } from "./http/page_access.ts";
import { StatusReader } from "./http/status_reader.ts";
import { ConnectionGate } from "./connection_gate.ts";
import type { LiveSettings } from "./live_settings.ts";
import { LOG } from "./log.ts";
import { ParamKeeper, type PersistConfig, type PersistStatus } from "./param_keeper.ts";
import type { TlsIdentity } from "./check_certificate.ts";
import { RouterListener } from "./router_listener.ts";
import { RouterLog } from "./router_log.ts";
import { type SecurityConfig, toAuthorities } from "./security_config.ts";
import { VERSION } from "./version.ts";

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
  /**
   * Of these, connections from one remote address; of IPv6, from one /64. Default: 256. Behind a proxy
   * all come from one address: give it the value of `maxSessions` there.
   */
  readonly maxSessionsPerAddress?: number;
  /**
   * Messages that a client may send in a second, and at once; a bundle counts as those in it. What is
   * above it is ignored and told with ERROR 429, once a second; a client that goes on for 10 s is
   * closed. 0: no limit. Other routers have none. Default: 200,000, more than any honest client sends;
   * a router that strangers reach is better off with 1,000.
   */
  readonly maxMessagesPerSecond?: number;
  /** The same in bytes. Default: 268,435,456 (256 MiB). */
  readonly maxBytesPerSecond?: number;
  /**
   * Web pages that may connect, by their origin, as `https://panel.example`; `*` for all. `local`
   * stands for those of this machine and the local network, for apps and for extensions. What is no
   * browser sends no origin and may always connect. Default: `["local"]`, because a browser lets every
   * page on the internet connect to routers of its user's network.
   */
  readonly allowedOrigins?: readonly string[];
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
  /**
   * A file that params outlive a restart in. It needs `--allow-read` and `--allow-write` for its
   * directory, where a lock file and, while it is written, a temporary file are beside it. Give the
   * router an id of its own (`federation.routerId`) as well. Default: params end with the router.
   */
  readonly persist?: PersistConfig;
  /**
   * Authorities to trust beside the usual ones when this router dials a hub with `wss:`, as PEM text
   * with one certificate or several. Default: the usual ones only.
   */
  readonly ca?: string;
  /**
   * Whether the router shows itself over HTTP on its own port: `/` (a page), `/status`, `/metrics`,
   * `/healthz` and `/readyz`. Default: true. With `security` the first three need a token with the
   * scope `admin:/**`.
   */
  readonly httpPages?: boolean;
  /** Whether a leaf counts as ready (`/readyz`) before it has met its hub. Default: false. */
  readonly readyWithoutHub?: boolean;
  /** With it, nothing passes without a token that allows it. Default: everybody may do everything. */
  readonly security?: SecurityConfig;
}

/** Where a {@linkcode Router} listens. */
export interface RouterListenOptions {
  /** Default: 7330. 0 takes any free port. */
  readonly port?: number;
  /** Default: 0.0.0.0, every interface. */
  readonly hostname?: string;
  /**
   * Certificate of this router as PEM text, its own first and those behind it that lead to the
   * authority. With it and `key` clients connect with `wss:`, and no longer with `ws:`.
   */
  readonly cert?: string;
  /** Private key of the first certificate, as PEM text, not encrypted. */
  readonly key?: string;
}

/** What a {@linkcode Router} is given to renew its certificate. */
export interface RouterRenewOptions {
  /** See {@linkcode RouterListenOptions.cert}. */
  readonly cert: string;
  /** See {@linkcode RouterListenOptions.key}. */
  readonly key: string;
  /** Milliseconds that connections have to take what waits for them. Default: 5000. */
  readonly drainTimeoutMs?: number;
}

/** How a {@linkcode Router} stops. */
export interface RouterStopOptions {
  /**
   * Milliseconds that connections have to take what waits for them and to agree to the close. Then
   * the rest is handed to their sockets, which are cut off. 0 waits for nobody. Default: 5000, and
   * 1000 more to agree.
   */
  readonly drainTimeoutMs?: number;
}

/**
 * A CLASP router: clients connect to it over WebSocket, and it federates with other routers.
 *
 * It runs from `listen` to `stop`, and needs `--allow-net` only, unless it is to `persist`. Logs go to LogTape under
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
  readonly #keeper: ParamKeeper | undefined;
  readonly #listener: RouterListener;
  readonly #status: StatusReader | undefined;
  #stopped: Promise<void> | undefined;

  /**
   * Makes a router that does nothing yet: see `listen`. With `persist`, it has read its file, which is
   * locked until `stop`.
   *
   * @throws {RangeError} when a number, a length or a count is out of bounds, or nobody decides on tokens
   * @throws {TypeError} when a pattern, a URL, an origin, a key or a feature cannot be understood
   * @throws {FederationError} when the federation mode is mesh
   * @throws {PersistError} when the state file cannot be read, or is not to be used by this router
   * @throws {TlsError} when `ca` has no certificate
   */
  constructor(config: RouterConfig = {}) {
    const isFederated = config.federation !== undefined ||
      (config.features ?? []).includes("federation");
    const federation: FederationConfig = { ...federationDefaults(), ...config.federation };
    const events = new LinkEventQueue();
    const coreConfig = coreConfigOf(config, { routerId: federation.routerId, isFederated });
    // Checked before a file is touched.
    validateRouterCoreConfig(coreConfig);
    const gate = new ConnectionGate(
      config.allowedOrigins,
      (what, reason) => this.#log.connectionRefused(what, reason),
    );
    const environment = environmentOf(config);
    const coreFederation = isFederated
      ? {
        ...toCoreConfig(federation, config.federation ?? {}),
        onEvent: (event: LinkEvent) => events.push(event),
        wantsTraffic: () => events.wantsTraffic,
      }
      : undefined;
    const authorities = config.security && toAuthorities(config.security);
    this.#keeper = config.persist === undefined
      ? undefined
      : new ParamKeeper(config.persist, identityOf(config, federation));
    try {
      this.#host = new RouterHost(environment, {
        config: coreConfig,
        federation: coreFederation,
        store: this.#keeper?.store,
        authorities,
      });
    } catch (error) {
      this.#keeper?.release();
      throw error;
    }
    const errors = new LinkErrors();
    this.#status = config.httpPages === false ? undefined : new StatusReader({
      host: this.#host,
      mode: isFederated && federation.mode.type !== "mesh" ? federation.mode.type : "router",
      isAuthenticated: authorities !== undefined,
      readyWithoutHub: config.readyWithoutHub ?? false,
      errors,
      isStopping: () => this.#stopped !== undefined,
      persistence: () => this.#keeper?.status,
    });
    const pages = this.#status && this.#pages(this.#status, { gate, authorities });
    this.#listener = new RouterListener(this.#host, { gate, pages });
    this.#federation = isFederated
      ? new FederationManager(federation, { host: this.#host, config: federation, events })
      : undefined;
    events.listenToLinks((event) => this.#log.linkEvent(event));
    events.listenToLinks((event) => errors.apply(event, performance.now()));
  }

  /**
   * Takes other settings while it runs: no session and no link ends by it, but the link to a hub that is
   * not in the list any more. A leaf tells its hub its new namespaces. All or nothing.
   *
   * @throws {RangeError} when a number is out of bounds, or there are too many patterns
   * @throws {TypeError} when a pattern or a URL cannot be understood, or a setting is of leaves, or of
   * routers that federate, and this is none
   * @throws {NamespaceConflictError} when another router owns a namespace, or cuts across it
   */
  reconfigure(settings: LiveSettings): void {
    const { ownedNamespaces, hubEndpoint, authToken } = settings;
    this.#checkLive(settings);
    const conflicts = this.#host.reconfigure(liveLimits(settings), {
      ...(ownedNamespaces === undefined ? {} : { namespaces: ownedNamespaces }),
      ...(hubEndpoint === undefined ? {} : { hubUrls: hubEndpoint }),
      ...(authToken === undefined ? {} : { token: authToken }),
    });
    const [first] = conflicts;
    if (first !== undefined) throw new NamespaceConflictError(describeConflict(first));
    this.#federation?.reconfigured(settings);
  }

  #checkLive({ ownedNamespaces, hubEndpoint, authToken }: LiveSettings): void {
    const isLeaf = this.#federation?.mode.type === "leaf";
    if (ownedNamespaces !== undefined && this.#federation === undefined) {
      throw new TypeError("Cannot take namespaces: this router does not federate");
    }
    if ((hubEndpoint !== undefined || authToken !== undefined) && !isLeaf) {
      throw new TypeError("Cannot take a hub or its token: this router is no leaf");
    }
    if (hubEndpoint?.length === 0) {
      throw new TypeError("Cannot take an empty list of hubs: a leaf needs one");
    }
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
   * @throws {TypeError} when it listens already or was stopped, or has one of `cert` and `key` only
   * @throws {TlsError} when the certificate cannot be used, with what is wrong with it
   */
  listen(options: RouterListenOptions = {}): { readonly port: number; readonly hostname: string } {
    const { port = 7330, hostname = "0.0.0.0" } = options;
    const address = this.#listener.listen({ port, hostname }, tlsOf(options));
    this.#logListening(address);
    this.#host.start();
    this.#keeper?.start();
    this.#status?.start();
    return address;
  }

  /**
   * Takes another certificate into use. Clients and peers are asked to connect again (1012,
   * "certificate renewed"), each when it has taken all that waits for it; the link to the hub stays.
   * Then the router listens on its port again, and resolves. One that cannot be used changes nothing.
   *
   * @throws {TlsError} when the certificate cannot be used; the old one stays in use
   * @throws {TypeError} when the router does not listen with a certificate
   */
  async renewCertificate(options: RouterRenewOptions): Promise<void> {
    const { cert, key, drainTimeoutMs = DRAIN_TIMEOUT_MS } = options;
    await this.#listener.renew({ cert, key }, drainTimeoutMs);
  }

  /**
   * Ends the router's work; idempotent. From now on connections are refused, and so is what clients
   * ask for (ERROR 503). A connection that has taken all that waits for it is closed with 1001 and
   * this reason, so that those who keep up go elsewhere at once and slow ones get what was
   * acknowledged. Resolves when the sockets are gone, and params are saved if they are to be.
   *
   * @throws {PersistError} when the last changes could not be saved
   */
  stop(reason: string = "The router is stopping", options: RouterStopOptions = {}): Promise<void> {
    this.#stopped ??= this.#stop(reason, options);
    return this.#stopped;
  }

  /** Whether all params are in the file that keeps them; undefined without `persist`. */
  get persistence(): PersistStatus | undefined {
    return this.#keeper?.status;
  }

  async #stop(reason: string, options: RouterStopOptions): Promise<void> {
    const { drainTimeoutMs = DRAIN_TIMEOUT_MS } = options;
    const endMs = performance.now() + drainTimeoutMs;
    this.#log.stopping();
    this.#listener.refuseAll();
    // At once: whoever started this process may not wait until all have gone.
    this.#keeper?.save();
    if (drainTimeoutMs > 0) await this.#host.drain(reason, drainTimeoutMs);
    this.#host.stop(reason);
    this.#federation?.close();
    this.#status?.stop();
    const leftMs = options.drainTimeoutMs === undefined ? 0 : endMs - performance.now();
    const graceMs = Math.max(leftMs, Math.min(drainTimeoutMs, CLOSE_GRACE_MS));
    const [, kept] = await Promise.allSettled([
      this.#listener.stop(graceMs),
      this.#keeper?.stop(),
    ]);
    if (kept.status === "rejected") throw kept.reason;
  }

  #pages(
    status: StatusReader,
    { gate, authorities }: {
      readonly gate: ConnectionGate;
      readonly authorities: TokenAuthorities | undefined;
    },
  ): HttpPages {
    const { attempts } = this.#host.core.grants ?? {};
    return new HttpPages({
      status,
      access: new PageAccess(authorities && attempts && { authorities, attempts }),
      isStopping: () => this.#stopped !== undefined,
      hostProblem: (host) => gate.pageProblem(host, this.#listener.isSecure ? "https" : "http"),
    });
  }

  #logListening({ port, hostname }: { readonly port: number; readonly hostname: string }): void {
    const mode = this.#federation?.mode.type ?? "router";
    LOG.info('Listening on {url} as {mode} "{routerId}", named "{name}", version {version}', {
      event: "listening",
      url: `${this.#listener.isSecure ? "wss" : "ws"}://${
        hostname.includes(":") ? `[${hostname}]` : hostname
      }:${port}`,
      hostname,
      port,
      mode,
      routerId: this.routerId,
      name: this.#host.core.config.name,
      version: VERSION,
    });
  }
}

function liveLimits(settings: LiveSettings): SessionLimits {
  const { maxSessions, maxSessionsPerAddress, maxMessagesPerSecond, maxBytesPerSecond } = settings;
  return {
    ...(maxSessions === undefined ? {} : { sessionsMax: maxSessions }),
    ...(maxSessionsPerAddress === undefined
      ? {}
      : { sessionsPerAddressMax: maxSessionsPerAddress }),
    ...(maxMessagesPerSecond === undefined ? {} : { messagesPerSecondMax: maxMessagesPerSecond }),
    ...(maxBytesPerSecond === undefined ? {} : { bytesPerSecondMax: maxBytesPerSecond }),
  };
}

function environmentOf({ ca }: RouterConfig): Environment {
  return ca === undefined ? DENO_ENVIRONMENT : trustingEnvironment(checkAuthorities(ca));
}

function tlsOf({ cert, key }: RouterListenOptions): TlsIdentity | undefined {
  if (cert !== undefined && key !== undefined) return { cert, key };
  if (cert === undefined && key === undefined) return undefined;
  throw new TypeError("Cannot listen: a certificate needs its key, and a key its certificate");
}

function identityOf(config: RouterConfig, { routerId }: FederationConfig): RouterIdentity {
  return { routerId, isNamed: config.federation?.routerId !== undefined };
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
    sessionsPerAddressMax: config.maxSessionsPerAddress ??
      ROUTER_CORE_DEFAULTS.sessionsPerAddressMax,
    messagesPerSecondMax: config.maxMessagesPerSecond ?? ROUTER_CORE_DEFAULTS.messagesPerSecondMax,
    bytesPerSecondMax: config.maxBytesPerSecond ?? ROUTER_CORE_DEFAULTS.bytesPerSecondMax,
    paramsMax: config.maxParams ?? ROUTER_CORE_DEFAULTS.paramsMax,
    eventTtlMs: config.eventTtlMs ?? ROUTER_CORE_DEFAULTS.eventTtlMs,
    defaultTtl: config.paramTtl === undefined ? 0 : encodeTtl(config.paramTtl),
  };
}
