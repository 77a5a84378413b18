import type { ByteReader } from "./byte_reader.ts";
import type { ByteWriter } from "./byte_writer.ts";
import {
  FEATURE,
  type HelloMessage,
  MESSAGE_CODE,
  type RouterTrailer,
  type WelcomeMessage,
} from "./message.ts";

const TIMED_BIT = 0x01;

/** Reads a HELLO behind its code. */
export function readHello(reader: ByteReader): HelloMessage {
  const version = reader.u8("HELLO version");
  const features = reader.u8("HELLO features");
  const name = reader.string("HELLO name");
  const token = readToken(reader, "HELLO token");
  return { type: "HELLO", version, features, name, token, router: readRouter(reader, features) };
}

/** Writes a HELLO. */
export function writeHello(writer: ByteWriter, message: HelloMessage): void {
  writer.u8(MESSAGE_CODE.HELLO);
  writer.u8(message.version);
  writer.u8(message.features);
  writer.string(message.name);
  writer.string(message.token ?? "");
  writeRouter(writer, message);
}

/** Reads a WELCOME behind its code. */
export function readWelcome(reader: ByteReader): WelcomeMessage {
  const version = reader.u8("WELCOME version");
  const features = reader.u8("WELCOME features");
  return {
    type: "WELCOME",
    version,
    features,
    timeMicros: reader.u64("WELCOME time"),
    session: reader.string("WELCOME session"),
    name: reader.string("WELCOME name"),
    token: readToken(reader, "WELCOME token"),
    router: readRouter(reader, features),
  };
}

/** Writes a WELCOME. */
export function writeWelcome(writer: ByteWriter, message: WelcomeMessage): void {
  writer.u8(MESSAGE_CODE.WELCOME);
  writer.u8(message.version);
  writer.u8(message.features);
  writer.u64(message.timeMicros);
  writer.string(message.session);
  writer.string(message.name);
  writer.string(message.token ?? "");
  writeRouter(writer, message);
}

/** An empty token is the wire's way to say that there is none. */
function readToken(reader: ByteReader, what: string): string | undefined {
  const token = reader.string(what);
  return token === "" ? undefined : token;
}

function readRouter(reader: ByteReader, features: number): RouterTrailer | undefined {
  if ((features & FEATURE.envelope) === 0) return undefined;
  return {
    routerId: reader.string("router id"),
    bootId: reader.u64("boot id"),
    timeMicros: reader.u64("router time"),
    timed: (reader.u8("router flags") & TIMED_BIT) !== 0,
  };
}

function writeRouter(writer: ByteWriter, message: HelloMessage | WelcomeMessage): void {
  const { router } = message;
  const announced = (message.features & FEATURE.envelope) !== 0;
  if (announced !== (router !== undefined)) {
    throw new TypeError(
      `Cannot write ${message.type}: the envelope feature and the router's facts go together`,
    );
  }
  if (router === undefined) return;
  writer.string(router.routerId);
  writer.u64(router.bootId);
  writer.u64(router.timeMicros);
  writer.u8(router.timed ? TIMED_BIT : 0);
}
