import { assertEquals } from "../../support/assert.ts";
import { STORIES } from "./stories.ts";

for (const { name, complaint, tell } of STORIES) {
  Deno.test(`story: ${complaint}`, async () => {
    const file = new URL(`transcripts/${name}.txt`, import.meta.url);
    const written = await Deno.readTextFile(file);
    assertEquals(`${complaint}\n\n${tell().transcript}`, written);
  });
}
