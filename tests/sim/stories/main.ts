/**
 * Tells what people complain about in federations, and what happens here instead:
 * `deno run -A tests/sim/stories/main.ts [--write]`. With `--write` the transcripts beside it are
 * written anew.
 *
 * @module
 */

import { STORIES } from "./stories.ts";

const isWritten = Deno.args.includes("--write");
for (const { name, complaint, tell } of STORIES) {
  const text = `${complaint}\n\n${tell().transcript}`;
  console.log(text);
  if (isWritten) {
    await Deno.writeTextFile(new URL(`transcripts/${name}.txt`, import.meta.url), text);
  }
}
