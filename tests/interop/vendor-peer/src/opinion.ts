/** A second opinion on a person's proof, by a verifier that others wrote: Digital Bazaar's, for eddsa-jcs-2022. */
import { DataIntegrityProof } from "@digitalbazaar/data-integrity";
import { driver } from "@digitalbazaar/did-method-key";
import { from } from "@digitalbazaar/ed25519-multikey";
import { createVerifyCryptosuite } from "@digitalbazaar/eddsa-jcs-2022-cryptosuite";
import { verifyCredential } from "@digitalbazaar/vc";
import { members } from "./shape.ts";

const didKey = driver();
didKey.use({ multibaseMultikeyHeader: "z6Mk", fromMultibase: from });

/** Whatever the verifier asks for is made from the did:key itself; nothing is ever fetched. */
async function documentLoader(url: string): Promise<{ documentUrl: string; document: unknown }> {
  return { documentUrl: url, document: await didKey.get({ url }) };
}

export async function othersVerify(document: Uint8Array): Promise<boolean> {
  const credential = members(JSON.parse(Buffer.from(document).toString()));
  // The library compares the proof's `@context` with the document's by reference, so the copy in each proof becomes
  // the document's own. The bytes it hashes stay the same: our own reader has compared the two before.
  const proofs = [credential["proof"]].flat().map(members);
  credential["proof"] = proofs.map((proof) => ({ ...proof, "@context": credential["@context"] }));
  const suite = new DataIntegrityProof({ cryptosuite: createVerifyCryptosuite() });
  const { verified } = await verifyCredential({ credential, suite, documentLoader });
  return verified;
}
