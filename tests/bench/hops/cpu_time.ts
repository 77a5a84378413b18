import { processStat } from "./process_stat.ts";

/** Ticks a second in which Linux counts a process's time: `USER_HZ`, the same on all its machines. */
const TICKS_PER_SECOND = 100;
/** Of user time and system time, counted from the process's state. */
const USER_FIELD = 11;
const SYSTEM_FIELD = 12;

/** Milliseconds of CPU that processes have taken so far, with all their threads. Linux only. */
export function cpuTimeMs(processIds: readonly number[]): number {
  let ticks = 0;
  for (const id of processIds) {
    const fields = processStat(id);
    ticks += Number(fields[USER_FIELD]) + Number(fields[SYSTEM_FIELD]);
  }
  return ticks * 1_000 / TICKS_PER_SECOND;
}
