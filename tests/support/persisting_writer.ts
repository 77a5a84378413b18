/**
 * Writes params into the file given, from the number given on, until it is killed. Each time the file
 * is complete, it writes a line with the number of the last write that is surely in it.
 *
 * @module
 */
import { ParamKeeper } from "../../src/edge/param_keeper.ts";
import { writtenAddress, writtenVersion } from "./persist_kills.ts";

const WRITES_PER_TURN = 50;

const [path = "", from = "0"] = Deno.args;
const keeper = new ParamKeeper({ path }, { routerId: "writer", isNamed: true });
let number = Number(from);

function write(): void {
  for (let i = 0; i < WRITES_PER_TURN; i++) {
    number++;
    keeper.store.put(writtenAddress(number), writtenVersion(number));
  }
}

for (;;) {
  write();
  const inFile = number;
  let isSaving = true;
  const saved = keeper.save().then(() => isSaving = false);
  while (isSaving) {
    // What changes while the file is made may be in it or not.
    write();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await saved;
  Deno.stdout.writeSync(new TextEncoder().encode(`${inFile}\n`));
}
