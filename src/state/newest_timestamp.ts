import type { ParamStore } from "./param_store.ts";

/** The newest timestamp of all that a store holds, microseconds; 0 when it is empty. */
export function newestTimestampMicros(store: ParamStore): number {
  let newestMicros = 0;
  const walk = store.walk();
  for (let next = walk.next(); !next.done; next = walk.next()) {
    newestMicros = Math.max(newestMicros, next.value.version.timestampMicros);
  }
  return newestMicros;
}
