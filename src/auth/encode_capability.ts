/**
 * Capability tokens to text, and to the bytes that their signatures cover.
 *
 * @module
 */

import { ByteWriter } from "../wire/byte_writer.ts";
import { MessagePackWriter } from "../wire/message_pack_writer.ts";
import {
  CAPABILITY_PREFIX,
  CAPABILITY_VERSION,
  type CapabilityClaims,
  type CapabilityLink,
  type CapabilityToken,
  type UnsignedCapability,
} from "./capability_token.ts";

/** The text of a token: what is shown to a router. */
export function encodeCapability(token: CapabilityToken): string {
  const { audience, links } = token;
  const writer = new MessagePackWriter(new ByteWriter());
  writer.map(6 + (audience === undefined ? 0 : 1) + (links.length === 0 ? 0 : 1));
  writeIssuer(writer, token);
  if (audience !== undefined) writeAudience(writer, token);
  writeGrant(writer, token);
  if (links.length > 0) {
    writer.string("proofs");
    writer.array(links.length);
    for (const link of links) writeLink(writer, link);
  }
  writer.string("signature");
  writer.bytes(token.signature);
  return CAPABILITY_PREFIX +
    writer.out.copy().toBase64({ alphabet: "base64url", omitPadding: true });
}

/**
 * The bytes that the signature of a token covers. Links are in their public form there, so public
 * routers find the same bytes.
 */
export function signedPayload(token: UnsignedCapability): Uint8Array<ArrayBuffer> {
  const writer = new MessagePackWriter(new ByteWriter());
  writer.map(7);
  writeIssuer(writer, token);
  writeAudience(writer, token);
  writeGrant(writer, token);
  writer.string("proofs");
  writer.array(token.links.length);
  for (const link of token.links) {
    writer.map(3);
    writePublicLink(writer, link);
  }
  return writer.out.copy();
}

function writeIssuer(writer: MessagePackWriter, { issuer }: CapabilityClaims): void {
  writer.string("version");
  writer.unsigned(CAPABILITY_VERSION);
  writer.string("issuer");
  writeKey(writer, issuer);
}

function writeAudience(writer: MessagePackWriter, { audience }: CapabilityClaims): void {
  writer.string("audience");
  if (audience === undefined) writer.nil();
  else writeKey(writer, audience);
}

function writeGrant(writer: MessagePackWriter, claims: CapabilityClaims): void {
  writeScopes(writer, claims.scopes);
  writeTerm(writer, claims);
}

function writeTerm(writer: MessagePackWriter, claims: CapabilityClaims): void {
  writer.string("expires_at");
  writer.unsigned(claims.expiresAtSeconds);
  writer.string("nonce");
  writer.string(claims.nonce);
}

function writeLink(writer: MessagePackWriter, link: CapabilityLink): void {
  writer.map(link.kind === "proven" ? 6 : 3);
  writePublicLink(writer, link);
  if (link.kind === "bare") return;
  writeTerm(writer, link);
  writeAudience(writer, link);
}

function writePublicLink(writer: MessagePackWriter, link: CapabilityLink): void {
  writer.string("issuer");
  writeKey(writer, link.issuer);
  writeScopes(writer, link.scopes);
  writer.string("signature");
  writer.bytes(link.signature);
}

function writeScopes(writer: MessagePackWriter, scopes: readonly string[]): void {
  writer.string("scopes");
  writer.array(scopes.length);
  for (const scope of scopes) writer.string(scope);
}

/** The public format has keys as arrays of numbers. */
function writeKey(writer: MessagePackWriter, key: string): void {
  const bytes = Uint8Array.fromHex(key);
  writer.array(bytes.length);
  for (const byte of bytes) writer.unsigned(byte);
}
