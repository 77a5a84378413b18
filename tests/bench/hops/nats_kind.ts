import { ByteStream } from "../byte_stream.ts";
import { NATS_ADDRESSES } from "./load_address.ts";
import type { ChainPorts, RouterCommand, RouterKind } from "./router_kind.ts";

/** JetStream's subjects at the hub, from a leaf. */
export const JETSTREAM_DOMAIN = "hub";
/** The stream at the hub. */
export const JETSTREAM_STREAM = "params";

/** `nats-server`, two leaf nodes of a hub. Keeps no values. */
export const NATS_KIND: RouterKind = natsKind("");
/**
 * The same with a stream at the hub that keeps the last value of each subject in memory, which is
 * where a router of this project keeps its params too.
 */
export const JETSTREAM_KIND: RouterKind = {
  ...natsKind(`jetstream { domain: ${JETSTREAM_DOMAIN}, max_mem: 2G }\n`),
  prepareHub: createStream,
};

function natsKind(hubMore: string): RouterKind {
  return {
    protocol: "nats",
    hub: ({ hub, hubLinks }) =>
      command(`${listen(hub)}leafnodes { listen: "127.0.0.1:${hubLinks}" }\n${hubMore}`),
    leaf: (name, ports) =>
      command(
        `${listen(ports[name])}leafnodes { reconnect: 1, ` +
          `remotes: [{ url: "nats://127.0.0.1:${ports.hubLinks}" }] }\n`,
      ),
  };
}

function command(config: string): RouterCommand {
  return { program: "nats-server", args: ["-c"], config };
}

function listen(port: number): string {
  return `listen: "127.0.0.1:${port}"\n`;
}

async function createStream({ hub }: ChainPorts): Promise<void> {
  const stream = await ByteStream.connect(hub);
  const config = JSON.stringify({
    name: JETSTREAM_STREAM,
    subjects: [NATS_ADDRESSES.all],
    storage: "memory",
    max_msgs_per_subject: 1,
    retention: "limits",
    discard: "old",
    num_replicas: 1,
  });
  const subject = `$JS.API.STREAM.CREATE.${JETSTREAM_STREAM}`;
  const text = 'CONNECT {"verbose":false}\r\nSUB _INBOX.create 1\r\n' +
    `PUB ${subject} _INBOX.create ${config.length}\r\n${config}\r\n`;
  await stream.write(new TextEncoder().encode(text));
  for (let line = await stream.readLine(); line !== undefined; line = await stream.readLine()) {
    if (!line.startsWith("{")) continue;
    stream.close();
    if (line.includes('"error"')) throw new Error(`Cannot create a stream: ${line}`);
    return;
  }
  throw new Error("Cannot create a stream: the connection has ended");
}
