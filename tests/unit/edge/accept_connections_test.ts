import { acceptConnections } from "../../../src/edge/accept_connections.ts";
import { assertEquals } from "../../support/assert.ts";

/** What `accept` does, in order; closed at the end. */
function listenerOf(outcomes: readonly (Error | Deno.TcpConn)[]): Pick<Deno.TcpListener, "accept"> {
  const left = [...outcomes];
  return {
    accept: async () => {
      await Promise.resolve();
      const outcome = left.shift() ?? new Deno.errors.BadResource("closed");
      if (outcome instanceof Error) throw outcome;
      return outcome;
    },
  };
}

Deno.test("connections that are reset before they are accepted are no failure and hold up none", async () => {
  const next = {} as Deno.TcpConn;
  const reset = [
    new Deno.errors.NotConnected("Transport endpoint is not connected (os error 107)"),
    new Deno.errors.ConnectionAborted("Software caused connection abort (os error 103)"),
    new Deno.errors.ConnectionReset("Connection reset by peer (os error 104)"),
  ];
  const many = Array.from({ length: 33 }, () => reset).flat();
  const accepted: Deno.TcpConn[] = [];
  const failures: unknown[] = [];
  let turns = 0;
  const turn = setImmediate(() => turns++);
  await acceptConnections(listenerOf([...many, next]), {
    onConnection: (connection) => accepted.push(connection),
    onFailed: (error) => failures.push(error),
  });
  clearImmediate(turn);
  assertEquals([accepted.length, accepted[0] === next, failures], [1, true, []]);
  assertEquals(turns, 1, "others get their turn");
});

Deno.test("what the system does not let be accepted is told and tried again", async () => {
  const next = {} as Deno.TcpConn;
  const failure = new Error("Too many open files (os error 24)");
  const accepted: Deno.TcpConn[] = [];
  const failures: unknown[] = [];
  await acceptConnections(listenerOf([failure, next]), {
    onConnection: (connection) => accepted.push(connection),
    onFailed: (error) => failures.push(error),
  });
  assertEquals([accepted.length, failures], [1, [failure]]);
});
