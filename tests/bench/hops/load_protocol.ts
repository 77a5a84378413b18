/** What a connection of a load client is told by the bytes that come. */
export interface LoadSink {
  /** A value has come: the number of its address, and the number of the update. */
  update(address: number, number: number): void;
  /** The answer to an opening step, or the acknowledgement of an update. */
  answered(): void;
  /** Sends bytes by themselves, as in the answer to a ping. */
  write(bytes: Uint8Array): void;
}

/** One end of a connection in one protocol, byte by byte. Has the state of one connection. */
export interface LoadProtocol {
  /** Sent one after the other, each behind the answer to the one before. */
  readonly openingSteps: readonly Uint8Array[];
  /** Sent again and again, until a value comes, by who wants the values that are there. */
  readonly request?: Uint8Array;
  /** Bytes of an update: all are equally long. */
  readonly updateBytes: number;
  /** Writes an update at `at`. Its value is `number`, in 8 bytes, whatever the protocol. */
  writeUpdate(bytes: Uint8Array, at: number, update: LoadUpdate): void;
  /**
   * Takes all that is complete in the first `length` bytes.
   *
   * @returns How many bytes that was.
   * @throws {Error} When the other end refuses something, or ends the connection.
   */
  parse(bytes: Uint8Array, length: number, sink: LoadSink): number;
}

/** An update, as it is written. */
export interface LoadUpdate {
  readonly address: number;
  readonly number: number;
  /** Whether its acknowledgement is asked for. */
  readonly isConfirmed: boolean;
}

/** What a connection is for. */
export type LoadRole = "writer" | "reader";
