import {
  TEST_AUTHORITY_CERT,
  TEST_SERVER_CERT,
  TEST_SERVER_KEY,
} from "../edge/websocket_certificates.ts";
import { TempDirectory } from "./temp_directory.ts";

/** Files with the certificates of tests, for flags of the command line. */
export class CertificateDirectory implements AsyncDisposable {
  /** What a process needs to read them. */
  readonly permissions: readonly string[];
  readonly #directory: TempDirectory;

  private constructor(directory: TempDirectory) {
    this.#directory = directory;
    this.permissions = ["--allow-net", `--allow-read=${directory.path}`];
  }

  static async make(): Promise<CertificateDirectory> {
    const directory = new CertificateDirectory(await TempDirectory.make());
    await directory.write("server.crt", TEST_SERVER_CERT);
    await directory.write("server.key", TEST_SERVER_KEY);
    await directory.write("ca.crt", TEST_AUTHORITY_CERT);
    return directory;
  }

  get path(): string {
    return this.#directory.path;
  }

  /** Flags of a server that listens with the certificate. */
  get serverFlags(): readonly string[] {
    return ["--cert", this.file("server.crt"), "--key", this.file("server.key")];
  }

  /** Flags of who dials such a server. */
  get clientFlags(): readonly string[] {
    return ["--ca", this.file("ca.crt")];
  }

  file(name: string): string {
    return this.#directory.file(name);
  }

  /** Writes a file that only this user can read. */
  async write(name: string, text: string): Promise<void> {
    await Deno.writeTextFile(this.file(name), text, { mode: 0o600 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#directory[Symbol.asyncDispose]();
  }
}
