/** Live reads: one signed request, one signed answer, on a stream of its own (data.md). */
import { randomBytes } from "node:crypto";
import type { Connection } from "@libp2p/interface";
import { equal } from "./cbor.ts";
import { openMessage, READ_ANSWER, READ_REQUEST, signMessage } from "./cose.ts";
import { keyOf, type Key } from "./identity.ts";
import { Failure, LIMITS, READ } from "./protocol.ts";
import { bytes, members, uint } from "./shape.ts";
import { FrameStream } from "./frames.ts";
import { fieldValue } from "./vocabulary.ts";

export type Answer = { fields: Record<string, string | null> } | { denied: number };

export async function readLive(
  connection: Connection, key: Key, did: string, paths: string[], purpose: string,
): Promise<Answer> {
  const signal = AbortSignal.timeout(LIMITS.readMs); // "A read is answered within 10 s or not at all."
  const stream = await connection.newStream(READ, { signal });
  try {
    const frames = new FrameStream(stream);
    const id = randomBytes(16);
    await frames.write(signMessage(key, READ_REQUEST, { id, to: did, paths, purpose }));
    return checkAnswer(await frames.read(signal), key, did, id, paths);
  } finally {
    stream.abort(new Error("done"));
  }
}

/** "exactly one of `fields` (a map from path to text or null, with exactly the asked paths) and `denied` (a code)" */
function checkAnswer(raw: Uint8Array, key: Key, did: string, id: Uint8Array, paths: string[]): Answer {
  const answer = members(openMessage(raw, READ_ANSWER, keyOf(did)));
  if (answer["to"] !== key.did) throw new Failure("wrong-audience");
  if (!equal(bytes(answer["id"], 16), id)) throw new Failure("malformed");
  if ((answer["fields"] === undefined) === (answer["denied"] === undefined)) throw new Failure("malformed");
  if (answer["denied"] !== undefined) return { denied: uint(answer["denied"], 16) };
  const entries = Object.entries(members(answer["fields"]));
  const asked = new Set(paths);
  if (entries.length !== asked.size || !entries.every(([path]) => asked.has(path))) throw new Failure("malformed");
  return { fields: Object.fromEntries(entries.map(([path, value]) => [path, fieldValue(path, value)])) };
}
