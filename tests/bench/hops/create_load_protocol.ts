import { ClaspLoadProtocol } from "./clasp_load_protocol.ts";
import { JetStreamCollectProtocol } from "./jetstream_collect_protocol.ts";
import type { CollectProtocolName } from "./load_plan.ts";
import type { LoadProtocol, LoadRole } from "./load_protocol.ts";
import { MqttLoadProtocol } from "./mqtt_load_protocol.ts";
import { NatsLoadProtocol } from "./nats_load_protocol.ts";

/** The protocol of one more connection. */
export function createLoadProtocol(
  name: CollectProtocolName,
  { role, isConfirmed }: { readonly role: LoadRole; readonly isConfirmed: boolean },
): LoadProtocol {
  switch (name) {
    case "clasp":
      return new ClaspLoadProtocol(role, { isRelay: false });
    case "relay":
      return new ClaspLoadProtocol(role, { isRelay: true });
    case "nats":
      return new NatsLoadProtocol(role, { asksForAck: role === "writer" && isConfirmed });
    case "jetstream":
      return new JetStreamCollectProtocol();
    case "mqtt":
      return new MqttLoadProtocol(role, { isQos1: false });
    case "mqtt-qos1":
      return new MqttLoadProtocol(role, { isQos1: true });
  }
}
