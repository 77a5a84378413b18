import { X509Certificate } from "node:crypto";
import { pemBlocks } from "./pem_blocks.ts";
import { TlsError } from "./tls_error.ts";

/**
 * The certificates of a PEM text with authorities to trust, each by itself.
 *
 * @throws {TlsError} If there is none, or one cannot be decoded.
 */
export function checkAuthorities(text: string): readonly string[] {
  const blocks = pemBlocks(text, "CERTIFICATE");
  if (blocks.length === 0) {
    throw new TlsError(
      "Cannot trust these authorities: there is no certificate; " +
        "a PEM file has each between -----BEGIN CERTIFICATE----- and -----END CERTIFICATE-----",
    );
  }
  for (const [index, block] of blocks.entries()) {
    try {
      new X509Certificate(block);
    } catch {
      throw new TlsError(
        `Cannot trust these authorities: certificate ${index + 1} cannot be decoded; ` +
          "the file is damaged or incomplete",
      );
    }
  }
  return blocks;
}
