/**
 * `@std/text`, from its npm mirror: change this one line to `jsr:@std/text@1` where JSR is
 * reachable.
 */
// @ts-types="./std_text.d.ts"
export * from "npm:deno-std@1.4.0/text/mod.js";
