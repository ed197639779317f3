/** The link that begins a relationship, and its use (invitation.md). */
import { createHmac, randomBytes } from "node:crypto";
import { base64url } from "multiformats/bases/base64";
import { encode } from "./cbor.ts";
import { coarse, Failure, LIMITS } from "./protocol.ts";
import type { Invitation, Store } from "./store.ts";

/** Tokens are kept and found by a keyed hash, so that no comparison of secrets leaks by its time. */
function tokenHash(store: Store, token: Uint8Array): string {
  return createHmac("sha256", store.key.seed).update("invitation").update(token).digest("hex");
}

export function invite(store: Store, addresses: string[], customer: string | null, days: number): string {
  if (!(days > 0 && days <= LIMITS.linkDays)) throw new Failure("malformed"); // rule 7
  const token = randomBytes(16);
  const expires = coarse(Date.now() + days * 86_400_000);
  const link = { v: 1, did: store.key.did, addresses: addresses.slice(0, LIMITS.addresses), token, expires };
  const text = `freehold:connect:${base64url.encode(encode(link))}`;
  if (text.length > LIMITS.link) throw new Failure("too-large");
  store.addInvitation(tokenHash(store, token), { customer, expires });
  return text;
}

/** Rule 4. Who begins a relationship with what is found here uses it up. */
export function findInvitation(store: Store, token: Uint8Array | undefined): { token: string } & Invitation {
  if (token === undefined) throw new Failure("unknown-peer");
  const hash = tokenHash(store, token);
  const invitation = store.invitations[hash];
  if (invitation === undefined) throw new Failure("invitation-unknown");
  const used = [...store.relationships.values()].some((relationship) => relationship.token === hash);
  if (used) throw new Failure("invitation-used");
  if (invitation.expires <= Date.now()) throw new Failure("invitation-expired");
  return { token: hash, ...invitation };
}
