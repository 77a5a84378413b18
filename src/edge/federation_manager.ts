import { AlreadyConnectedError } from "../federation/federation_error.ts";
import type { LinkEvent, PeerState } from "../federation/link_event.ts";
import { ROUTER_CORE_DEFAULTS } from "../router/router_config.ts";
import { DENO_ENVIRONMENT, newBootId } from "./deno_environment.ts";
import {
  type FederationConfig,
  federationDefaults,
  type FederationMode,
  toCoreConfig,
} from "./federation_config.ts";
import { FederationLink } from "./federation_link.ts";
import { LinkEventQueue } from "./link_event_queue.ts";
import type { LiveSettings } from "./live_settings.ts";
import { PeerDirectory, type PeerInfo } from "./peer_directory.ts";
import { RouterHost } from "./router_host.ts";
import type { Transport } from "./transport.ts";

/** What a manager of a {@linkcode Router} shares with it. */
export interface ManagedFederation {
  readonly host: RouterHost;
  readonly config: FederationConfig;
  readonly events: LinkEventQueue;
}

/**
 * The federation of a router: its links and what is known of its peers.
 *
 * `router.federation` is that of a {@linkcode Router}, which dials and accepts by itself. One made
 * with `new` has no sockets: it keeps the state in memory, and its links run on transports that the
 * application brings.
 *
 * @example Watch the links of a router
 * ```ts
 * import { Router } from "@clasp-fed/clasp-fed";
 *
 * const hub = new Router({ federation: { routerId: "hub" } });
 * const { port } = hub.listen({ port: 0, hostname: "127.0.0.1" });
 * const leaf = new Router({
 *   federation: {
 *     mode: { type: "leaf", hubEndpoint: `ws://127.0.0.1:${port}` },
 *     routerId: "site-a",
 *     ownedNamespaces: ["/site-a/**"],
 *   },
 * });
 * leaf.listen({ port: 0, hostname: "127.0.0.1" });
 *
 * for await (const event of hub.federation?.takeEventReceiver() ?? []) {
 *   if (event.type === "connected") break;
 * }
 * console.log(hub.federation?.activePeers().map((peer) => peer.routerId)); // [ "site-a" ]
 *
 * await leaf.stop();
 * await hub.stop();
 * ```
 */
export class FederationManager {
  readonly #host: RouterHost;
  #config: FederationConfig;
  readonly #events: LinkEventQueue;
  readonly #peers: PeerDirectory = new PeerDirectory();

  /**
   * A manager without sockets, for links on transports of the application's own.
   *
   * @throws {RangeError} when a number, a length or a count is out of bounds
   * @throws {TypeError} when a pattern or a URL cannot be understood
   * @throws {FederationError} when the mode is mesh
   */
  constructor(config?: Partial<FederationConfig>);
  /** @internal */
  constructor(config: Partial<FederationConfig>, managed: ManagedFederation);
  constructor(config: Partial<FederationConfig> = {}, managed = standalone(config)) {
    this.#host = managed.host;
    this.#config = managed.config;
    this.#events = managed.events;
    this.#events.listenToLinks((event) => this.processEvent(event));
  }

  /** This router's id. */
  get routerId(): string {
    return this.#config.routerId;
  }

  /** Whether it accepts leaves or connects to a hub. */
  get mode(): FederationMode {
    return this.#config.mode;
  }

  /** Patterns this router owns. */
  get ownedNamespaces(): readonly string[] {
    return this.#config.ownedNamespaces;
  }

  /** State of the way to the hub; undefined on a hub. */
  get uplinkState(): PeerState | undefined {
    return this.#host.federation?.uplink?.state;
  }

  /** Why the way to the hub is not up. */
  get uplinkReason(): string | undefined {
    return this.#host.federation?.uplink?.reason;
  }

  /**
   * Runs a link on an open transport: as the side that dialled when the mode is leaf, as the side
   * that accepted when it is hub.
   *
   * The manager is told of what arrives through the link's `handler`: the transport must call it.
   *
   * @throws {AlreadyConnectedError} when this leaf has a link
   */
  createLink(transport: Transport): FederationLink {
    if (this.mode.type === "leaf" && this.#host.federation?.hubLink !== undefined) {
      throw new AlreadyConnectedError(
        `Cannot create a link: router "${this.routerId}" has one to its hub; close it first`,
      );
    }
    return new FederationLink(transport, (attached) => this.#host.attach(attached));
  }

  /**
   * The events of all links, for one reader; undefined when it was taken before. Events wait for
   * the reader, the newest 10,000 of them.
   */
  takeEventReceiver(): AsyncIterable<LinkEvent> | undefined {
    return this.#events.take();
  }

  /** Calls a listener for each event, as it happens, until the function it returns is called. */
  onEvent(listener: (event: LinkEvent) => void): () => void {
    return this.#events.listen(listener);
  }

  /**
   * Takes an event into what is known of peers. The manager does so by itself for its own links;
   * taking one in twice changes nothing.
   */
  processEvent(event: LinkEvent): void {
    const { uplink } = this.#host.federation ?? {};
    const routerId = uplink?.link?.routerId;
    this.#peers.apply(
      event,
      uplink === undefined || routerId === undefined ? undefined : { routerId, url: uplink.hubUrl },
    );
  }

  /** Peers whose link is Active. */
  activePeers(): readonly PeerInfo[] {
    return this.#peers.all().filter(({ state }) => state === "Active");
  }

  /** Peers that were seen since the start, connected or not. */
  peerCount(): number {
    return this.#peers.size;
  }

  /** What is known of a peer; undefined when it was never seen. */
  peerInfo(routerId: string): PeerInfo | undefined {
    return this.#peers.get(routerId);
  }

  /** Whether any peer is to hear of this address; the one it came from does not count. */
  shouldForward(address: string, origin?: string): boolean {
    return this.peersForAddress(address, origin).length > 0;
  }

  /** Ids of the connected peers whose namespaces cover an address, `excludeOrigin` left out. */
  peersForAddress(address: string, excludeOrigin?: string): readonly string[] {
    return this.#peers.ownersOf(address, excludeOrigin);
  }

  /** @internal The router has taken other settings. */
  reconfigured({ ownedNamespaces, hubEndpoint, authToken }: LiveSettings): void {
    this.#config = {
      ...this.#config,
      ...(ownedNamespaces === undefined ? {} : { ownedNamespaces }),
      ...(hubEndpoint === undefined ? {} : { mode: { type: "leaf", hubEndpoint } }),
      ...(authToken === undefined ? {} : { authToken }),
    };
  }

  /** Closes all links; the event receiver ends. Idempotent. */
  close(): void {
    this.#host.stop(CLOSED_BY_US);
    this.#events.close();
  }
}

const CLOSED_BY_US = "The federation manager was closed";

function standalone(config: Partial<FederationConfig>): ManagedFederation {
  const full: FederationConfig = { ...federationDefaults(), ...config };
  const events = new LinkEventQueue();
  const core = toCoreConfig(full, config);
  const host = new RouterHost(DENO_ENVIRONMENT, {
    config: {
      ...ROUTER_CORE_DEFAULTS,
      routerId: full.routerId,
      bootId: newBootId(),
      features: [...ROUTER_CORE_DEFAULTS.features, "federation"],
    },
    federation: {
      isLeaf: core.isLeaf,
      // Links are brought by the application: nothing is dialled here.
      config: { ...core.config, hubUrls: [] },
      onEvent: (event) => events.push(event),
      wantsTraffic: () => events.wantsTraffic,
    },
  });
  return { host, config: full, events };
}
