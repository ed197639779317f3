/** What the vendor asks for: the subject of its FreeholdDataRequest (data.md). */
import { equal } from "./cbor.ts";
import { canonical } from "./documents.ts";
import { Failure, LIMITS } from "./protocol.ts";
import { list, members, oneOf, text, type Members } from "./shape.ts";
import { knownPath, legalBases, purposes, sentence } from "./vocabulary.ts";

interface Scope {
  path: string;
  purposes: string[];
}

interface Asked extends Scope {
  required: boolean;
}

const DURATION = /^P(?=\d)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?$/;

/** "each path once, at least one purpose" */
function scopeOf<T extends Scope>(value: unknown, read: (one: Members) => T): T[] {
  const scope = list(value, LIMITS.paths, (one) => read(members(one)), 1);
  if (new Set(scope.map(({ path }) => path)).size < scope.length) throw new Failure("malformed");
  return scope;
}

function readScope({ path, purposes: named }: Members): Scope {
  return { path: text(path, LIMITS.path), purposes: list(named, LIMITS.paths, (iri) => text(iri), 1) };
}

function readAsked(field: Members): Asked {
  if (typeof field["required"] !== "boolean") throw new Failure("malformed");
  return { ...readScope(field), required: field["required"] };
}

/** Checks an ask before anything is signed: a person's node would refuse it otherwise. */
export function checkAsk(value: unknown): Members {
  const ask = members(value);
  const retention = members(ask["retention"]);
  const fields = scopeOf(ask["fields"], readAsked);
  fields.forEach(({ path }) => knownPath(path));
  fields.flatMap((field) => field.purposes).forEach((iri) => oneOf(iri, purposes));
  list(ask["fields"], LIMITS.paths, (field) => sentence(members(field)["reason"]));
  oneOf(ask["legalBasis"], legalBases);
  oneOf(ask["mode"], ["once", "continuous"]);
  list(ask["recipients"], LIMITS.recipients, sentence);
  [ask["title"], retention["after"], ask["policy"] ?? ""].forEach(sentence);
  if (sentence(ask["name"]) === "" || !DURATION.test(sentence(retention["duration"]))) throw new Failure("malformed");
  return ask;
}

/** Rule 2: what a grant may take up of an ask. Returns the granted paths. */
export function matchGrant(ask: Members, grant: Members): string[] {
  const asked = new Map(scopeOf(ask["fields"], readAsked).map((field) => [field.path, field]));
  const scope = scopeOf(grant["scope"], readScope);
  const paths = scope.map(({ path }) => path);
  const within = scope.every((given) => given.purposes.every((iri) => asked.get(given.path)?.purposes.includes(iri)));
  const complete = [...asked.values()].every(({ path, required }) => !required || paths.includes(path));
  const same = ["legalBasis", "mode", "retention", "recipients"].every((member) =>
    equal(canonical(ask[member]), canonical(grant[member])),
  );
  if (!within || !complete || !same) throw new Failure("grant-mismatch");
  return paths;
}
