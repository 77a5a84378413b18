import { processStat } from "./process_stat.ts";

/** Counted from the process's state. */
const PARENT_FIELD = 1;

/** Ids of the processes that a process has started, and of theirs. Linux only. */
export function descendantsOf(id: number): readonly number[] {
  const children = Map.groupBy(processIds(), parentOf);
  const found = [...children.get(id) ?? []];
  // Grows while it is walked.
  for (const each of found) found.push(...children.get(each) ?? []);
  return found;
}

function processIds(): readonly number[] {
  return [...Deno.readDirSync("/proc")].map(({ name }) => Number(name)).filter(Number.isInteger);
}

/** Undefined when it has ended meanwhile. */
function parentOf(id: number): number | undefined {
  try {
    return Number(processStat(id)[PARENT_FIELD]);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** ESRCH comes from a process that ends between the opening of its file and the reading. */
function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound ||
    error instanceof Error && "code" in error && error.code === "ESRCH";
}
