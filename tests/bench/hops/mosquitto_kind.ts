import type { RouterCommand, RouterKind } from "./router_kind.ts";

/** `mosquitto`, the leaves with a bridge to the hub, QoS 0. */
export const MOSQUITTO_KIND: RouterKind = mosquittoKind({ protocol: "mqtt", qos: 0 });
/** The same with QoS 1, from end to end. */
export const MOSQUITTO_QOS1_KIND: RouterKind = mosquittoKind({ protocol: "mqtt-qos1", qos: 1 });

/**
 * Its defaults keep 20 updates under way and drop what waits beyond 1,000; here both are without
 * limit, so that nothing is lost and nothing waits.
 */
function mosquittoKind(
  { protocol, qos }: { readonly protocol: "mqtt" | "mqtt-qos1"; readonly qos: number },
): RouterKind {
  return {
    protocol,
    hub: ({ hub }) => command(broker(hub)),
    leaf: (name, ports) =>
      command(
        broker(ports[name]) + [
          `connection bridge-${name}`,
          `address 127.0.0.1:${ports.hub}`,
          `topic # both ${qos}`,
          "restart_timeout 1",
          "notifications false",
          "",
        ].join("\n"),
      ),
  };
}

function broker(port: number): string {
  return [
    `listener ${port} 127.0.0.1`,
    "allow_anonymous true",
    "set_tcp_nodelay true",
    "max_inflight_messages 0",
    "max_queued_messages 0",
    "",
  ].join("\n");
}

function command(config: string): RouterCommand {
  return { program: "mosquitto", args: ["-c"], config };
}
