/** Reads the parts of a decoded CBOR or JSON value. What has another shape is `malformed`, what is over a bound `too-large`. */
import { Failure, LIMITS } from "./protocol.ts";

export type Members = Record<string, unknown>;

const utf8 = new TextEncoder();

export function members(value: unknown): Members {
  if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof Uint8Array) {
    throw new Failure("malformed");
  }
  return value as Members;
}

export function text(value: unknown, max: number = LIMITS.text): string {
  if (typeof value !== "string") throw new Failure("malformed");
  if (utf8.encode(value).length > max) throw new Failure("too-large");
  return value;
}

export function bytes(value: unknown, size?: number): Uint8Array {
  if (!(value instanceof Uint8Array) || (size !== undefined && value.length !== size)) throw new Failure("malformed");
  return value;
}

/** An unsigned integer. Those above 2^53 lose their last digits, which changes no comparison with a number that was ever used. */
export function uint(value: unknown, bits: 16 | 32 | 64 = 64): number {
  const whole = typeof value === "bigint" || Number.isSafeInteger(value);
  if (!whole || Number(value) < 0 || Number(value) >= 2 ** bits) throw new Failure("malformed");
  return Number(value);
}

export function list<T>(value: unknown, max: number, item: (value: unknown) => T, min = 0): T[] {
  if (!Array.isArray(value) || value.length < min) throw new Failure("malformed");
  if (value.length > max) throw new Failure("too-large");
  return value.map((one) => item(one));
}

export function oneOf<const T extends readonly string[]>(value: unknown, allowed: T): T[number] {
  if (typeof value !== "string" || !allowed.includes(value)) throw new Failure("malformed");
  return value;
}

const URN = /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export function urn(value: unknown): string {
  if (typeof value !== "string" || !URN.test(value)) throw new Failure("malformed");
  return value;
}
