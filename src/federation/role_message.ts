import type {
  DigestMessage,
  FederationSyncMessage,
  NamespaceSyncMessage,
  TimeMessage,
} from "../wire/message.ts";

/** A FEDERATION_SYNC that means different things at the two ends of a link. */
export type RoleMessage = NamespaceSyncMessage | DigestMessage | TimeMessage;

/** Whether a message is one for the role of a link; the link itself takes the others. */
export function isForRole(message: FederationSyncMessage): message is RoleMessage {
  return message.op !== "Forward" && message.op !== "Lease" && message.op !== "LinkAck" &&
    message.op !== "Signals" && message.op !== "SignalAnswer" && message.op !== "ShareCancel";
}
