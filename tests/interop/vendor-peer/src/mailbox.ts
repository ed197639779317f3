/** The durable queue of each direction, and the messages in it (mailbox.md). */
import { randomBytes } from "node:crypto";
import { decode, encode } from "./cbor.ts";
import { MESSAGE, openMessage, signMessage } from "./cose.ts";
import { keyOf, type Key } from "./identity.ts";
import { codeName, coarse, Failure, LIMITS } from "./protocol.ts";
import { bytes, list, members, text, uint } from "./shape.ts";
import type { Entry, Relationship, Store } from "./store.ts";

export interface Message {
  raw: Uint8Array;
  seq: number;
  id: Uint8Array;
  type: string;
  body: Uint8Array;
}

/** What the vendor's systems are told of a message once it is on disk. It names paths, never values. */
export type Notice = { event: string } & Record<string, string | number | boolean | string[] | null>;

/** What a family does with a message: all checks first, as a `Failure`; then changes to the relationship. */
export type Handler = (context: Context, message: Message) => Notice;

export interface Context {
  key: Key;
  relationship: Relationship;
  /** Whether any relationship has or had this DID. */
  known: (did: string) => boolean;
}

const TYPE = /^[a-z0-9-]+\/[0-9]+\/[a-z0-9-]+$/;

/** Adds an entry at the end of the outgoing mailbox; the caller's transaction stores it (rule 1). */
export function queue(context: Context, type: string, body: unknown, thread?: Uint8Array): void {
  const { relationship } = context;
  const seq = relationship.queued + 1;
  const encoded = encode(body);
  if (encoded.length > LIMITS.body) throw new Failure("too-large");
  const id = randomBytes(16).toString("base64");
  const in64 = (one: Uint8Array): string => Buffer.from(one).toString("base64");
  relationship.outbox.push({ seq, type, at: coarse(), id, thread: thread ? in64(thread) : null, body: in64(encoded) });
  relationship.queued = seq;
}

/** The message of an entry. Nothing in it is made anew: "sent again is the same payload" (rule 3). */
export function signEntry(key: Key, entry: Entry, to: string): Uint8Array {
  const { seq, type, at } = entry;
  const thread = entry.thread === null ? {} : { thread: Buffer.from(entry.thread, "base64") };
  const [id, body] = [Buffer.from(entry.id, "base64"), Buffer.from(entry.body, "base64")];
  return signMessage(key, MESSAGE, { seq, id, type, at, to, body, ...thread });
}

/** The document that a body carries. */
export function documentOf(message: Message): Uint8Array {
  return bytes(members(decode(message.body))["document"]);
}

/** Rule 4: "An entry is deleted once it is delivered." */
export function delivered(relationship: Relationship, upTo: number): void {
  relationship.delivered = upTo;
  relationship.outbox = relationship.outbox.filter((entry) => entry.seq > upTo);
}

/** Rule 6, in its order. Each failure ends the session, and nothing is stored. */
export function readMessage(raw: Uint8Array, from: string, to: string): Message {
  const payload = members(openMessage(raw, MESSAGE, keyOf(from)));
  const seq = uint(payload["seq"]);
  const id = bytes(payload["id"], 16);
  const type = text(payload["type"], LIMITS.name);
  if (!TYPE.test(type)) throw new Failure("malformed");
  if (payload["thread"] !== undefined) bytes(payload["thread"], 16);
  uint(payload["at"]);
  const body = bytes(payload["body"]);
  if (text(payload["to"], LIMITS.did) !== to) throw new Failure("wrong-audience");
  if (payload["crit"] !== undefined && list(payload["crit"], LIMITS.families, text).length > 0) {
    throw new Failure("unknown-critical"); // "version 1 defines none"
  }
  if (body.length > LIMITS.body) throw new Failure("too-large");
  if (seq === 0) throw new Failure("sequence-gap");
  return { raw, seq, id, type, body };
}

/**
 * Takes the next message of a peer: what it changes, the answers it gives rise to and the cursor commit together (rule 7).
 * One that no handler takes, or that a handler refuses, is kept as it came and answered with a problem (rule 8).
 */
export function take(store: Store, first: string, message: Message, handler: Handler): Notice | undefined {
  const { key } = store;
  const known = (did: string): boolean => store.find(did) !== undefined;
  return store.commit(first, (relationship) => {
    if (message.seq !== relationship.stored + 1) return undefined; // another session took it meanwhile
    if (relationship.outbox.length >= LIMITS.outbox) throw new Failure("busy");
    relationship.stored = message.seq;
    const attempt = structuredClone(relationship);
    try {
      const notice = handler({ key, relationship: attempt, known }, message);
      Object.assign(relationship, attempt);
      return notice;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return refuse({ key, relationship, known }, message, error.code);
    }
  });
}

function refuse(context: Context, message: Message, code: number): Notice {
  const { kept } = context.relationship;
  kept.push({ seq: message.seq, code, message: Buffer.from(message.raw).toString("base64") });
  kept.splice(0, kept.length - LIMITS.kept);
  // "A `problem` is never answered with a `problem`."
  if (message.type !== "connect/1/problem") {
    queue(context, "connect/1/problem", { code, about: message.seq }, message.id);
  }
  return { event: "refused", type: message.type, sequence: message.seq, code: codeName(code) };
}

/** The handler of everything that no family here knows. */
export function unknownType(): never {
  throw new Failure("unknown-type");
}

