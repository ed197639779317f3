/** DAG-CBOR in its one form (encoding.md). */
import { decode as strict, encode } from "@ipld/dag-cbor";
import { decodeFirst as lenient } from "cborg";
import { Failure, LIMITS } from "./protocol.ts";

export { encode };

/** Decodes one value that fills `bytes`, and refuses every form but the canonical one (encoding.md rule 2). */
export function decode(bytes: Uint8Array): unknown {
  boundNesting(bytes);
  let value: unknown;
  try {
    value = strict(bytes);
  } catch {
    throw new Failure(decodesSomehow(bytes) ? "not-canonical" : "malformed");
  }
  // The library does not check the order of keys. Whatever it lets pass, a second encoding tells.
  if (!equal(encode(value), bytes)) throw new Failure("not-canonical");
  return value;
}

function decodesSomehow(bytes: Uint8Array): boolean {
  try {
    lenient(bytes, { useMaps: true });
    return true;
  } catch {
    return false;
  }
}

/** Walks over the heads alone, so that deep nesting is refused before anything is built of it. */
function boundNesting(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const open: number[] = []; // items still to come in each array or map around this place
  for (let at = 0; at < bytes.length; ) {
    const major = view.getUint8(at) >> 5;
    const info = view.getUint8(at) & 31;
    const size = info < 24 ? 0 : 2 ** (info - 24);
    if (info > 27 || at + 1 + size > bytes.length) return; // the decoder refuses it
    const argument = info < 24 ? info : uintAt(view, at + 1, size);
    at += 1 + size + (major === 2 || major === 3 ? argument : 0);
    if (major === 4 || major === 5) {
      open.push(major === 4 ? argument : 2 * argument);
      if (open.length > LIMITS.nesting) throw new Failure("too-large");
    } else if (major !== 6) {
      count(open);
    }
    while (open.at(-1) === 0) {
      open.pop();
      count(open);
    }
  }
}

function count(open: number[]): void {
  const left = open.pop();
  if (left !== undefined) open.push(left - 1);
}

function uintAt(view: DataView, at: number, size: number): number {
  if (size === 1) return view.getUint8(at);
  if (size === 2) return view.getUint16(at);
  if (size === 4) return view.getUint32(at);
  return Number(view.getBigUint64(at));
}

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
