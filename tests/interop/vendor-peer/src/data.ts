/** Family data/1, the vendor's side: grants, updates, revocations, declines (data.md). */
import { checkAsk, matchGrant } from "./ask.ts";
import { decode } from "./cbor.ts";
import { countersign, digest, issue, readDocument, reference } from "./documents.ts";
import { documentOf, queue, type Context, type Handler, type Message, type Notice } from "./mailbox.ts";
import { othersVerify } from "./opinion.ts";
import { coarse, Failure, LIMITS } from "./protocol.ts";
import { list, members, text, uint, urn, type Members } from "./shape.ts";
import type { Grant, Relationship, Store } from "./store.ts";
import { fieldValue } from "./vocabulary.ts";

/** Signs the request and queues it; both commit with the transaction that takes the invitation. */
export function ask(context: Context, subject: Members): void {
  const { id, bytes: document } = issue(context.key, "FreeholdDataRequest", checkAsk(subject));
  context.relationship.requests[id] = { document: Buffer.from(document).toString(), declined: false };
  queue(context, "data/1/request", { document });
}

/** identity.md rule 14: "a predecessor counts too". */
function isPersons({ did, earlier }: Relationship, issuer: string): boolean {
  return issuer === did || earlier.includes(issuer);
}

function grantOf(grants: Record<string, Grant>, id: string): Grant {
  const grant = grants[id];
  if (grant === undefined) throw new Failure("no-grant");
  return grant;
}

function ended(grant: Grant): boolean {
  return grant.until !== null && grant.until <= Date.now(); // "The hub's clock decides for the hub"
}

/** Rules 3 and 4. */
const grant: Handler = (context, message) => {
  const { key, relationship } = context;
  const document = readDocument(documentOf(message), "FreeholdGrant");
  const { id, issuer, signers, subject, until } = document;
  if (!isPersons(relationship, issuer) || signers.length !== 1) throw new Failure("wrong-signer");
  const asked = reference(subject["request"]);
  const request = relationship.requests[asked.id]?.document;
  if (request === undefined) throw new Failure("request-unknown");
  if (subject["id"] !== key.did) throw new Failure("wrong-audience");
  if (digest(Buffer.from(request)) !== asked.digestMultibase) throw new Failure("grant-mismatch");
  const scope = matchGrant(members(members(JSON.parse(request))["credentialSubject"]), subject);
  if (until !== undefined && until <= Date.now()) throw new Failure("expired");
  if (relationship.grants[id] !== undefined) throw new Failure("grant-mismatch");
  if (Object.keys(relationship.grants).length >= LIMITS.grants) throw new Failure("busy");
  const receipt = countersign(key, document.bytes);
  relationship.grants[id] = {
    digests: [digest(document.bytes), digest(receipt)],
    receipt: Buffer.from(receipt).toString(),
    scope,
    until: until ?? null,
    once: subject["mode"] === "once",
    taken: [],
    revoked: [],
    values: {},
  };
  queue(context, "data/1/receipt", { document: receipt }, message.id);
  return { event: "grant", grant: id, paths: scope };
};

/** Rules 13 and 14. The update is refused whole or taken whole. */
const update: Handler = (context, message) => {
  const { relationship } = context;
  const body = members(decode(message.body));
  const id = urn(body["grant"]);
  const fields = Object.entries(members(body["fields"]));
  const paths = fields.map(([path]) => path);
  const notice = { event: "update", grant: id, sequence: message.seq, paths };
  if (fields.length > LIMITS.paths) throw new Failure("too-large");
  const holding = grantOf(relationship.grants, id);
  if (fields.length === 0) return notice; // "A void update is taken and changes nothing."
  if (ended(holding)) throw new Failure("expired");
  for (const [path, value] of fields) {
    if (holding.taken.includes(path)) throw new Failure("used"); // rule 12, seen from here
    if (!holding.scope.includes(path)) throw new Failure("not-in-scope");
    if (holding.revoked.includes(path)) throw new Failure("revoked");
    holding.values[path] = fieldValue(path, value);
  }
  if (holding.once) holding.taken.push(...paths);
  // The values are in this peer's own store, which is the only system it has: so they are applied.
  const results = paths.map((path) => ({ path, outcome: "applied", system: "vendor-peer" }));
  queue(context, "data/1/outcome", { grant: id, update: message.seq, results, at: coarse() }, message.id);
  return notice;
};

/** Rule 21. */
const revocation: Handler = (context, message) => {
  const { key, relationship } = context;
  const { bytes: document, id, issuer, signers, subject } = readDocument(documentOf(message), "FreeholdRevocation");
  if (!isPersons(relationship, issuer) || signers.length !== 1) throw new Failure("wrong-signer");
  if (subject["id"] !== key.did) throw new Failure("wrong-audience");
  const about = reference(subject["grant"]);
  const holding = grantOf(relationship.grants, about.id);
  if (!holding.digests.includes(about.digestMultibase)) throw new Failure("no-grant");
  const paths = list(subject["paths"], LIMITS.paths, (path) => text(path, LIMITS.path), 1);
  if (typeof subject["whole"] !== "boolean" || new Set(paths).size < paths.length) throw new Failure("malformed");
  uint(subject["lastSequence"]);
  if (!paths.every((path) => holding.scope.includes(path))) throw new Failure("not-in-scope");
  holding.revoked = [...new Set([...holding.revoked, ...paths])];
  erase(holding, paths);
  const results = paths.map((path) => ({ path, result: "erased" }));
  const receipt = issue(key, "FreeholdErasureReceipt", {
    id: relationship.did,
    revocation: { digestMultibase: digest(document), id },
    results,
  });
  queue(context, "data/1/erasure", { document: receipt.bytes }, message.id);
  return { event: "revocation", grant: about.id, paths, whole: subject["whole"] };
};

/** Rule 24. */
const decline: Handler = ({ relationship }, message) => {
  const id = urn(members(decode(message.body))["request"]);
  const request = relationship.requests[id];
  if (request === undefined) throw new Failure("request-unknown");
  request.declined = true;
  return { event: "decline", request: id };
};

export const data: Record<string, Handler> = {
  "data/1/grant": grant,
  "data/1/update": update,
  "data/1/revocation": revocation,
  "data/1/decline": decline,
};

/** The state is written anew without them, so that no file of this peer has them any more. */
function erase(holding: Grant, paths: string[] = holding.scope): void {
  for (const path of paths) delete holding.values[path];
}

/** Rule 23: "When a grant ends by itself, the hub erases as if its paths were revoked; no message is sent." */
export function eraseEnded(store: Store): Notice[] {
  return [...store.relationships.values()].flatMap(({ first, did, grants }) =>
    Object.entries(grants)
      .filter(([, holding]) => ended(holding) && Object.keys(holding.values).length > 0)
      .map(([id]) => {
        store.commit(first, ({ grants }) => erase(grantOf(grants, id)));
        return { event: "expired", did, grant: id };
      }),
  );
}

/** Whether a verifier that others wrote agrees with the proof of a grant. It takes time, so it is asked before the transaction. */
export async function seconded(message: Message): Promise<boolean> {
  try {
    return await othersVerify(readDocument(documentOf(message), "FreeholdGrant").bytes);
  } catch {
    return false;
  }
}
