/**
 * Runs every benchmark under tests/bench once, to see that it still works: `deno task bench-once`.
 * Measures nothing and takes seconds, where `deno bench` takes minutes.
 *
 * @module
 */

type Bench = Pick<Deno.BenchDefinition, "name" | "fn" | "ignore">;

const benches: Bench[] = [];
Deno.bench = ((...args: readonly unknown[]) => {
  benches.push(readBench(args));
}) as typeof Deno.bench;

const directory = new URL("../tests/bench/", import.meta.url);
for await (const entry of Deno.readDir(directory)) {
  if (entry.isFile && entry.name.endsWith("_bench.ts")) {
    await import(new URL(entry.name, directory).href);
  }
}

let failed = 0;
for (const { name, fn, ignore } of benches) {
  if (ignore === true) continue;
  try {
    await fn({ name, origin: directory.href, start() {}, end() {} });
    console.log(`${name} ... ok`);
  } catch (error) {
    failed++;
    console.log(`${name} ... FAILED`);
    console.error(error);
  }
}
console.log(`${benches.length} benchmarks, ${failed} failed`);
// Nothing found is a wrong path, not a success.
Deno.exit(benches.length > 0 && failed === 0 ? 0 : 1);

/** Any of the ways to call `Deno.bench`: name, options and function, each where it is found. */
function readBench(args: readonly unknown[]): Bench {
  const found: Partial<Record<keyof Bench, unknown>> = {};
  for (const arg of args) {
    if (typeof arg === "string") found.name = arg;
    else if (typeof arg === "object" && arg !== null) Object.assign(found, arg);
    else if (typeof arg === "function") {
      Object.assign(found, { name: found.name ?? arg.name, fn: arg });
    }
  }
  const { name, fn, ignore } = found;
  if (typeof name !== "string" || !isBenchFunction(fn)) {
    throw new TypeError("Cannot run a benchmark: it has no name or no function");
  }
  return { name, fn, ignore: ignore === true };
}

function isBenchFunction(value: unknown): value is Bench["fn"] {
  return typeof value === "function";
}
