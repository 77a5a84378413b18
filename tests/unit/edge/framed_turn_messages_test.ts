import { FramedTurnMessages } from "../../../src/edge/framed_turn_messages.ts";
import type { Transport } from "../../../src/edge/transport.ts";
import { FrameQueue } from "../../../src/edge/websocket_frame_queue.ts";
import { OPCODE } from "../../../src/edge/websocket_opcode.ts";
import { assertEquals } from "../../support/assert.ts";

class Recorder {
  readonly messages: string[] = [];
  readonly framed: string[] = [];
  readonly transport: Transport;

  constructor(takesFrames: boolean) {
    this.transport = {
      bufferedBytes: 0,
      remoteAddress: "",
      close: () => {},
      send: (bytes) => this.messages.push(bytes.toHex()),
      ...(takesFrames ? { sendFramed: (bytes) => this.framed.push(bytes.toHex()) } : {}),
    };
  }
}

const LENGTHS = [1, 125, 126, 300, 65_535, 65_536, 70_000];

function messageOf(length: number): Uint8Array {
  return new Uint8Array(length).fill(length % 251);
}

Deno.test("FramedTurnMessages: a server gets the frames that it would have made, in one go", () => {
  const recorder = new Recorder(true);
  const messages = new FramedTurnMessages(() => recorder.transport);
  const queue = new FrameQueue();
  for (const [index, length] of LENGTHS.entries()) {
    assertEquals(messages.add(messageOf(length)), index);
    queue.append(OPCODE.binary, messageOf(length));
  }
  assertEquals(messages.count, LENGTHS.length);
  const bytes = queue.take();
  const payloadBytes = LENGTHS.reduce((sum, length) => sum + length, 0);
  assertEquals(messages.send(7, 0, LENGTHS.length), payloadBytes);
  assertEquals(recorder.framed, [bytes.toHex()]);
});

Deno.test("FramedTurnMessages: a part of them goes to who gets a part, message by message to others", () => {
  const [server, other] = [new Recorder(true), new Recorder(false)];
  const messages = new FramedTurnMessages((id) => (id === 1 ? server : other).transport);
  for (const length of LENGTHS) messages.add(messageOf(length));
  messages.send(2, 1, 4);
  assertEquals(other.messages, LENGTHS.slice(1, 4).map((length) => messageOf(length).toHex()));
  const queue = new FrameQueue();
  for (const length of LENGTHS.slice(1, 4)) queue.append(OPCODE.binary, messageOf(length));
  assertEquals(messages.send(1, 1, 4), 125 + 126 + 300);
  assertEquals(server.framed, [queue.take().toHex()]);
});

Deno.test("FramedTurnMessages: begins anew when it is cleared; who is gone gets nothing", () => {
  const recorder = new Recorder(false);
  const messages = new FramedTurnMessages((id) => id === 1 ? recorder.transport : undefined);
  messages.add(messageOf(2_000_000));
  messages.add(messageOf(2));
  messages.clear();
  assertEquals([messages.count, messages.byteLength], [0, 0]);
  assertEquals(messages.add(messageOf(3)), 0);
  assertEquals(messages.send(2, 0, 1), 0);
  messages.send(1, 0, 1);
  assertEquals(recorder.messages, ["030303"]);
});
