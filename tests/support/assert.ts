/**
 * `@std/assert`, from its npm mirror: change this one line to `jsr:@std/assert@1` where JSR is
 * reachable.
 */
// @ts-types="./assert.d.ts"
export * from "npm:deno-std@1.4.0/assert/mod.js";
