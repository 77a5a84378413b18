import { StateDisk } from "../../src/edge/state_disk.ts";
import type { Version } from "../../src/state/version.ts";
import { encodeValue } from "../../src/wire/value_codec.ts";
import { splitLines } from "./line_process.ts";
import { createPrng } from "./prng.ts";
import { TempDirectory } from "./temp_directory.ts";

const WRITER = new URL("persisting_writer.ts", import.meta.url).pathname;
const ADDRESSES = 20_000;
const NUMBERS_PER_LIFE = 100_000_000;
const KILLED_AFTER_MS_MAX = 400;

/** What was found after many kills. */
export interface KillReport {
  readonly kills: number;
  /** Savings that were told to be complete. */
  readonly saved: number;
  /** Kills that left a file half written beside the whole one. */
  readonly midway: number;
  /** What must not be, in words. */
  readonly faults: readonly string[];
}

/** Where a write goes. */
export function writtenAddress(number: number): string {
  return `/p/${(Math.imul(number, 0x9e3779b1) >>> 0) % ADDRESSES}`;
}

/** What a write leaves: every field tells its number. */
export function writtenVersion(number: number): Version {
  const isTombstone = number % 10 === 0;
  return {
    value: isTombstone ? undefined : encodeValue(number),
    revision: number,
    timestampMicros: number,
    origin: "writer",
    ttl: isTombstone ? 60 : 0,
  };
}

/**
 * Kills a process again and again while it saves params, and looks at what the file has then: all of
 * one saving, and nothing older than the last that was complete.
 */
export async function killWhilePersisting(
  options: { readonly kills: number; readonly seed: number },
): Promise<KillReport> {
  await using directory = await TempDirectory.make();
  const path = directory.file("state");
  const random = createPrng(options.seed);
  const least = new Map<string, number>();
  const faults: string[] = [];
  let [saved, midway] = [0, 0];
  for (let kill = 0; kill < options.kills; kill++) {
    const from = kill * NUMBERS_PER_LIFE;
    const completed = await liveAndDie(path, { from, forMs: random.nextInt(KILLED_AFTER_MS_MAX) });
    saved += completed.length;
    for (let number = from + 1; number <= (completed.at(-1) ?? 0); number++) {
      least.set(writtenAddress(number), number);
    }
    const names = await directory.names();
    if (names.includes("state.tmp")) midway++;
    faults.push(...faultsOf(path, least).map((fault) => `after kill ${kill}: ${fault}`));
  }
  return { kills: options.kills, saved, midway, faults };
}

/** The numbers that a process told to be saved, from its first line on for some time. */
async function liveAndDie(
  path: string,
  { from, forMs }: { readonly from: number; readonly forMs: number },
): Promise<number[]> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", "--no-prompt", WRITER, path, `${from}`],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const numbers: number[] = [];
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(splitLines());
  let timer: ReturnType<typeof setTimeout> | undefined;
  for await (const line of lines) {
    numbers.push(Number(line));
    timer ??= setTimeout(() => child.kill("SIGKILL"), forMs);
  }
  clearTimeout(timer);
  await child.status;
  return numbers;
}

function faultsOf(path: string, least: ReadonlyMap<string, number>): string[] {
  const faults: string[] = [];
  const found = new Map<string, Version>();
  const loaded = new StateDisk(path).load(
    ({ address, version }) => found.set(address, version),
    () => {},
  );
  if (loaded.kind !== "read") faults.push(`the file is ${loaded.kind}`);
  else if (loaded.problem !== undefined) faults.push(loaded.problem);
  for (const [address, version] of found) {
    if (!wasWritten(address, version)) faults.push(`${address} was never written so`);
  }
  for (const [address, number] of least) {
    const revision = found.get(address)?.revision ?? 0;
    if (revision < number) faults.push(`${address} is ${revision}, but ${number} was saved`);
  }
  return faults.slice(0, 5);
}

function wasWritten(address: string, version: Version): boolean {
  const number = version.revision;
  const wanted = writtenVersion(number);
  return writtenAddress(number) === address && version.timestampMicros === number &&
    version.ttl === wanted.ttl && `${version.value}` === `${wanted.value}`;
}
