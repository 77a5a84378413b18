/** What a WebSocket frame carries (RFC 6455, section 5.2); every other number is reserved. */
export const OPCODE = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const;

/** A number of {@linkcode OPCODE}. */
export type Opcode = typeof OPCODE[keyof typeof OPCODE];
