/**
 * CLASP router federation: a router for lighting, media, sensor and web tools that share live state,
 * and the links that join the routers of several sites into one state tree.
 *
 * - {@linkcode Router}: a router, alone, as a hub or as a leaf
 * - {@linkcode FederationManager}: its links and what is known of its peers
 * - {@linkcode Client}: a connection to any CLASP router
 *
 * It needs `--allow-net` and, to keep params in a file, `--allow-read` and `--allow-write` for the
 * directory of that. It writes no output; logs go to LogTape under
 * `["clasp-fed"]` once the application configures it.
 *
 * @example A hub, two sites, and a value that travels from one to the other
 * ```ts
 * import { Client, Router } from "@clasp-fed/clasp-fed";
 *
 * const local = { port: 0, hostname: "127.0.0.1" };
 * const hub = new Router({ features: ["param", "event", "federation"] });
 * const { port } = hub.listen(local);
 * const site = (name: string) =>
 *   new Router({
 *     federation: {
 *       mode: { type: "leaf", hubEndpoint: `ws://127.0.0.1:${port}` },
 *       routerId: name,
 *       ownedNamespaces: [`/${name}/**`],
 *     },
 *   });
 * const siteA = site("site-a");
 * const siteB = site("site-b");
 * const a = await Client.connect(`ws://127.0.0.1:${siteA.listen(local).port}`);
 * const b = await Client.connect(`ws://127.0.0.1:${siteB.listen(local).port}`);
 *
 * const seen = Promise.withResolvers<unknown>();
 * await b.subscribe("/site-a/**", (update) => seen.resolve(update.value));
 * await a.set("/site-a/lights/1/brightness", 0.75);
 * console.log(await seen.promise); // 0.75
 *
 * await Promise.all([a.close(), b.close()]);
 * await Promise.all([siteA.stop(), siteB.stop()]);
 * await hub.stop();
 * ```
 *
 * @module
 */

export { MAX_FEDERATION_PATTERNS, MAX_REVISION_ENTRIES } from "./src/limits.ts";
export type { EncodedValue, FeatureName, PhaseName, SignalName, Ttl } from "./src/wire/message.ts";
export { decodeValue, encodeValue, type Value } from "./src/wire/value_codec.ts";
export { WireError, type WireErrorKind } from "./src/wire/wire_error.ts";
export { AddressError } from "./src/address/address.ts";
export type { LiveVersion, Stamp, Version } from "./src/state/version.ts";
export type { LiveParam, Param } from "./src/state/param_store.ts";
export type { EventLoss, LinkEvent, PeerState } from "./src/federation/link_event.ts";
export {
  AlreadyConnectedError,
  CodecError,
  ConfigError,
  ConnectionFailedError,
  FederationError,
  HandshakeFailedError,
  NamespaceConflictError,
  PeerNotFoundError,
  SyncError,
  TransportError,
} from "./src/federation/federation_error.ts";
export type { FederationConfig, FederationMode } from "./src/edge/federation_config.ts";
export { FederationManager } from "./src/edge/federation_manager.ts";
export { FederationLink } from "./src/edge/federation_link.ts";
export type { PeerInfo } from "./src/edge/peer_directory.ts";
export type { Transport, TransportHandler } from "./src/edge/transport.ts";
export {
  Router,
  type RouterConfig,
  type RouterListenOptions,
  type RouterRenewOptions,
  type RouterStopOptions,
} from "./src/edge/router.ts";
export type { AnnouncedSignal } from "./src/edge/query_answers.ts";
export type { LiveSettings } from "./src/edge/live_settings.ts";
export type { SecurityConfig } from "./src/edge/security_config.ts";
export type { TokenAuthority } from "./src/edge/auth/token_authority.ts";
export { TokenFileAuthority } from "./src/edge/auth/token_file_authority.ts";
export { TokenFileError } from "./src/edge/auth/token_file_error.ts";
export type { Grant, TokenAnswer, TokenRefusal } from "./src/router/authenticator.ts";
export { type Action, type Scope, ScopeError } from "./src/auth/scope.ts";
export { Scopes } from "./src/auth/scopes.ts";
export type { Pattern, PatternSegment, SinglePatternSegment } from "./src/address/pattern.ts";
export type { PersistConfig, PersistStatus } from "./src/edge/param_keeper.ts";
export { PersistError } from "./src/edge/persist_error.ts";
export { TlsError } from "./src/edge/tls_error.ts";
export {
  Client,
  type ClientOptions,
  type ClockFacts,
  type RouterFacts,
  type SetOptions,
} from "./src/edge/client.ts";
export { ClientError } from "./src/edge/client_error.ts";
export type { SubscribeOptions } from "./src/edge/subscribe_options.ts";
export type { ParamUpdate, SignalUpdate, Update } from "./src/edge/update.ts";
