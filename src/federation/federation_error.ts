/**
 * Anything that federation could not do, for callers to catch; one subclass for each variant of the
 * public CLASP federation API.
 */
export class FederationError extends Error {
  override readonly name: string = "FederationError";
}

/** A peer could not be connected to. */
export class ConnectionFailedError extends FederationError {
  override readonly name: string = "ConnectionFailedError";
}

/** The other side does not federate, or did not answer as it must. */
export class HandshakeFailedError extends FederationError {
  override readonly name: string = "HandshakeFailedError";
}

/** Two routers claim the same namespace. */
export class NamespaceConflictError extends FederationError {
  override readonly name: string = "NamespaceConflictError";
}

/** No peer has this router id. */
export class PeerNotFoundError extends FederationError {
  override readonly name: string = "PeerNotFoundError";
}

/** The connection to a peer broke. */
export class TransportError extends FederationError {
  override readonly name: string = "TransportError";
}

/** A peer sent bytes that are no CLASP. */
export class CodecError extends FederationError {
  override readonly name: string = "CodecError";
}

/** States could not be brought together. */
export class SyncError extends FederationError {
  override readonly name: string = "SyncError";
}

/** There is a link to this peer already. */
export class AlreadyConnectedError extends FederationError {
  override readonly name: string = "AlreadyConnectedError";
}

/** A setting that cannot be. */
export class ConfigError extends FederationError {
  override readonly name: string = "ConfigError";
}
