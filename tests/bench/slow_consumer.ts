/**
 * What one consumer that does not read costs a router and everybody else:
 * `deno run -A tests/bench/slow_consumer.ts [--seconds=60] [--link] [--bytes=1000] [--warm-up=60]`.
 *
 * A real router under 5,000 updates a second over 1,000 addresses, without the consumer and with it.
 * Then it reads again: at how many addresses has it the newest value? With `--link` it is a leaf whose
 * process is stopped, once for good, once with a moment to breathe now and then.
 *
 * @module
 */
import {
  runSlowConsumer,
  type SlowConsumer,
  type SlowConsumerResult,
} from "../support/slow_consumer_run.ts";

const RSS_MEGABYTES_MORE_MAX = 20;
const P99_RATIO_MAX = 1.5;
const ADDRESSES = 1_000;
const LOAD = { addresses: ADDRESSES, updatesPerSecond: 5_000, readers: 2 };

const seconds = numberOf("seconds", 60);
const valueBytes = numberOf("bytes", 1_000);
const warmUpSeconds = numberOf("warm-up", 60);
const kinds: readonly SlowConsumer[] = Deno.args.includes("--link")
  ? ["stopped link", "slow link"]
  : ["client"];
const without = await runSlowConsumer({
  ...LOAD,
  slow: "nobody",
  seconds,
  warmUpSeconds,
  valueBytes,
});
console.log(`without: ${describe(without)}`);
let isGood = true;
for (const slow of kinds) {
  const result = await runSlowConsumer({ ...LOAD, slow, seconds, warmUpSeconds, valueBytes });
  console.log(`${slow}: ${describe(result)}`);
  isGood = compare(result) && isGood;
}
Deno.exit(isGood ? 0 : 1);

function compare(result: SlowConsumerResult): boolean {
  const ratio = result.p99Ms / without.p99Ms;
  const more = result.rssMegabytes - without.rssMegabytes;
  const { current = 0, updates, steppedBack, caughtUpMs = NaN, connections } = result.slow ?? {};
  console.log(
    `  p99 ${ratio.toFixed(2)} times (at most ${P99_RATIO_MAX}), ` +
      `RSS ${more.toFixed(1)} MB more (at most ${RSS_MEGABYTES_MORE_MAX})`,
  );
  console.log(
    `  newest value at ${current} of ${ADDRESSES} addresses ${caughtUpMs.toFixed(0)} ms after it ` +
      `reads again; it saw ${updates} of ${result.written} updates, ${steppedBack} of them older ` +
      `than one before, on ${connections} connections`,
  );
  return ratio <= P99_RATIO_MAX && more <= RSS_MEGABYTES_MORE_MAX && current === ADDRESSES &&
    steppedBack === 0;
}

function describe({ p99Ms, rssMegabytes, written, pauseMs }: SlowConsumerResult): string {
  return `p99 ${p99Ms.toFixed(2)} ms, RSS ${rssMegabytes.toFixed(1)} MB, ${written} updates; ` +
    `the measuring process paused ${pauseMs.toFixed(0)} ms at most`;
}

function numberOf(name: string, otherwise: number): number {
  const text = Deno.args.find((argument) => argument.startsWith(`--${name}=`));
  const number = text === undefined ? otherwise : Number(text.slice(name.length + 3));
  if (number > 0) return number;
  console.error(`--${name} takes a number above 0`);
  Deno.exit(2);
}
