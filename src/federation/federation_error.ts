/**
 * Anything that federation could not do, for callers to catch; one subclass for each variant of the
 * public CLASP federation API. This version throws {@linkcode ConfigError},
 * {@linkcode AlreadyConnectedError}, {@linkcode HandshakeFailedError} and
 * {@linkcode NamespaceConflictError}; the others are there for code that names them, and what they stand for is told by link events and ERROR answers.
 */
export class FederationError extends Error {
  /** `message` says what could not be done, why, and what to do. */
  constructor(message: string) {
    super(message);
    this.name = new.target.name;
  }
}

/** A peer could not be connected to. */
export class ConnectionFailedError extends FederationError {}

/** The other side does not federate, or did not answer as it must. */
export class HandshakeFailedError extends FederationError {}

/** Two routers claim the same namespace. */
export class NamespaceConflictError extends FederationError {}

/** No peer has this router id. */
export class PeerNotFoundError extends FederationError {}

/** The connection to a peer broke. */
export class TransportError extends FederationError {}

/** A peer sent bytes that are no CLASP. */
export class CodecError extends FederationError {}

/** States could not be brought together. */
export class SyncError extends FederationError {}

/** There is a link to this peer already. */
export class AlreadyConnectedError extends FederationError {}

/** A setting that cannot be. */
export class ConfigError extends FederationError {}
