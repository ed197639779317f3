/** Paths, closed lists, and the form of values (vocabulary.md); the data is specs/vocabulary.json itself. */
import { readFileSync } from "node:fs";
import { Failure, LIMITS } from "./protocol.ts";
import { text } from "./shape.ts";

interface Field {
  path: string;
  type: string;
  values?: string[];
  schemes?: string[];
}

interface Vocabulary {
  fields: Field[];
  purposes: { iri: string }[];
  legalBases: { iri: string }[];
}

const file = new URL("../../../../specs/vocabulary.json", import.meta.url);
const data = JSON.parse(readFileSync(file, "utf8")) as Vocabulary;

const fields = new Map(data.fields.map((field) => [field.path, field]));
export const purposes = data.purposes.map(({ iri }) => iri);
export const legalBases = data.legalBases.map(({ iri }) => iri);

const FREE = /^x(\.[A-Za-z0-9][A-Za-z0-9_-]{0,63}){1,5}$/;

/** Control characters, and those that turn the direction of writing. */
const FORBIDDEN = /[\p{Cc}\u202A-\u202E\u2066-\u2069]/u;

/** The form of each type, as far as a pattern can tell it. Registers (numbering plans, subtags, zones) are not looked up. */
const FORMS: Record<string, RegExp> = {
  text: /^[^ ]+( [^ ]+)*$/,
  lines: /^[^ \n]+( [^ \n]+)*(\n[^ \n]+( [^ \n]+)*)*$/,
  phone: /^\+[1-9]\d{3,14}$/,
  email: /^[^\s@"]+@[^\s@A-Z.]+(\.[^\s@A-Z.]+)+$/,
  date: /^\d{4}-\d\d-\d\d$/,
  partialDate: /^(\d{4}|-)-\d\d-\d\d$/,
  country: /^[A-Z]{2}$/,
  language: /^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$/,
  timezone: /^[A-Za-z0-9_+/-]+$/,
  uri: /^[a-z][a-z0-9+.-]*:\S+$/,
  postalCode: /^[A-Z0-9 -]{1,16}$/,
  iban: /^[A-Z]{2}\d\d[A-Z0-9]{11,30}$/,
  bic: /^[A-Z0-9]{8}([A-Z0-9]{3})?$/,
  identifier: /^[A-Za-z0-9 \-./+*]{1,64}$/,
  boolean: /^(true|false)$/,
  enum: /./,
};

/** A path that a data request may name: "in the vocabulary or free". */
export function knownPath(value: unknown): string {
  const path = text(value, LIMITS.path);
  if (!fields.has(path) && !FREE.test(path)) throw new Failure("malformed");
  return path;
}

/** "A receiver MUST refuse a value that is not normalised." */
export function fieldValue(path: string, value: unknown): string | null {
  if (value === null) return null; // the field is empty
  const content = text(value, LIMITS.value);
  const field = fields.get(path);
  if (content === "" || !(field === undefined ? freeValue(content) : knownValue(field, content))) {
    throw new Failure("malformed");
  }
  return content;
}

/** "A path that begins with `x.` is free: nobody checks its value" beyond the characters. */
function freeValue(content: string): boolean {
  return !FORBIDDEN.test(content.replace(/[\n\t]/g, ""));
}

function knownValue({ type, values, schemes }: Field, content: string): boolean {
  return (
    !FORBIDDEN.test(type === "lines" ? content.replaceAll("\n", "") : content) &&
    FORMS[type]?.test(content) === true &&
    (values?.includes(content) ?? true) &&
    (schemes?.some((scheme) => content.startsWith(`${scheme}:`)) ?? true)
  );
}

/** Texts of documents: "at most 1,024 bytes and no control characters". */
export function sentence(value: unknown): string {
  const content = text(value);
  if (/\p{Cc}/u.test(content)) throw new Failure("malformed");
  return content;
}
