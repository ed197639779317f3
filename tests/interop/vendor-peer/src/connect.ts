/** Family connect/1: introduction and problem (connect.md). */
import { decode } from "./cbor.ts";
import { queue, type Context, type Handler } from "./mailbox.ts";
import { codeName } from "./protocol.ts";
import { bytes, members, text, uint } from "./shape.ts";

/** "The first message of each mailbox." */
export function introduce(context: Context, name: string, nextKey: string): void {
  queue(context, "connect/1/introduction", { name, nextKey: Buffer.from(nextKey, "hex") });
}

const introduction: Handler = ({ relationship }, message) => {
  const { name, nextKey } = members(decode(message.body));
  if (name !== undefined) text(name);
  relationship.nextKey = Buffer.from(bytes(nextKey, 32)).toString("hex"); // rule 2
  return { event: "introduction" };
};

const problem: Handler = (_, message) => {
  const { code, about } = members(decode(message.body));
  return { event: "problem", code: codeName(uint(code, 16)), about: uint(about) };
};

export const connect: Record<string, Handler> = {
  "connect/1/introduction": introduction,
  "connect/1/problem": problem,
};
