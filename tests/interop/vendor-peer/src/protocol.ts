/** Codes and limits: the two tables of specs/numbers.md that every other file needs. */

export const CODES = {
  malformed: 100, "not-canonical": 101, "too-large": 102, "unsupported-version": 103, "unknown-critical": 104,
  "bad-signature": 200, "wrong-signer": 201, "wrong-audience": 202, "unknown-peer": 203, "invitation-unknown": 204,
  "invitation-expired": 205, "invitation-used": 206, rotated: 207, "not-committed": 208,
  "unexpected-frame": 300, "sequence-gap": 301, flood: 302, timeout: 303, "shutting-down": 304, "ahead-of-sender": 305,
  "behind-acknowledged": 306, "unknown-type": 307, replaced: 308,
  "no-grant": 400, "not-in-scope": 401, "wrong-purpose": 402, expired: 403, revoked: 404, "request-unknown": 405,
  "grant-mismatch": 406, "receipt-mismatch": 407, used: 408, "not-connected": 409,
  "storage-failed": 500, busy: 501,
} as const;

export type CodeName = keyof typeof CODES;

/** The name of a code for events; "A receiver keeps a number that it does not know as it came." */
export function codeName(code: number): string {
  return Object.entries(CODES).find(([, number]) => number === code)?.[0] ?? String(code);
}

/** What one peer may tell another about a failure: a code and nothing else, so it never carries a value. */
export class Failure extends Error {
  readonly code: number;

  constructor(name: CodeName) {
    super(name);
    this.code = CODES[name];
  }
}

export const LIMITS = {
  frame: 262_144,
  body: 61_440,
  document: 59_392,
  nesting: 16,
  paths: 1_000,
  value: 4_096,
  window: 32,
  families: 64,
  versions: 16,
  name: 64,
  text: 1_024,
  recipients: 100,
  proofs: 2,
  did: 512,
  path: 255,
  addresses: 8,
  link: 1_200,
  helloMs: 10_000,
  ackMs: 10_000,
  readMs: 10_000,
  grants: 200,
  keys: 365,
  linkDays: 365,
  // The specification leaves these open; without them a peer could fill the disk, or hold up the end of a session.
  outbox: 1_000,
  kept: 100,
  byeMs: 1_000,
} as const;

export const VERSION = 1;
export const FAMILIES = ["connect/1", "data/1"];
export const SESSION = "/freehold/session/1";
export const READ = "/freehold/read/1";

/** Coarse time: "rounded down to the whole minute" (encoding.md). */
export function coarse(ms: number = Date.now()): number {
  return ms - (ms % 60_000);
}
