/** The command line of the vendor's peer: events out and commands in, as lines of JSON. See README.md. */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { quic } from "@chainsafe/libp2p-quic";
import { generateKeyPairFromSeed } from "@libp2p/crypto/keys";
import { noise } from "@libp2p/noise";
import { ping } from "@libp2p/ping";
import { tcp } from "@libp2p/tcp";
import { yamux } from "@libp2p/yamux";
import { createLibp2p } from "libp2p";
import { checkAsk } from "./ask.ts";
import { introduce } from "./connect.ts";
import { ask, eraseEnded } from "./data.ts";
import { findInvitation, invite } from "./invitation.ts";
import { codeName, CODES, Failure, LIMITS, SESSION } from "./protocol.ts";
import { readLive } from "./read.ts";
import { Session, type Hub } from "./session.ts";
import { list, members, text, type Members } from "./shape.ts";
import { Store, type Relationship } from "./store.ts";

const { values: options } = parseArgs({
  options: { state: { type: "string" }, listen: { type: "string", multiple: true }, ask: { type: "string" } },
});
if (options.state === undefined || options.listen === undefined || options.ask === undefined) {
  process.stderr.write("usage: node src/main.ts --state DIR --listen MULTIADDR [--listen …] --ask ask.json\n");
  process.exit(2);
}

const subject = checkAsk(JSON.parse(readFileSync(options.ask, "utf8")));
const store = new Store(options.state);
const sessions = new Map<string, Session>();

const invited = (secret: Uint8Array | undefined): void => void findInvitation(store, secret);
const hub: Hub = { store, sessions, invited, admit, emit };

function emit(notice: object): void {
  process.stdout.write(`${JSON.stringify(notice)}\n`);
}

/** invitation.md rule 5: "commit the use of the token, the relationship and its first two messages together". */
function admit(did: string, secret: Uint8Array | undefined): void {
  const { token, customer } = findInvitation(store, secret);
  const relationship: Relationship = {
    first: did, did, earlier: [], token, customer, nextKey: null, queued: 0, delivered: 0, stored: 0, outbox: [], requests: {}, grants: {}, kept: [],
  };
  const context = { key: store.key, relationship, known: () => false };
  introduce(context, text(subject["name"]), store.commitment);
  ask(context, subject);
  store.put(relationship);
}

const node = await createLibp2p({
  privateKey: await generateKeyPairFromSeed("Ed25519", store.key.seed),
  addresses: { listen: options.listen },
  transports: [tcp(), quic()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  // Ping only: "`identify` SHOULD be off".
  services: { ping: ping() },
  connectionManager: { maxConnections: 1_000, inboundConnectionThreshold: 100, maxIncomingPendingConnections: 100 },
  connectionMonitor: { pingTimeout: { minTimeout: LIMITS.ackMs } },
});

await node.handle(SESSION, (stream, connection) => new Session(hub, stream, connection).run(), { maxInboundStreams: 1 });

// A connection on which nobody says hello is not kept either.
node.addEventListener("connection:open", ({ detail: connection }) => {
  const idle = (): boolean => connection.streams.every(({ protocol }) => protocol !== SESSION);
  setTimeout(() => idle() && connection.abort(new Failure("timeout")), LIMITS.helloMs).unref();
});

function addresses(): string[] {
  return node.getMultiaddrs().map((address) => address.toString().replace(/\/p2p\/.*$/, ""));
}

/** The person meant: the one named, or the only one there is. */
function personOf(command: Members): Readonly<Relationship> {
  const [only, ...more] = store.relationships.values();
  const found = command["did"] === undefined && more.length === 0 ? only : store.find(text(command["did"]));
  if (found === undefined) throw new Failure("unknown-peer");
  return found;
}

/** What a command may ask for. Values of fields leave only here, to the one who asked for them. */
const commands: Record<string, (command: Members) => object | Promise<object>> = {
  invite: ({ customer, days }) => ({
    link: invite(store, addresses(), customer === undefined ? null : text(customer), Number(days ?? 30)),
  }),
  show: () => ({
    relationships: [...store.relationships.values()].map(({ did, customer, queued, delivered, stored, grants }) => ({
      did, customer, queued, delivered, stored, grants,
    })),
  }),
  read: async (command) => {
    const { first, did } = personOf(command);
    const session = sessions.get(first);
    if (session === undefined) throw new Failure("not-connected"); // rule 18: never queued
    const paths = command["paths"] ?? [command["path"]];
    const answer = await readLive(
      session.connection, store.key, did, list(paths, LIMITS.paths, (path) => text(path, LIMITS.path)), text(command["purpose"]),
    );
    return "denied" in answer ? { denied: answer.denied, name: codeName(answer.denied) } : answer;
  },
  stop: async () => {
    await stop();
    return {};
  },
};

async function stop(): Promise<void> {
  await Promise.all([...sessions.values()].map((session) => session.end(CODES["shutting-down"])));
  await node.stop();
}

/** Every command is answered by one `reply`, with its `id` if it has one. */
async function answer(line: string): Promise<void> {
  let reply: Members = { event: "reply" };
  try {
    const command = members(JSON.parse(line));
    const name = text(command["cmd"]);
    reply = { ...reply, id: command["id"], cmd: name };
    const run = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (run === undefined) throw new Failure("unknown-type");
    emit({ ...reply, ...(await run(command)) });
  } catch (error) {
    const failure = error instanceof Failure ? { error: error.message, code: error.code } : { error: (error as Error).name };
    emit({ ...reply, ...failure });
  }
}

function expire(): void {
  eraseEnded(store).forEach(emit);
}
expire();
setInterval(expire, 30_000).unref();

emit({ event: "listening", did: store.key.did, addresses: addresses() });
const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => void answer(line));
lines.on("close", () => void stop());
process.on("SIGTERM", () => void stop());
