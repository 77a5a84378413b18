import {
  FEDERATION_CORE_DEFAULTS,
  type FederationCoreConfig,
} from "../../../src/federation/federation_config.ts";
import { FederationCore } from "../../../src/federation/federation_core.ts";
import type { LinkEvent } from "../../../src/federation/link_event.ts";
import type { PeerState } from "../../../src/federation/link_event.ts";
import type { RouterCoreConfig } from "../../../src/router/router_config.ts";
import type { FakeAuthenticator } from "../router/fake_authenticator.ts";
import { TestRouter } from "../router/test_router.ts";

/** What a test says of a router that federates. */
export interface NodeOptions extends Partial<FederationCoreConfig> {
  readonly routerId: string;
  /** Router id of the hub; the root has none. */
  readonly hub?: string;
  readonly router?: Partial<RouterCoreConfig>;
  /** With it the router is in authenticated mode. */
  readonly authenticator?: FakeAuthenticator;
}

/** A router that federates, on a fake port. */
export class FederationNode extends TestRouter {
  readonly routerId: string;
  readonly federation: FederationCore;
  /** All link events so far. */
  readonly events: LinkEvent[] = [];

  constructor({ routerId, hub, router, authenticator, ...config }: NodeOptions) {
    super({ ...router, routerId, features: ["param", "event", "federation"] }, { authenticator });
    this.routerId = routerId;
    this.federation = new FederationCore({
      router: this.core,
      isLeaf: hub !== undefined,
      config: {
        ...FEDERATION_CORE_DEFAULTS,
        // Tests count what passes on links.
        showsLinks: false,
        ...(hub === undefined ? {} : { hubUrls: [`ws://${hub}:7330`] }),
        ...config,
      },
      onEvent: (event) => this.events.push(event),
    });
  }

  /** State of the link to a leaf, or of the way to the hub when none is named. */
  linkState(leafId?: string): PeerState | undefined {
    return leafId === undefined
      ? this.federation.uplink?.state
      : this.federation.leafLink(leafId)?.state;
  }

  /** Sends what waits for the end of the turn. */
  flush(): void {
    if (this.core.wantsFlush) this.core.flush(this.nowMicros);
  }
}
