/**
 * `@std/cli`, from its npm mirror: change this one line to `jsr:@std/cli@1/parse-args` where JSR is
 * reachable.
 */
// @ts-types="./parse_args.d.ts"
export * from "npm:deno-std@1.4.0/cli/parse_args.js";
