/** The parts of a PEM text whose label ends with a word, as `CERTIFICATE` or `PRIVATE KEY`. */
export function pemBlocks(text: string, label: string): readonly string[] {
  const pattern = new RegExp(
    `-----BEGIN ((?:[A-Z0-9]+ )*${label})-----[^]*?-----END \\1-----`,
    "g",
  );
  return [...text.matchAll(pattern)].map(([block]) => block);
}
