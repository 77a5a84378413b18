import { ByteStream } from "./byte_stream.ts";
import { type BrokerConnection, startBrokers } from "./restart_broker.ts";
import type { RestartSubject } from "./restart_subject.ts";

/** `nats-server`, the sites as leaf nodes. It keeps no values. The hub's port is that for leaf nodes. */
export function startNats(): Promise<RestartSubject> {
  return startBrokers({
    program: "nats-server",
    args: ["-c"],
    config: (port, hubPort) =>
      hubPort === undefined
        ? `listen: "127.0.0.1:-1"\nleafnodes { listen: "127.0.0.1:${port}" }\n`
        : `listen: "127.0.0.1:${port}"\n` +
          `leafnodes { reconnect: 1, remotes: [{ url: "nats://127.0.0.1:${hubPort}" }] }\n`,
    connect,
  });
}

async function connect(port: number): Promise<BrokerConnection> {
  const stream = await ByteStream.connect(port);
  const say = (text: string): Promise<void> => stream.write(new TextEncoder().encode(text));
  say('CONNECT {"verbose":false}\r\nSUB site-a.> 1\r\n');
  return {
    publish: (topic, payload) =>
      say(`PUB ${topic.replaceAll("/", ".")} ${payload.length}\r\n${payload}\r\n`),
    close: () => stream.close(),
    async *messages() {
      for (let line = await stream.readLine(); line !== undefined; line = await stream.readLine()) {
        if (line === "PING") say("PONG\r\n");
        const [verb, subject = ""] = line.split(" ");
        if (verb !== "MSG") continue;
        const payload = await stream.readLine() ?? "";
        yield { topic: subject.replaceAll(".", "/"), payload };
      }
    },
  };
}
