/**
 * A key and a certificate for HTTPS on this machine, made anew at each start. The library is loaded when one is asked
 * for: a sandbox on plain HTTP never needs it.
 * @module
 */

export interface Certificate {
  /** PEM. */
  key: string;
  /** PEM. It signs itself, so it is also what a client is to trust; it can sign no other (no CA). */
  cert: string;
}

const DAYS = 30;

/** For `localhost`, `127.0.0.1` and `::1`, good for 30 days from an hour ago on: clocks differ. */
export async function makeCertificate(): Promise<Certificate> {
  const { generate } = await import('selfsigned');
  const notBeforeDate = new Date(Date.now() - 3_600_000);
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'countersign sandbox' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate,
    notAfterDate: new Date(notBeforeDate.getTime() + DAYS * 86_400_000),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
          { type: 7, ip: '::1' },
        ],
      },
    ],
  });
  return { key, cert };
}
