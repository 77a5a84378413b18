import type { ByteReader } from "./byte_reader.ts";
import type { ByteWriter } from "./byte_writer.ts";
import { readDigest, writeDigest } from "./digest_codec.ts";
import { readForward, writeForward } from "./forward_codec.ts";
import { readLease, writeLease } from "./lease_codec.ts";
import { type FederationSyncMessage, MESSAGE_CODE } from "./message.ts";
import { readNamespaceSync, writeNamespaceSync } from "./namespace_sync_codec.ts";
import { readSignalAnswer, readSignals, writeSignalAnswer, writeSignals } from "./signals_codec.ts";
import { WireError } from "./wire_error.ts";

const OP_DECLARE_NAMESPACES = 0x01;
const OP_REQUEST_SYNC = 0x02;
const OP_REVISION_VECTOR = 0x03;
const OP_SYNC_COMPLETE = 0x04;
const OP_FORWARD = 0x05;
const OP_DIGEST = 0x06;
const OP_LINK_ACK = 0x07;
const OP_LEASE = 0x08;
const OP_TIME = 0x09;
const OP_SIGNALS = 0x0a;
const OP_SIGNAL_ANSWER = 0x0b;
const OP_SHARE_CANCEL = 0x0c;

/** Reads a FEDERATION_SYNC behind its code: the operation, then what belongs to it. */
export function readFederationSync(reader: ByteReader): FederationSyncMessage {
  const at = reader.position;
  const op = reader.u8("FEDERATION_SYNC operation");
  switch (op) {
    case OP_DECLARE_NAMESPACES:
      return readNamespaceSync(reader, "DeclareNamespaces");
    case OP_REQUEST_SYNC:
      return readNamespaceSync(reader, "RequestSync");
    case OP_REVISION_VECTOR:
      return readNamespaceSync(reader, "RevisionVector");
    case OP_SYNC_COMPLETE:
      return readNamespaceSync(reader, "SyncComplete");
    case OP_FORWARD:
      return readForward(reader);
    case OP_DIGEST:
      return readDigest(reader);
    case OP_LINK_ACK:
      return { type: "FEDERATION_SYNC", op: "LinkAck", events: reader.u64("events of a LINK_ACK") };
    case OP_LEASE:
      return readLease(reader);
    case OP_TIME:
      return { type: "FEDERATION_SYNC", op: "Time", timeMicros: reader.u64("federation time") };
    case OP_SIGNALS:
      return readSignals(reader);
    case OP_SIGNAL_ANSWER:
      return readSignalAnswer(reader);
    case OP_SHARE_CANCEL:
      return {
        type: "FEDERATION_SYNC",
        op: "ShareCancel",
        origin: reader.string("origin of a share"),
        bootId: reader.u64("boot id of a share"),
        requestId: reader.u64("request id of a share"),
      };
    default:
      throw new WireError(
        "message",
        at,
        `Cannot read FEDERATION_SYNC: operation 0x${op.toString(16).padStart(2, "0")} is not known`,
      );
  }
}

/** Writes a FEDERATION_SYNC. */
export function writeFederationSync(writer: ByteWriter, message: FederationSyncMessage): void {
  writer.u8(MESSAGE_CODE.FEDERATION_SYNC);
  writer.u8(opCode(message.op));
  switch (message.op) {
    case "Forward":
      return writeForward(writer, message);
    case "Digest":
      return writeDigest(writer, message);
    case "LinkAck":
      return writer.u64(message.events);
    case "Lease":
      return writeLease(writer, message);
    case "Time":
      return writer.u64(message.timeMicros);
    case "Signals":
      return writeSignals(writer, message);
    case "SignalAnswer":
      return writeSignalAnswer(writer, message);
    case "ShareCancel":
      writer.string(message.origin);
      writer.u64(message.bootId);
      return writer.u64(message.requestId);
    default:
      return writeNamespaceSync(writer, message);
  }
}

function opCode(op: FederationSyncMessage["op"]): number {
  switch (op) {
    case "DeclareNamespaces":
      return OP_DECLARE_NAMESPACES;
    case "RequestSync":
      return OP_REQUEST_SYNC;
    case "RevisionVector":
      return OP_REVISION_VECTOR;
    case "SyncComplete":
      return OP_SYNC_COMPLETE;
    case "Forward":
      return OP_FORWARD;
    case "Digest":
      return OP_DIGEST;
    case "LinkAck":
      return OP_LINK_ACK;
    case "Lease":
      return OP_LEASE;
    case "Time":
      return OP_TIME;
    case "Signals":
      return OP_SIGNALS;
    case "SignalAnswer":
      return OP_SIGNAL_ANSWER;
    case "ShareCancel":
      return OP_SHARE_CANCEL;
  }
}
