import { ClaspLoadProtocol } from "./clasp_load_protocol.ts";
import type { LoadProtocolName } from "./load_plan.ts";
import type { LoadProtocol, LoadRole } from "./load_protocol.ts";
import { MqttLoadProtocol } from "./mqtt_load_protocol.ts";
import { NatsLoadProtocol } from "./nats_load_protocol.ts";

/** The protocol of one more connection. */
export function createLoadProtocol(
  name: LoadProtocolName,
  { role, isConfirmed }: { readonly role: LoadRole; readonly isConfirmed: boolean },
): LoadProtocol {
  switch (name) {
    case "clasp":
      return new ClaspLoadProtocol(role, { isRelay: false });
    case "relay":
      return new ClaspLoadProtocol(role, { isRelay: true });
    case "nats":
      return new NatsLoadProtocol(role, { asksForAck: role === "writer" && isConfirmed });
    case "mqtt":
      return new MqttLoadProtocol(role, { isQos1: false });
    case "mqtt-qos1":
      return new MqttLoadProtocol(role, { isQos1: true });
  }
}
