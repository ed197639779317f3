/** What must survive: keys and state, each file written whole, synced and renamed into place. */
import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Key } from "./identity.ts";
import { Failure } from "./protocol.ts";

/** An entry of an outgoing mailbox: a message without its `to`, which is the person's DID of the session (identity.md rule 15). */
export interface Entry {
  seq: number;
  type: string;
  at: number;
  id: string; // base64, as are the others
  thread: string | null;
  body: string;
}

export interface Grant {
  digests: string[]; // of the grant as given and of the receipt: a revocation may refer to either
  receipt: string;
  scope: string[];
  until: number | null;
  once: boolean;
  taken: string[]; // under `once`: the paths that came
  revoked: string[];
  values: Record<string, string | null>;
}

export interface Relationship {
  first: string; // the person's first DID: what this relationship is called here
  did: string; // the present one
  earlier: string[]; // those that rotations have replaced
  token: string; // the keyed hash of the token it began with: this is what uses the invitation up
  customer: string | null;
  nextKey: string | null; // the person's commitment, hex
  queued: number;
  delivered: number;
  stored: number;
  outbox: Entry[];
  requests: Record<string, { document: string; declined: boolean }>; // by id
  grants: Record<string, Grant>; // by id
  kept: { seq: number; code: number; message: string }[]; // messages that could not be used, as they came
}

export interface Invitation {
  customer: string | null;
  expires: number;
}

function writeDurably(folder: string, name: string, content: string): void {
  const target = join(folder, name);
  const temporary = `${target}.new`;
  const file = openSync(temporary, "w", 0o600);
  try {
    writeFileSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, target);
  const directory = openSync(dirname(target), "r");
  try {
    fsyncSync(directory); // the rename itself
  } finally {
    closeSync(directory);
  }
}

function readOrMake<T>(folder: string, name: string, make: () => T): T {
  try {
    return JSON.parse(readFileSync(join(folder, name), "utf8")) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const made = make();
  writeDurably(folder, name, JSON.stringify(made));
  return made;
}

export class Store {
  /** The vendor's key: it signs documents and messages, and is the transport key. */
  readonly key: Key;
  /** The next key, of which only the commitment is told (connect.md). "It should not lie where today's lies": move the file. */
  readonly commitment: string;
  readonly relationships = new Map<string, Readonly<Relationship>>(); // by the person's first DID
  readonly invitations: Record<string, Readonly<Invitation>>; // by the keyed hash of the token
  readonly #folder: string;
  #broken = false;

  constructor(folder: string) {
    mkdirSync(join(folder, "relationships"), { recursive: true, mode: 0o700 });
    const seed = (): string => randomBytes(32).toString("hex");
    this.key = new Key(Buffer.from(readOrMake(folder, "key.json", seed), "hex"));
    this.commitment = readOrMake(folder, "commitment.json", () => {
      const next = new Key(Buffer.from(readOrMake(folder, "next-key.json", seed), "hex"));
      return Buffer.from(next.commitment).toString("hex");
    });
    this.invitations = readOrMake(folder, "invitations.json", () => ({}));
    this.#folder = folder;
    for (const name of readdirSync(join(folder, "relationships")).filter((one) => one.endsWith(".json"))) {
      const relationship = JSON.parse(readFileSync(join(folder, "relationships", name), "utf8")) as Relationship;
      this.relationships.set(relationship.first, relationship);
    }
  }

  addInvitation(token: string, invitation: Invitation): void {
    this.#write("invitations.json", { ...this.invitations, [token]: invitation });
    this.invitations[token] = invitation;
  }

  /** Stores a relationship as a whole, a new one too: all of it is on disk when this returns, or nothing is. */
  put(relationship: Relationship): void {
    this.#write(join("relationships", `${relationship.first.replaceAll(":", "_")}.json`), relationship);
    this.relationships.set(relationship.first, relationship);
  }

  /** One transaction on a relationship: all of what `change` does to the draft, or nothing. */
  commit<T>(first: string, change: (draft: Relationship) => T): T {
    const draft = structuredClone(this.relationship(first));
    const result = change(draft);
    this.put(draft);
    return result;
  }

  relationship(first: string): Readonly<Relationship> {
    const found = this.relationships.get(first);
    if (found === undefined) throw new Failure("unknown-peer");
    return found;
  }

  /** The relationship in which a person has this DID now, or had it. */
  find(did: string): Readonly<Relationship> | undefined {
    return [...this.relationships.values()].find((one) => one.did === did || one.earlier.includes(did));
  }

  /** After a write that failed nothing is written "until its store is opened and verified again" (session.md rule 7). */
  #write(name: string, content: object): void {
    if (this.#broken) throw new Failure("storage-failed");
    try {
      writeDurably(this.#folder, name, JSON.stringify(content));
    } catch {
      this.#broken = true;
      throw new Failure("storage-failed");
    }
  }
}
