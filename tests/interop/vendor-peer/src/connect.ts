/** Family connect/1: introduction, rotation and problem (connect.md, identity.md). */
import { base64url } from "multiformats/bases/base64";
import { decode } from "./cbor.ts";
import { readDocument } from "./documents.ts";
import { keyOf, sha256 } from "./identity.ts";
import { documentOf, queue, type Context, type Handler } from "./mailbox.ts";
import { codeName, Failure, LIMITS } from "./protocol.ts";
import { bytes, members, text, uint } from "./shape.ts";

/** "The first message of each mailbox." */
export function introduce(context: Context, name: string, nextKey: string): void {
  queue(context, "connect/1/introduction", { name, nextKey: Buffer.from(nextKey, "hex") });
}

const introduction: Handler = ({ relationship }, message) => {
  const { name, nextKey } = members(decode(message.body));
  if (name !== undefined) text(name);
  const commitment = hex(bytes(nextKey, 32));
  // Whoever stole today's key must not choose the next one.
  if (relationship.nextKey !== null && relationship.nextKey !== commitment) throw new Failure("not-committed");
  relationship.nextKey = commitment; // rule 2
  return { event: "introduction" };
};

function hex(value: Uint8Array): string {
  return Buffer.from(value).toString("hex");
}

/** A commitment as a document has it: multibase base64url of 32 bytes. */
function commitmentOf(value: unknown): string {
  let decoded: Uint8Array;
  try {
    decoded = base64url.decode(text(value));
  } catch {
    throw new Failure("malformed");
  }
  return hex(bytes(decoded, 32));
}

/** identity.md rules 10 and 11. */
const rotation: Handler = ({ key, relationship, known }, message) => {
  const { issuer, signers, subject } = readDocument(documentOf(message), "FreeholdRotation");
  const did = text(subject["id"], LIMITS.did);
  const [publicKey, nextKey] = [keyOf(did), commitmentOf(subject["nextKey"])];
  if (issuer !== relationship.did || signers.length !== 2 || signers[1] !== did) throw new Failure("wrong-signer");
  if (subject["vendor"] !== key.did) throw new Failure("wrong-audience");
  if (hex(sha256(publicKey)) !== relationship.nextKey) throw new Failure("not-committed");
  if (known(did)) throw new Failure("wrong-signer");
  if (relationship.earlier.length >= LIMITS.keys) throw new Failure("busy");
  relationship.earlier.push(relationship.did);
  Object.assign(relationship, { did, nextKey });
  return { event: "rotation", to: did };
};

const problem: Handler = (_, message) => {
  const { code, about } = members(decode(message.body));
  return { event: "problem", code: codeName(uint(code, 16)), about: uint(about) };
};

export const connect: Record<string, Handler> = {
  "connect/1/introduction": introduction,
  "connect/1/rotation": rotation,
  "connect/1/problem": problem,
};
