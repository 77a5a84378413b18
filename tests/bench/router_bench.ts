import { parsePattern } from "../../src/address/pattern.ts";
import { FEDERATION_CORE_DEFAULTS } from "../../src/federation/federation_config.ts";
import { FederationCore } from "../../src/federation/federation_core.ts";
import type { ConnectionId, RouterPort } from "../../src/router/port.ts";
import { Params } from "../../src/router/params.ts";
import { ROUTER_CORE_DEFAULTS } from "../../src/router/router_config.ts";
import { RouterCore } from "../../src/router/router_core.ts";
import { Subscriptions } from "../../src/router/subscriptions.ts";
import { Locks } from "../../src/state/locks.ts";
import { MapParamStore } from "../../src/state/map_param_store.ts";
import type { Version } from "../../src/state/version.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import { ALL_SIGNALS, FEATURE, type Message, QOS, SIGNAL } from "../../src/wire/message.ts";
import { encodeValue } from "../../src/wire/value_codec.ts";

const ADDRESSES = 1_000;
const PEER_FEATURES = FEATURE.param | FEATURE.event | FEATURE.federation | FEATURE.envelope;

/** Takes everything and keeps nothing. */
class NullPort implements RouterPort {
  sentBytes = 0;
  #lastId = 0;

  send(_connection: ConnectionId, bytes: Uint8Array): void {
    this.sentBytes += bytes.length;
  }
  bufferedBytes(): number {
    return 0;
  }
  close(): void {}
  dial(): ConnectionId {
    return 0;
  }
  random(): number {
    return 0;
  }
  newId(): string {
    return `session-${++this.#lastId}`;
  }
  failed(error: unknown): void {
    throw error;
  }
}

/** A hub with a client that writes, as connection 1. */
function createHub(): RouterCore {
  const core = new RouterCore({
    config: {
      ...ROUTER_CORE_DEFAULTS,
      routerId: "hub",
      bootId: 1,
      // No time passes here: limits by the second would end what is measured.
      messagesPerSecondMax: 0,
      bytesPerSecondMax: 0,
    },
    port: new NullPort(),
    nowMicros: 0,
    wallMicros: 1_700_000_000_000_000,
  });
  new FederationCore({ router: core, config: FEDERATION_CORE_DEFAULTS, isLeaf: false });
  join(core, 1);
  return core;
}

function join(core: RouterCore, id: ConnectionId): void {
  core.accepted(id, "bench", 0);
  say(core, id, { type: "HELLO", version: 1, features: FEATURE.param, name: "client" });
}

function joinLeaf(core: RouterCore, id: ConnectionId): void {
  core.accepted(id, "bench", 0);
  const routerId = `leaf-${id}`;
  const router = { routerId, bootId: 1, timeMicros: 0, timed: true };
  say(core, id, { type: "HELLO", version: 1, features: PEER_FEATURES, name: "leaf", router });
  say(core, id, {
    type: "FEDERATION_SYNC",
    op: "DeclareNamespaces",
    patterns: [],
    revisions: [],
    declare: { more: false, claims: [], path: [routerId] },
  });
  subscribe(core, id);
  core.flush(0);
}

function subscribe(core: RouterCore, id: ConnectionId): void {
  say(core, id, { type: "SUBSCRIBE", id: 1, pattern: "/site-a/**", types: ALL_SIGNALS });
}

function say(core: RouterCore, id: ConnectionId, message: Message): void {
  core.received(id, encodeFrame(message, { qos: QOS.fire }), 0);
}

const SETS = Array.from(
  { length: ADDRESSES },
  (_, n) =>
    encodeFrame({ type: "SET", address: `/site-a/fader/${n}`, value: encodeValue(n) }, {
      qos: QOS.fire,
    }),
);
const PUBLISH = encodeFrame({
  type: "PUBLISH",
  address: "/site-a/go",
  signal: SIGNAL.event,
  phase: 0,
  value: encodeValue("go"),
}, { qos: QOS.fire });

for (const count of [0, 1, 50]) {
  const core = createHub();
  for (let n = 0; n < count; n++) {
    join(core, 2 + n);
    subscribe(core, 2 + n);
  }
  let next = 0;
  Deno.bench(`SET to ${count} subscribers`, { group: "SET" }, () => {
    core.received(1, SETS[next++ % ADDRESSES] as Uint8Array, 0);
  });
  Deno.bench(`PUBLISH to ${count} subscribers`, { group: "PUBLISH" }, () => {
    core.received(1, PUBLISH, 0);
  });
}

for (const links of [1, 10]) {
  const core = createHub();
  for (let n = 0; n < links; n++) joinLeaf(core, 2 + n);
  Deno.bench(`${ADDRESSES} SETs to ${links} links, one turn`, { group: "links" }, () => {
    for (const set of SETS) core.received(1, set, 0);
    core.flush(0);
  });
}

const nobody = { paramChanged: () => {}, published: () => {} };
const params = new Params({
  store: new MapParamStore(),
  locks: new Locks(),
  subscriptions: new Subscriptions(),
  routerId: "hub",
  paramsMax: ADDRESSES,
  defaultTtl: 0,
  timeMicros: () => 0,
  isTimed: () => true,
  nowMicros: () => 0,
  random: () => 0,
  after: () => {},
});
const addresses = Array.from({ length: ADDRESSES }, (_, n) => `/site-a/fader/${n}`);
let merged = 0;
Deno.bench("merge a newer version", { group: "merge" }, () => {
  merged++;
  params.merge(addresses[merged % ADDRESSES] as string, versionAt(merged), { from: nobody });
});
Deno.bench("merge a version that is known", { group: "merge" }, () => {
  params.merge(addresses[0] as string, versionAt(0), { from: nobody });
});

function versionAt(timestampMicros: number): Version {
  const revision = timestampMicros + 1;
  return { value: SETS[0] as Uint8Array, revision, timestampMicros, origin: "leaf", ttl: 0 };
}

const subscriptions = new Subscriptions();
for (let n = 0; n < ADDRESSES; n++) {
  subscriptions.add(nobody, n, parsePattern(`/site-a/fader/${n}`), ALL_SIGNALS);
}
let looked = 0;
Deno.bench("targets of an address, remembered", { group: "targets" }, () => {
  subscriptions.targets(addresses[looked++ % ADDRESSES] as string);
});
