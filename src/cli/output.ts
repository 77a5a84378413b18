const ENCODER = new TextEncoder();

/** Standard output was closed at the other end, as by `| head`: nobody is left to print for. */
export class OutputClosedError extends Error {
  override readonly name: string = "OutputClosedError";
}

/**
 * Writes a line of data to standard output.
 *
 * @throws {OutputClosedError} when nobody reads it any more
 */
export function printLine(line: string): void {
  try {
    writeAll(Deno.stdout, ENCODER.encode(`${line}\n`));
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) throw new OutputClosedError("Output was closed");
    throw error;
  }
}

/** Writes a line for people to standard error; when nobody reads it, it is lost. */
export function printDiagnostic(line: string): void {
  try {
    writeAll(Deno.stderr, ENCODER.encode(`${line}\n`));
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

/**
 * Text of others on one line: control characters are escaped, so that it can neither steer a
 * terminal nor look like a second line.
 */
export function oneLine(text: string): string {
  return text.replace(
    // deno-lint-ignore no-control-regex
    /[\u0000-\u001f\u007f-\u009f]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function writeAll(stream: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) {
    written += stream.writeSync(bytes.subarray(written));
  }
}
