/** One connection of a person's node: hello, flow, end (session.md). */
import type { Connection, Stream } from "@libp2p/interface";
import { decode, encode } from "./cbor.ts";
import { connect } from "./connect.ts";
import { data, seconded } from "./data.ts";
import { FrameStream } from "./frames.ts";
import { didOf } from "./identity.ts";
import { delivered, readMessage, signEntry, take, unknownType, type Handler, type Message, type Notice } from "./mailbox.ts";
import { codeName, CODES, Failure, FAMILIES, LIMITS, VERSION } from "./protocol.ts";
import { bytes, list, members, text, uint } from "./shape.ts";
import type { Relationship, Store } from "./store.ts";

export interface Hub {
  readonly store: Store;
  readonly sessions: Map<string, Session>; // by the person's first DID: "a relationship has one session" (rule 12)
  invited(token: Uint8Array | undefined): void;
  admit(did: string, token: Uint8Array | undefined): void;
  emit(notice: Notice): void;
}

const HANDLERS: Record<string, Handler> = { ...connect, ...data };

export class Session {
  readonly connection: Connection;
  readonly #hub: Hub;
  readonly #stream: Stream;
  readonly #frames: FrameStream;
  readonly #did: string; // the person's DID for as long as this connection lasts
  #first: string; // what the relationship is called here
  #sent = 0;
  #waiting: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(hub: Hub, stream: Stream, connection: Connection) {
    const key = connection.remotePeer.publicKey;
    if (key?.type !== "Ed25519") throw new Failure("wrong-signer"); // identity.md rule 4
    this.#did = didOf(key.raw);
    this.#first = this.#did;
    this.#hub = hub;
    this.#stream = stream;
    this.#frames = new FrameStream(stream);
    this.connection = connection;
  }

  get #relationship(): Readonly<Relationship> {
    return this.#hub.store.relationship(this.#first);
  }

  /** Runs to the end of the session. Never throws: whatever happens is one `session-ended` event. */
  async run(): Promise<void> {
    try {
      const code = await this.#talk();
      await this.#over({ by: "peer", code: codeName(code) });
    } catch (error) {
      if (error instanceof Failure) await this.end(error.code);
      else await this.#over({ by: "transport", code: error instanceof Error ? error.name : "unknown" });
    }
  }

  /** Rule 11: "sends `bye` with its code and drops the connection". */
  async end(code: number): Promise<void> {
    await this.#over({ by: "hub", code: codeName(code) }, { bye: { code } });
  }

  async #over(why: { by: string; code: string }, bye?: object): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#waiting);
    if (this.#hub.sessions.get(this.#first) === this) this.#hub.sessions.delete(this.#first);
    if (bye !== undefined) await this.#frames.write(encode(bye), LIMITS.byeMs).catch(() => undefined);
    const signal = AbortSignal.timeout(LIMITS.byeMs);
    await this.#stream.close({ signal }).catch(() => undefined);
    await this.connection.close({ signal }).catch(() => undefined);
    this.#hub.emit({ event: "session-ended", did: this.#did, ...why });
  }

  /** Talks until the peer says bye, and returns its code. */
  async #talk(): Promise<number> {
    const [first, hello] = await this.#frame(AbortSignal.timeout(LIMITS.helloMs)); // rule 1
    if (first === "bye") return uint(members(hello)["code"], 16);
    if (first !== "hello") throw new Failure("unexpected-frame"); // rule 4
    await this.#open(hello);
    await this.#pump();
    for (;;) {
      const [name, content] = await this.#frame();
      if (name === "bye") return uint(members(content)["code"], 16);
      if (name === "message") await this.#message(bytes(content));
      else if (name === "ack") this.#acknowledged(uint(members(content)["stored"]));
      else throw new Failure("unexpected-frame");
      await this.#pump();
    }
  }

  /** A frame is "a map of one key, the choice's name". */
  async #frame(signal?: AbortSignal): Promise<[string, unknown]> {
    const [choice, ...more] = Object.entries(members(decode(await this.#frames.read(signal))));
    if (this.#ended) throw new Error("ended"); // "After `bye` it sends and takes nothing."
    if (choice === undefined || more.length > 0) throw new Failure("malformed");
    return choice;
  }

  /** Rules 1 to 3 and 12. Everything is checked before the invitation is used up, and that is stored before the answer. */
  async #open(content: unknown): Promise<void> {
    const hello = members(content);
    const versions = list(hello["versions"], LIMITS.versions, (one) => uint(one, 16));
    list(hello["families"], LIMITS.families, (one) => text(one, LIMITS.name));
    const stored = uint(hello["stored"]);
    const token = hello["invitation"] === undefined ? undefined : bytes(hello["invitation"], 16);
    if (!versions.includes(VERSION)) throw new Failure("unsupported-version");
    const known = this.#hub.store.find(this.#did);
    if (known !== undefined && known.did !== this.#did) throw new Failure("rotated"); // identity.md rule 13
    this.#first = known?.first ?? this.#did;
    if (known === undefined) this.#hub.invited(token); // rule 19: who it is comes before what it claims to have
    if (stored > (known?.queued ?? 0)) throw new Failure("ahead-of-sender");
    if (stored < (known?.delivered ?? 0)) throw new Failure("behind-acknowledged");
    if (known === undefined) this.#hub.admit(this.#did, token);
    this.#deliver(stored);
    this.#sent = stored;
    const older = this.#hub.sessions.get(this.#first);
    this.#hub.sessions.set(this.#first, this);
    await older?.end(CODES.replaced);
    const answer = { versions: [VERSION], families: FAMILIES, stored: this.#relationship.stored };
    await this.#frames.write(encode({ hello: answer }));
    this.#hub.emit({ event: "session-opened", did: this.#did });
  }

  /** Rules 5, 9 and 10: in order, at most a window beyond what was acknowledged, and not without an answer for 10 s. */
  async #pump(): Promise<void> {
    const { outbox, delivered: done } = this.#relationship;
    for (const entry of outbox) {
      if (entry.seq <= this.#sent || entry.seq > done + LIMITS.window) continue;
      this.#sent = entry.seq;
      await this.#frames.write(encode({ message: signEntry(this.#hub.store.key, entry, this.#did) }));
    }
    if (this.#sent > done && !this.#ended) {
      this.#waiting ??= setTimeout(() => void this.end(CODES.timeout), LIMITS.ackMs);
    }
  }

  #acknowledged(stored: number): void {
    if (stored > this.#sent) throw new Failure("ahead-of-sender"); // rule 8
    this.#deliver(stored);
  }

  #deliver(upTo: number): void {
    if (upTo <= this.#relationship.delivered) return;
    clearTimeout(this.#waiting);
    this.#waiting = undefined;
    this.#hub.store.commit(this.#first, (relationship) => delivered(relationship, upTo));
  }

  /** Rules 6 and 7: in order, each once, acknowledged when it is on disk. */
  async #message(raw: Uint8Array): Promise<void> {
    const { store } = this.#hub;
    const message = readMessage(raw, this.#did, store.key.did);
    const next = this.#relationship.stored + 1;
    // Each message is stored before the next is read, so none is ever beyond the window without leaving a gap.
    if (message.seq > next) throw new Failure("sequence-gap");
    if (message.seq === next) {
      const handler = await handlerOf(message);
      if (this.#ended) return;
      const notice = take(store, this.#first, message, handler);
      if (notice !== undefined) this.#hub.emit({ ...notice, did: this.#did });
    }
    await this.#frames.write(encode({ ack: { stored: this.#relationship.stored } }));
  }
}

async function handlerOf(message: Message): Promise<Handler> {
  const handler = (Object.hasOwn(HANDLERS, message.type) ? HANDLERS[message.type] : undefined) ?? unknownType;
  if (message.type !== "data/1/grant" || (await seconded(message))) return handler;
  return (context, refused) => {
    handler(context, refused); // our own reason, where there is one, is the better one
    throw new Failure("bad-signature");
  };
}
