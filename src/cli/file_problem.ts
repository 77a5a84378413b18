/**
 * Why a file could not be read or written, as the end of a sentence.
 *
 * @param permissions What deno run has to be given for it, as `--allow-read="FILE"`.
 */
export function fileProblem(error: unknown, permissions: string): string {
  if (error instanceof Deno.errors.NotCapable) {
    return `permission ${permissions} was not given to deno run`;
  }
  if (error instanceof Deno.errors.NotFound) return "there is no such file or directory";
  if (error instanceof Deno.errors.AlreadyExists) {
    return "there is such a file already, and no key is ever overwritten; name another one";
  }
  return error instanceof Error ? error.message : String(error);
}
