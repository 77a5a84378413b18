/** Something that reads bytes of strangers. */
export interface FuzzTarget {
  readonly name: string;
  /** Valid inputs to start from. */
  readonly seeds: () => readonly Uint8Array[];
  /**
   * Reads an input. Returns what became of it, in few words: an input with a new outcome is kept to
   * mutate further. Whatever it throws is a crash; the typed errors of the reader are not thrown.
   */
  readonly run: (input: Uint8Array) => string;
  /** Makes lengths and checksums right again, so that what they guard is reached as well. */
  readonly repair?: (input: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
}

/** The same outcome for messages that differ in numbers, keys and quoted texts only. */
export function outcomeOf(message: string): string {
  return message.slice(0, 1_000)
    .replace(/".*"/s, '""')
    .replaceAll(/[0-9a-f]{32,}|0x[0-9a-f]+|\d[\d,]*/g, "#")
    .slice(0, 120);
}
