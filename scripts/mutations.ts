/**
 * The deliberate mistakes that `deno task mutate` makes, each with the tests that must notice it.
 *
 * @module
 */

/** One mistake: `find` becomes `replace` in `file`, and one of `tests` must fail. */
export interface Mutation {
  /** Path from the project's root. */
  readonly file: string;
  /** Text that occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** Test files, from the project's root. */
  readonly tests: readonly string[];
  /** What goes wrong for a user when nobody notices. */
  readonly why: string;
}

/** By directory of the sources. */
export const MUTATIONS: readonly Mutation[] = [
  {
    file: "scripts/lint_plugin.ts",
    find: "if (targetRank < rank) return undefined;",
    replace: "if (targetRank <= rank) return undefined;",
    tests: ["tests/unit/scripts/lint_plugin_test.ts"],
    why: "wire and address could import each other",
  },
  {
    file: "scripts/compile.ts",
    find: '"--no-prompt",',
    replace: "",
    tests: ["tests/unit/scripts/compile_test.ts"],
    why: "a binary would stop and ask for permissions",
  },
];
