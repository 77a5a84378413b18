/**
 * A client of a leaf that starts: connects as soon as the leaf listens and waits until it has all
 * values. `deno run --allow-net collect_client.ts PLAN`, where PLAN is JSON. In a process of its own.
 *
 * @module
 */
import { createLoadProtocol } from "./create_load_protocol.ts";
import { LoadConnection, type LoadListener } from "./load_connection.ts";
import type { CollectPlan, LoadLine } from "./load_plan.ts";
import { ReaderRecord } from "./reader_record.ts";

const RETRY_MS = 2;
const ALIVE_MS = 2_000;
const LIFE_MS = 60_000;

const plan: CollectPlan = JSON.parse(Deno.args[0] ?? "");
const record = new ReaderRecord({ addresses: plan.addresses, updates: plan.addresses });
const { promise: ended, resolve: end } = Promise.withResolvers<void>();
const listener: LoadListener = {
  update: (address, number) => void record.take(address, number),
  answered() {},
  chunkEnded() {
    if (record.distinct === plan.addresses) end();
  },
};
setTimeout(end, LIFE_MS);
const alive = setInterval(() => say({ kind: "alive" }), ALIVE_MS);
say({ kind: "ready" });
const protocol = createLoadProtocol(plan.protocol, { role: "reader", isConfirmed: false });
const { connection, openMs } = await open();
const { request } = protocol;
const asking = setInterval(() => {
  if (request !== undefined && !record.isReached) connection.write(request);
}, RETRY_MS);
await ended;
const atMs = Date.now();
clearInterval(asking);
clearInterval(alive);
const wrong = new Set<number>();
record.collectWrong(Float64Array.from({ length: plan.addresses }, (_, number) => number), wrong);
say({ kind: "collected", openMs, atMs, lost: plan.addresses - record.distinct, wrong: wrong.size });
Deno.exit(0);

async function open(): Promise<{ readonly connection: LoadConnection; readonly openMs: number }> {
  for (;;) {
    const openMs = Date.now();
    try {
      return {
        connection: await LoadConnection.open(plan.readerPort, { protocol, listener }),
        openMs,
      };
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

function say(line: LoadLine): void {
  console.log(JSON.stringify(line));
}
