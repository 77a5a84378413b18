/** A directory of its own for a test, removed with all that is in it. */
export class TempDirectory implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<TempDirectory> {
    return new TempDirectory(await Deno.makeTempDir({ prefix: "clasp-fed-" }));
  }

  /** Path of a file in it. */
  file(name: string): string {
    return `${this.path}/${name}`;
  }

  /** Names of what is in it, sorted. */
  async names(): Promise<string[]> {
    const names = [];
    for await (const { name } of Deno.readDir(this.path)) names.push(name);
    return names.sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}
