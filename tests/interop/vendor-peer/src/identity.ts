/** Ed25519 keys and the did:key that each of them is (identity.md). */
import { createHash, createPrivateKey, createPublicKey, sign, verify as openssl, type KeyObject } from "node:crypto";
import { ed25519 } from "@noble/curves/ed25519.js";
import { base58btc } from "multiformats/bases/base58";
import { Failure, LIMITS } from "./protocol.ts";

/** The DER of an Ed25519 key is a constant and the 32 bytes (RFC 8410). */
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");
const SPKI = Buffer.from("302a300506032b6570032100", "hex");

export class Key {
  readonly seed: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly did: string;
  readonly #secret: KeyObject;

  constructor(seed: Uint8Array) {
    this.seed = seed;
    this.#secret = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: "der", type: "pkcs8" });
    const spki = createPublicKey(this.#secret).export({ format: "der", type: "spki" });
    this.publicKey = spki.subarray(SPKI.length);
    this.did = didOf(this.publicKey);
  }

  sign(message: Uint8Array): Uint8Array {
    return sign(null, message, this.#secret);
  }

  /** The pre-rotation commitment to this key: "SHA-256 of the 32 bytes" (connect.md). */
  get commitment(): Uint8Array {
    return sha256(this.publicKey);
  }
}

export function sha256(...parts: Uint8Array[]): Uint8Array {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** Multibase base58btc of the two bytes `ed 01` and the key. */
export function multikey(publicKey: Uint8Array): string {
  return base58btc.encode(Uint8Array.of(0xed, 0x01, ...publicKey));
}

export function didOf(publicKey: Uint8Array): string {
  checkPoint(publicKey);
  return `did:key:${multikey(publicKey)}`;
}

/** The key of a did:key. A person's DID is never of another method. */
export function keyOf(did: string): Uint8Array {
  const match = /^did:key:(z6Mk[1-9A-HJ-NP-Za-km-z]{44})$/.exec(did);
  if (did.length > LIMITS.did || match?.[1] === undefined) throw new Failure("malformed");
  const publicKey = base58btc.decode(match[1]).subarray(2);
  if (didOf(publicKey) !== did) throw new Failure("malformed");
  return publicKey;
}

/** Rule 1: refuse `y` of 2^255 - 19 or more, what is no point of the curve, and points of small order. */
function checkPoint(encoded: Uint8Array): void {
  let small = true;
  try {
    small = ed25519.Point.fromBytes(encoded, false).isSmallOrder();
  } catch {
    // no point: refused below
  }
  if (small) throw new Failure("malformed");
}

/**
 * Rule 2, strict verification. OpenSSL refuses `S` of the group's order or more and compares `R` byte by byte without
 * the cofactor, as `verify_strict` does; it does not look at small orders, so that is done here. (The `verify` of
 * @noble/curves multiplies by the cofactor: its verdict can differ, so it is not used.)
 */
export function verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== 64) return false;
  try {
    checkPoint(publicKey);
    checkPoint(signature.subarray(0, 32));
  } catch {
    return false;
  }
  const key = createPublicKey({ key: Buffer.concat([SPKI, publicKey]), format: "der", type: "spki" });
  return openssl(null, message, key, signature);
}
