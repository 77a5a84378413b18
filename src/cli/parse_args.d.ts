/** The part of `@std/cli` that the command line uses, as `deno-std` publishes it without types. */
export interface ParseOptions {
  readonly boolean?: readonly string[];
  readonly string?: readonly string[];
  readonly collect?: readonly string[];
  readonly alias?: Readonly<Record<string, readonly string[]>>;
  /** Called for each argument that is no known flag; false leaves it out. */
  readonly unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}
export declare function parseArgs(
  args: readonly string[],
  options?: ParseOptions,
): Readonly<Record<string, unknown>>;
