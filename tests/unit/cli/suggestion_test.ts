import { suggestion } from "../../../src/cli/suggestion.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("suggestion() names the nearest word", () => {
  assertEquals(suggestion("srever", ["set", "server"]), "; did you mean server?");
  assertEquals(suggestion("--prot", ["--port", "--host"]), "; did you mean --port?");
  assertEquals(suggestion("prt", ["port", "host"]), "; did you mean port?");
});

Deno.test("suggestion() is silent when nothing is near", () => {
  assertEquals(suggestion("dance", ["set", "server"]), "");
  assertEquals(suggestion("", ["set"]), "");
  assertEquals(suggestion("set", []), "");
});
