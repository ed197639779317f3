/** Documents: Verifiable Credentials in canonical JSON with one or two eddsa-jcs-2022 proofs (encoding.md). */
import { randomUUID } from "node:crypto";
import canonicalize from "canonicalize";
import { base58btc } from "multiformats/bases/base58";
import { base64url } from "multiformats/bases/base64";
import { equal } from "./cbor.ts";
import { keyOf, multikey, sha256, verify, type Key } from "./identity.ts";
import { coarse, Failure, LIMITS } from "./protocol.ts";
import { list, members, text, urn, type Members } from "./shape.ts";

export type DocumentType =
  "FreeholdDataRequest" | "FreeholdGrant" | "FreeholdRevocation" | "FreeholdErasureReceipt" | "FreeholdRotation";

export interface Document {
  bytes: Uint8Array;
  id: string;
  issuer: string;
  until: number | undefined;
  subject: Members;
  /** The DIDs whose proofs stand on the document, in the order of signing; all of them were verified. */
  signers: string[];
}

const CONTEXT = ["https://www.w3.org/ns/credentials/v2", { "@vocab": "urn:freehold:1:", dpv: "https://w3id.org/dpv#" }];

/** RFC 8785. "These bytes are signed, sent, stored and compared." */
export function canonical(value: unknown): Uint8Array {
  return Buffer.from(canonicalize(value) ?? "");
}

/** Parses canonical bytes only, with the bounds of rule 7. */
function parse(bytes: Uint8Array, max: number): Members {
  if (bytes.length > max) throw new Failure("too-large");
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new Failure("malformed");
  }
  bound(value, LIMITS.nesting);
  // Repeated keys, exponents, `-0` and numbers that were rounded do not come back as the same bytes.
  if (!equal(canonical(value), bytes)) throw new Failure("not-canonical");
  return members(value);
}

/** What does come back as the same bytes and is refused all the same: fractions, large numbers, nesting, half surrogates. */
function bound(value: unknown, levels: number): void {
  if (typeof value === "number" && !Number.isSafeInteger(value)) throw new Failure("not-canonical");
  if (typeof value === "string" && !value.isWellFormed()) throw new Failure("malformed");
  if (typeof value !== "object" || value === null) return;
  if (levels === 0) throw new Failure("too-large");
  for (const [key, inner] of Object.entries(value)) {
    bound(key, levels);
    bound(inner, levels - 1);
  }
}

function rfc3339(ms: number): string {
  return new Date(ms).toISOString().replace(".000Z", "Z");
}

function instant(value: unknown): number {
  const ms = Date.parse(text(value));
  if (Number.isNaN(ms) || rfc3339(ms) !== value || ms !== coarse(ms)) throw new Failure("malformed");
  return ms;
}

/** Reads a document of this type and verifies every proof of it. Who had to sign it, and how often, the caller judges. */
export function readDocument(bytes: Uint8Array, type: DocumentType): Document {
  const { proof, ...unsecured } = parse(bytes, LIMITS.document);
  if (!equal(canonical(unsecured["@context"]), canonical(CONTEXT))) throw new Failure("malformed");
  if (!equal(canonical(unsecured["type"]), canonical(["VerifiableCredential", type]))) throw new Failure("malformed");
  instant(unsecured["validFrom"]);
  const issuer = text(unsecured["issuer"], LIMITS.did);
  const proofs = list(Array.isArray(proof) ? proof : [proof], LIMITS.proofs, members, 1);
  const signers = proofs.map((one) => verifyProof(one, unsecured));
  if (signers[0] !== issuer) throw new Failure("wrong-signer"); // rule 10
  return {
    bytes,
    id: urn(unsecured["id"]),
    issuer,
    until: unsecured["validUntil"] === undefined ? undefined : instant(unsecured["validUntil"]),
    subject: members(unsecured["credentialSubject"]),
    signers,
  };
}

/** What is signed: "SHA-256 of the canonical proof without `proofValue`, then SHA-256 of the canonical document without `proof`". */
function toBeSigned(options: Members, unsecured: Members): Uint8Array {
  return Buffer.concat([sha256(canonical(options)), sha256(canonical(unsecured))]);
}

function options(did: string, created: unknown): Members {
  return {
    "@context": CONTEXT,
    type: "DataIntegrityProof",
    cryptosuite: "eddsa-jcs-2022",
    created,
    verificationMethod: `${did}#${multikey(keyOf(did))}`, // "for a did:key the fragment MUST be the DID's own key"
    proofPurpose: "assertionMethod",
  };
}

/** Verifies one proof, which "has exactly this form", and returns the DID that made it. */
function verifyProof(proof: Members, unsecured: Members): string {
  const did = text(proof["verificationMethod"]).split("#", 1)[0] ?? "";
  instant(proof["created"]);
  const { proofValue, ...rest } = proof;
  const expected = options(did, proof["created"]);
  if (rest["verificationMethod"] !== expected["verificationMethod"]) throw new Failure("wrong-signer");
  if (!equal(canonical(rest), canonical(expected))) throw new Failure("malformed");
  let signature: Uint8Array;
  try {
    signature = base58btc.decode(text(proofValue));
  } catch {
    throw new Failure("malformed");
  }
  if (!verify(keyOf(did), toBeSigned(expected, unsecured), signature)) throw new Failure("bad-signature");
  return did;
}

function prove(key: Key, unsecured: Members): Members {
  const made = options(key.did, rfc3339(coarse()));
  return { ...made, proofValue: base58btc.encode(key.sign(toBeSigned(made, unsecured))) };
}

export function issue(key: Key, type: DocumentType, subject: Members): { id: string; bytes: Uint8Array } {
  const id = `urn:uuid:${randomUUID()}`;
  const unsecured = {
    "@context": CONTEXT,
    type: ["VerifiableCredential", type],
    id,
    issuer: key.did,
    validFrom: rfc3339(coarse()),
    credentialSubject: subject,
  };
  return { id, bytes: canonical({ ...unsecured, proof: prove(key, unsecured) }) };
}

/** Rule 9: "a second proof over the same document without any proof", after the issuer's. */
export function countersign(key: Key, document: Uint8Array): Uint8Array {
  const { proof, ...unsecured } = parse(document, LIMITS.document);
  const first: unknown = Array.isArray(proof) ? proof[0] : proof;
  return canonical({ ...unsecured, proof: [first, prove(key, unsecured)] });
}

/** "multibase base64url of `12 20` and SHA-256 of the canonical bytes, proofs included" */
export function digest(document: Uint8Array): string {
  return base64url.encode(Uint8Array.of(0x12, 0x20, ...sha256(document)));
}

export interface Reference {
  id: string;
  digestMultibase: string;
}

export function reference(value: unknown): Reference {
  const { id, digestMultibase } = members(value);
  return { id: urn(id), digestMultibase: text(digestMultibase) };
}
