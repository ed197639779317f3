/** Signed messages: an untagged COSE_Sign1 with exactly one possible header (encoding.md). */
import { decode, encode, equal } from "./cbor.ts";
import { verify, type Key } from "./identity.ts";
import { Failure } from "./protocol.ts";

export const MESSAGE = "application/freehold-message+cbor";
export const READ_REQUEST = "application/freehold-read-request+cbor";
export const READ_ANSWER = "application/freehold-read-answer+cbor";

export type Kind = typeof MESSAGE | typeof READ_REQUEST | typeof READ_ANSWER;

/** `{1: -8, 4: kid, 16: typ}` "in this order". Its keys are integers, which DAG-CBOR does not have, so it is built by hand. */
function protectedHeader(kind: Kind, kid: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from("a3012704", "hex"), encode(kid), Buffer.from("10", "hex"), encode(kind)]);
}

/** The Sig_structure of RFC 9052; "external_aad: the bytes of the same media type". */
function toBeSigned(header: Uint8Array, kind: Kind, payload: Uint8Array): Uint8Array {
  return encode(["Signature1", header, Buffer.from(kind), payload]);
}

export function signMessage(key: Key, kind: Kind, payload: unknown): Uint8Array {
  const header = protectedHeader(kind, key.publicKey);
  const body = encode(payload);
  return encode([header, {}, body, key.sign(toBeSigned(header, kind, body))]);
}

/**
 * Rule 5: the verifier knows kind and key, builds the header from them and compares bytes. Returns the decoded payload,
 * which is not even decoded before its signature holds.
 */
export function openMessage(raw: Uint8Array, kind: Kind, publicKey: Uint8Array): unknown {
  const parts = decode(raw);
  const [header, unprotected, payload, signature, ...more]: unknown[] = Array.isArray(parts) ? parts : [];
  const form =
    header instanceof Uint8Array && payload instanceof Uint8Array && signature instanceof Uint8Array &&
    signature.length === 64 && more.length === 0 && equal(encode(unprotected ?? null), encode({}));
  if (!form) throw new Failure("not-canonical");
  const expected = protectedHeader(kind, publicKey);
  if (!equal(header, expected)) throw new Failure("wrong-signer");
  if (!verify(publicKey, toBeSigned(expected, kind, payload), signature)) throw new Failure("bad-signature");
  return decode(payload);
}
