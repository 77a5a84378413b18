import type { Environment } from "../../src/edge/environment.ts";
import { RouterHost } from "../../src/edge/router_host.ts";
import { FEDERATION_CORE_DEFAULTS } from "../../src/federation/federation_config.ts";
import type { LinkEvent } from "../../src/federation/link_event.ts";
import { ROUTER_CORE_DEFAULTS, type RouterCoreConfig } from "../../src/router/router_config.ts";
import type { RouterCore } from "../../src/router/router_core.ts";
import type { Subscriber } from "../../src/router/subscriber.ts";
import { MapParamStore } from "../../src/state/map_param_store.ts";
import type { ParamStore } from "../../src/state/param_store.ts";
import type { Version } from "../../src/state/version.ts";
import { ALL_SIGNALS } from "../../src/wire/message.ts";
import { parsePattern } from "../../src/address/pattern.ts";
import type { Stamp } from "./checker.ts";
import type { Prng } from "../support/prng.ts";
import type { SimNetwork } from "./sim_network.ts";

/** 2027-01-01, microseconds since 1970: what right clocks show when a simulation begins. */
export const START_WALL_MICROS: number = 1_798_761_600_000_000;

/** A router of the simulated federation, as it is configured. */
export interface RouterPlan {
  /** Also its name on the network. */
  readonly id: string;
  /** Ids of its hubs, in the order they are tried; none for the root. */
  readonly hubs?: readonly string[];
  readonly namespaces?: readonly string[];
  readonly imports?: readonly string[];
  readonly offlineWrites?: "accept" | "reject";
  readonly reconnectDelayMs?: number;
  readonly core?: Partial<RouterCoreConfig>;
  /** Off unless it is asked for: scripted scenarios count what passes on links. */
  readonly showsLinks?: boolean;
  /** Names under which it can be dialled, beside its id. */
  readonly aliases?: readonly string[];
  /** Not there from the start. */
  readonly joinsLate?: boolean;
  /**
   * Of the routers of one group, all but one have a hub in the end; that one shows the reason, a part
   * of which is told here.
   */
  readonly dispute?: { readonly group: string; readonly shows: string };
}

/** What a {@linkcode SimRouter} lives in. */
export interface RouterSurroundings {
  readonly network: SimNetwork;
  readonly random: Prng;
  /** Length of an event-loop turn; 0 ends it when everything of the instant has happened. */
  readonly turnMicros: () => number;
  readonly onLinkEvent: (event: LinkEvent) => void;
  readonly onStamp: (stamp: Stamp) => void;
}

/** A production router in a simulation: it can crash, and start again as a new process. */
export class SimRouter {
  /** Wall clock less right time; takes effect at the next start. */
  clockOffsetMicros = 0;
  /** What the next process finds on its disk; nothing unless it is put there. */
  disk: ParamStore | undefined;
  /** Whether it was ever configured otherwise than now. */
  isReconfigured = false;
  /** Why a link to a hub ended last. */
  lastReason = "";
  #plan: RouterPlan;
  readonly #surroundings: RouterSurroundings;
  #host: RouterHost | undefined;
  #bootedAtMicros = 0;
  #ids = 0;

  constructor(plan: RouterPlan, surroundings: RouterSurroundings) {
    this.#plan = plan;
    this.#surroundings = surroundings;
  }

  /** As it is configured now. */
  get plan(): RouterPlan {
    return this.#plan;
  }

  get id(): string {
    return this.#plan.id;
  }

  get isUp(): boolean {
    return this.#host !== undefined;
  }

  /** The running process. */
  get host(): RouterHost {
    if (this.#host === undefined) throw new Error(`Router "${this.id}" is down`);
    return this.#host;
  }

  /** Changes the configuration, from the next start on. The id stays. */
  reconfigure(changes: Partial<Omit<RouterPlan, "id">>): void {
    this.isReconfigured = true;
    this.#plan = { ...this.#plan, ...changes };
  }

  /** A copy of what it holds now, for a disk. */
  copyOfStore(): ParamStore {
    const copy = new MapParamStore();
    const walk = this.host.core.params.store.walk();
    for (let next = walk.next(); !next.done; next = walk.next()) {
      copy.put(next.value.address, next.value.version);
    }
    return copy;
  }

  /** Starts a process with what is on its disk and a new boot id. */
  start(): void {
    const { network, random } = this.#surroundings;
    const life = { isOver: false };
    const { plan, disk: store } = this;
    this.disk = undefined;
    const host = new RouterHost(this.#environment(life), {
      config: {
        ...ROUTER_CORE_DEFAULTS,
        features: [...ROUTER_CORE_DEFAULTS.features, "federation"],
        routerId: plan.id,
        bootId: random.nextInt(2 ** 53 - 1),
        ...plan.core,
      },
      federation: {
        isLeaf: (plan.hubs ?? []).length > 0,
        config: {
          ...FEDERATION_CORE_DEFAULTS,
          showsLinks: plan.showsLinks ?? false,
          hubUrls: (plan.hubs ?? []).map((hub) => `ws://${hub}:7330`),
          namespaces: plan.namespaces ?? [],
          imports: plan.imports ?? FEDERATION_CORE_DEFAULTS.imports,
          offlineWrites: plan.offlineWrites ?? FEDERATION_CORE_DEFAULTS.offlineWrites,
          reconnectDelayMs: plan.reconnectDelayMs ?? FEDERATION_CORE_DEFAULTS.reconnectDelayMs,
        },
        onEvent: (event) => this.#linkEvent(event),
      },
      store,
    });
    this.#host = host;
    this.#watchStamps(host.core);
    this.#endLife = () => life.isOver = true;
    network.listen(plan.id, (transport) => host.accept(transport), plan.aliases);
    host.start();
  }

  /** The process ends without a word; see `SimNetwork.nodeDied`. */
  crash(noticeMicros: (peer: string) => number | undefined): void {
    this.#endLife();
    this.#host = undefined;
    this.#surroundings.network.nodeDied(this.id, noticeMicros);
  }

  /** The monotonic clock of its process. */
  get nowMicros(): number {
    return this.#surroundings.network.clock.nowMicros - this.#bootedAtMicros;
  }

  /** Federation time, as this router knows it. */
  get timeMicros(): number {
    return this.host.federation?.clock.timeMicros(this.nowMicros) ?? 0;
  }

  /** Whether a session of this router has a lock elsewhere, as far as the router knows. */
  holdsLock(address: string, session: string): boolean {
    const { leases } = this.host.federation ?? {};
    if (leases === undefined || leases.kept === 0) return false;
    return leases.holds(address, session, this.nowMicros);
  }

  /** All params and tombstones, by address. */
  params(): Map<string, Version> {
    const walk = this.host.core.params.store.walk();
    const params = new Map<string, Version>();
    for (let next = walk.next(); !next.done; next = walk.next()) {
      params.set(next.value.address, next.value.version);
    }
    return params;
  }

  version(address: string): Version | undefined {
    return this.host.core.params.get(address);
  }

  /** State of the link to a peer, as this router shows it; undefined without a connection. */
  linkState(peer: string): string | undefined {
    return this.host.federation?.links().find(({ routerId }) => routerId === peer)?.state;
  }

  #watchStamps({ subscriptions, locks }: RouterCore): void {
    const watcher: Subscriber = {
      paramChanged: ({ address, version, cause }) => {
        // Neither from a peer nor raised: this router has just decided on a write.
        if (cause.from !== undefined || cause.raised) return;
        const { value } = version;
        if (value === undefined) return;
        const holder = locks.holder(address);
        this.#surroundings.onStamp({ router: this.id, address, value, holder });
      },
      published: () => {},
    };
    // It sees what is here, and is no reason to follow more at the hub.
    const { observer } = subscriptions;
    subscriptions.observer = undefined;
    subscriptions.add(watcher, 1, parsePattern("/**"), ALL_SIGNALS);
    subscriptions.observer = observer;
  }

  #endLife: () => void = () => {};

  #linkEvent(event: LinkEvent): void {
    if (event.type === "stateChanged" && (event.reason ?? "") !== "") {
      this.lastReason = event.reason ?? "";
    }
    this.#surroundings.onLinkEvent(event);
  }

  #environment(life: { readonly isOver: boolean }): Environment {
    const { network, random, turnMicros } = this.#surroundings;
    const { clock } = network;
    const bootedAtMicros = clock.nowMicros - random.nextInt(10_000_000_000);
    this.#bootedAtMicros = bootedAtMicros;
    // What a suspended process would do waits until it runs again.
    const alive = (action: () => void) => () =>
      network.whenRunning(this.id, () => {
        if (!life.isOver) action();
      });
    return {
      nowMicros: () => clock.nowMicros - bootedAtMicros,
      wallMicros: () => START_WALL_MICROS + clock.nowMicros + this.clockOffsetMicros,
      random: () => random.nextFloat(),
      newId: () => `${this.id}-${++this.#ids}`,
      after: (delayMs, action) => {
        let isCancelled = false;
        const cancel = clock.after(
          delayMs * 1_000,
          alive(() => {
            if (!isCancelled) action();
          }),
        );
        return () => {
          isCancelled = true;
          cancel();
        };
      },
      atEndOfTurn: (action) => {
        const turn = turnMicros();
        if (turn === 0) clock.atEndOfInstant(alive(action));
        else clock.after(turn, alive(action));
      },
      // A bug is to end the run, whatever a real router survives.
      onHandlerError: (error) => {
        throw error;
      },
      dial: (url, { onOpen, onFailed }) =>
        network.dial(this.id, url, {
          onOpen: (transport) => {
            if (!life.isOver) return onOpen(transport);
            // The process died while it dialled.
            transport.close(1001, "");
            return { onMessage: () => {}, onText: () => {}, onClose: () => {} };
          },
          onFailed: (reason) => alive(() => onFailed(reason))(),
        }),
    };
  }
}
