import type { Message } from "../wire/message.ts";
import { ERROR_CODE, type Refusal } from "./error_code.ts";

/**
 * Why a router that is about to stop does not do what a client asks, or undefined when it does.
 * Nothing was done, so the client may ask another router, or this one when it is back.
 */
export function drainRefusal(message: Message): Refusal | undefined {
  switch (message.type) {
    case "PING":
    case "PONG":
    case "SYNC":
    case "ACK":
    case "ERROR":
    case "UNSUBSCRIBE":
      return undefined;
    default:
      return {
        code: ERROR_CODE.overload,
        message:
          `${message.type} was not done: the router is stopping; connect again and repeat it`,
        address: "address" in message ? message.address : undefined,
      };
  }
}
