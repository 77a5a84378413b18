/**
 * A process that does nothing but wait: told a moment of the wall clock, it answers at that moment.
 * Prints its port.
 *
 * @module
 */
const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.onmessage = ({ data }) => {
    setTimeout(() => socket.send(String(data)), Number(data) - Date.now());
  };
  return response;
});
console.log(server.addr.port);
