/** By what a router, or a command, accepts capability tokens. */
export interface CapabilityPolicy {
  /** Public keys whose root tokens count, as hexadecimal digits. */
  readonly trustAnchors: readonly string[];
  /** Delegations that may lie behind a token; at most `CAP_DEPTH_MAX`. */
  readonly depthMax: number;
  /** The wall clock, seconds since 1970. */
  readonly nowSeconds: number;
}
