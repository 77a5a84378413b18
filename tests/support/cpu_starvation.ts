const CPU = "0";
/** The starved process gets about a tenth of what a spinner gets. */
const NICENESS = "10";

/** Whether this system can say on which processor a process runs. */
export async function canStarve(): Promise<boolean> {
  try {
    return await runs("taskset", ["--version"]);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Keeps a process on one processor, behind another that never rests, until it is disposed of. */
export class CpuStarvation implements AsyncDisposable {
  readonly #spinner: Deno.ChildProcess;

  private constructor(spinner: Deno.ChildProcess) {
    this.#spinner = spinner;
  }

  static async start(pid: number): Promise<CpuStarvation> {
    const spinner = new Deno.Command(Deno.execPath(), {
      args: ["eval", "--quiet", "for (;;);"],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const starvation = new CpuStarvation(spinner);
    try {
      for (const each of [pid, spinner.pid]) await runs("taskset", ["-a", "-pc", CPU, `${each}`]);
      await runs("renice", ["-n", NICENESS, "-p", `${pid}`]);
    } catch (error) {
      await starvation[Symbol.asyncDispose]();
      throw error;
    }
    return starvation;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#spinner.kill("SIGKILL");
    await this.#spinner.status;
  }
}

async function runs(program: string, args: readonly string[]): Promise<boolean> {
  const command = new Deno.Command(program, { args: [...args], stdout: "null", stderr: "piped" });
  const { success, stderr } = await command.output();
  if (!success) throw new Error(`${program}: ${new TextDecoder().decode(stderr)}`);
  return success;
}
