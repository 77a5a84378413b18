import type { TlsIdentity } from "../edge/check_certificate.ts";
import { LOG } from "../edge/log.ts";
import type { Router } from "../edge/router.ts";
import { TlsError } from "../edge/tls_error.ts";
import { CommandError } from "./command_error.ts";
import { readPemFile } from "./pem_file.ts";

/** Where a server has its certificate. */
export interface CertificateFiles {
  readonly certPath: string;
  readonly keyPath: string;
}

/**
 * Reads a certificate and its key.
 *
 * @throws {CommandError} when one of the files cannot be read
 */
export async function readCertificateFiles(files: CertificateFiles): Promise<TlsIdentity> {
  const { text: cert } = await readPemFile("cert", files.certPath);
  const { text: key, isPublic } = await readPemFile("key", files.keyPath);
  if (isPublic) {
    LOG.warn('Everybody on this machine can read the private key in "{path}": chmod 600 it', {
      event: "key-public",
      path: files.keyPath,
    });
  }
  return { cert, key };
}

/** The certificate that a running server uses, and how it takes a renewed one into use. */
export class CertificateRenewal {
  readonly #router: Router;
  #used: TlsIdentity;

  /** `used` is what the router listens with. */
  constructor(router: Router, used: TlsIdentity) {
    this.#router = router;
    this.#used = used;
  }

  /**
   * Reads the files again and, if they are others than before, takes what they have into use: clients
   * and peers are asked to connect again. What cannot be used is logged and changes nothing.
   */
  async renew(files: CertificateFiles, drainTimeoutMs: number): Promise<void> {
    LOG.info('Reading the certificate in "{path}" again after SIGHUP', {
      event: "certificate-read",
      path: files.certPath,
    });
    try {
      const tls = await readCertificateFiles(files);
      if (tls.cert === this.#used.cert && tls.key === this.#used.key) {
        LOG.info("The certificate has not changed: no connection ends", {
          event: "certificate-unchanged",
        });
        return;
      }
      await this.#router.renewCertificate({ ...tls, drainTimeoutMs });
      this.#used = tls;
    } catch (error) {
      // A signal that comes while the router stops finds none to renew.
      const isKnown = error instanceof CommandError || error instanceof TlsError ||
        error instanceof TypeError;
      if (!isKnown) throw error;
      LOG.error("The old certificate stays in use: {reason}", {
        event: "certificate-refused",
        reason: error.message,
      });
    }
  }
}
