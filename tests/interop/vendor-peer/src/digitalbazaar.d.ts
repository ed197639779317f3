/** The parts of Digital Bazaar's libraries that are used here; they come without types. */

declare module "@digitalbazaar/data-integrity" {
  export class DataIntegrityProof {
    constructor(options: { cryptosuite: object });
  }
}

declare module "@digitalbazaar/did-method-key" {
  export function driver(): {
    use(options: { multibaseMultikeyHeader: string; fromMultibase: (key: object) => Promise<object> }): void;
    get(options: { url: string }): Promise<object>;
  };
}

declare module "@digitalbazaar/ed25519-multikey" {
  export function from(key: object): Promise<object>;
}

declare module "@digitalbazaar/eddsa-jcs-2022-cryptosuite" {
  export function createVerifyCryptosuite(): object;
}

declare module "@digitalbazaar/vc" {
  export function verifyCredential(options: {
    credential: object;
    suite: object;
    documentLoader: (url: string) => Promise<object>;
  }): Promise<{ verified: boolean; error?: Error }>;
}
