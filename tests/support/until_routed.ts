import { encodeValue } from "../../src/wire/value_codec.ts";
import { assertLess } from "./assert.ts";
import { RawClient } from "./raw_client.ts";

const ROUTED_DEADLINE_MS = 30_000;

/**
 * Waits until a client of any router can write to any owner: all links are up and all claims known.
 * Each router owns `/<its name>/**`; a param `/<owner>/ready/<writer>` is left for each pair.
 */
export async function untilRouted(ports: ReadonlyMap<string, number>): Promise<void> {
  const owners = [...ports.keys()];
  await Promise.all([...ports].map(([name, port]) => untilWritesAll({ name, port }, owners)));
}

async function untilWritesAll(
  writer: { readonly name: string; readonly port: number },
  owners: readonly string[],
): Promise<void> {
  await using client = await RawClient.connect(writer.port, "starter");
  const start = performance.now();
  for (const owner of owners) {
    for (;;) {
      const address = `/${owner}/ready/${writer.name}`;
      const answer = await client.set(address, encodeValue(true));
      if (answer.type === "ACK" && await stamperOf(client, address) === owner) break;
      // Until then another router takes care of it.
      assertLess(performance.now() - start, ROUTED_DEADLINE_MS, `no way to ${owner}`);
    }
  }
}

async function stamperOf(client: RawClient, address: string): Promise<string | undefined> {
  client.frames.length = 0;
  client.send({ type: "GET", address });
  await client.until(() => client.all("SNAPSHOT").length > 0, `the param at ${address}`);
  return client.all("SNAPSHOT")[0]?.params[0]?.writer;
}
