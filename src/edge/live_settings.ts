/**
 * Settings that a {@linkcode Router} takes while it runs; what is left out stays. See
 * `Router.reconfigure`.
 */
export interface LiveSettings {
  /** See {@linkcode RouterConfig.maxSessions}. */
  readonly maxSessions?: number;
  /** See {@linkcode RouterConfig.maxSessionsPerAddress}. */
  readonly maxSessionsPerAddress?: number;
  /** See {@linkcode RouterConfig.maxMessagesPerSecond}. */
  readonly maxMessagesPerSecond?: number;
  /** See {@linkcode RouterConfig.maxBytesPerSecond}. */
  readonly maxBytesPerSecond?: number;
  /** Patterns that this router owns; none with an empty list. */
  readonly ownedNamespaces?: readonly string[];
  /** The hubs of a leaf, one at least. */
  readonly hubEndpoint?: readonly string[];
  /** Shown to the hub at the next connection. */
  readonly authToken?: string;
}
