/**
 * What Linux says of a process, from its state on (field 3 of `/proc/ID/stat`).
 *
 * @throws {Deno.errors.NotFound} When there is no such process.
 */
export function processStat(id: number): readonly string[] {
  const stat = Deno.readTextFileSync(`/proc/${id}/stat`);
  // Its name, in parentheses, may hold anything.
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}
