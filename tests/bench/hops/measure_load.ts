import { LineProcess } from "../../support/line_process.ts";
import { cpuTimeMs } from "./cpu_time.ts";
import type { LoadLine, LoadPlan, LoadResult } from "./load_plan.ts";
import { RouterChain } from "./router_chain.ts";
import type { RouterKind } from "./router_kind.ts";

/** What came of a load, and the CPU of the three routers under it. */
export interface LoadMeasurement extends LoadResult {
  readonly cpuMs: number;
}

/** Starts fresh routers and a fresh load client, and measures a load. */
export async function measureLoad(
  kind: RouterKind,
  load: Omit<LoadPlan, "protocol" | "writerPort" | "readerPort">,
): Promise<LoadMeasurement> {
  await using chain = await RouterChain.start(kind);
  const { a, b } = chain.ports;
  const plan = { ...load, protocol: kind.protocol, writerPort: a, readerPort: b };
  await using client = startLoadClient(plan);
  await chain.whileRunning(lineOf(client, "ready"));
  const before = cpuTimeMs(chain.processIds);
  await client.say("go");
  const { result } = await chain.whileRunning(lineOf(client, "result"));
  const cpuMs = cpuTimeMs(chain.processIds) - before;
  if (result.deliveries === 0) throw new Error("Nothing of what was measured has come to leaf B");
  return { ...result, cpuMs };
}

/** A load client in a process of its own. */
export function startLoadClient(plan: LoadPlan): LineProcess {
  return LineProcess.start("../bench/hops/load_client.ts", JSON.stringify(plan));
}

/** The next line that is no sign of life, which must be of one kind. */
export async function lineOf<K extends LoadLine["kind"]>(
  client: LineProcess,
  kind: K,
): Promise<LoadLine & { readonly kind: K }> {
  for (;;) {
    const line = await client.next() as LoadLine;
    if (line.kind === kind) return line as LoadLine & { readonly kind: K };
    if (line.kind === "failed") throw new Error(`The load client: ${line.reason}`);
    if (line.kind !== "alive") throw new Error(`A load client says ${JSON.stringify(line)}`);
  }
}
