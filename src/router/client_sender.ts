import {
  BUNDLES_WAITING_PER_SESSION_BYTES_MAX,
  BUNDLES_WAITING_PER_SESSION_MAX,
} from "../limits.ts";
import type { PublishMessage } from "../wire/message.ts";
import type { ShareSender } from "./bundle_share.ts";
import type { Connection } from "./connection.ts";
import type { Refusal } from "./error_code.ts";
import type { Subscriber } from "./subscriber.ts";

/** The client of a session, as the sender of a bundle. */
export interface BundlingClient extends Subscriber {
  readonly id: string;
  writeProblem(address: string): Refusal | undefined;
  publishProblem(message: PublishMessage): Refusal | undefined;
}

/** A session as the sender of a bundle, which may outlive it. */
export function clientSender(client: BundlingClient, connection: Connection): ShareSender {
  return {
    id: client.id,
    waitingMax: BUNDLES_WAITING_PER_SESSION_MAX,
    waitingBytesMax: BUNDLES_WAITING_PER_SESSION_BYTES_MAX,
    grant: connection.grant,
    holder: client.id,
    get isGone(): boolean {
      return connection.isClosed;
    },
    subscriber: client,
    problem: (part) =>
      part.type === "SET" ? client.writeProblem(part.address) : client.publishProblem(part),
    lockProblem: () => undefined,
    written: () => {},
  };
}
