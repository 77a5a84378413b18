/** Where the answers are. */
export const ANSWERS_FILE: URL = new URL("answers.md", import.meta.url);

/** What stands above them. */
export const TITLE = `<!-- deno-fmt-ignore-file -->

# What the router answers

Each message in each phase of a session: as it should be, and with one thing that is not. Written by
\`deno run -A tests/table/main.ts --write\`, which asks real processes over real sockets; the test
beside it asks again and compares. ADDRESS is one of the case's own, OUTSIDE one that a peer has not
declared, KEPT one that was set before, SENDER the router that asks. Revisions are after "r", values
in hex, type code first.`;
