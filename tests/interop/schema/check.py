#!/usr/bin/env python3
"""Checks wire items against the CDDL and the JSON Schemas of specs/ with validators that others wrote, offline.

Usage: check.py [--specs DIR] [--only-rules] [FILE ...]

Reads items from the files given, or from standard input: one JSON object a line, empty lines aside.

    {"rule": "frame", "cbor": "a16361636ba16673746f72656407", "valid": true}
    {"schema": "grant", "json": {...}, "valid": false, "name": "grant/no-scope"}

"rule" is a rule of specs/cddl/*.cddl, which are read as one specification. "schema" is a file of specs/schema/ without its
suffix; "text", a document as one JSON text, may stand in place of "json". "valid" says what the verdict must be; "name" is
repeated where the verdict is another.

A CBOR item is valid when it is canonical DAG-CBOR, so far as dag-cbor sees it, and matches its rule by cddl-verifier; with
--only-rules the rule alone counts. Byte strings that hold CBOR by a rule (.cbor) are decoded and matched too, and the
payload of a COSE_Sign1 must be canonical as well. Neither sees signatures, the size of the whole, nesting, or whether a
time is a whole minute.

Prints a line for each item with another verdict, then "N passed, N failed". Exit code: 0 when all agreed, 1 when one did
not, 2 when this program could not run.
"""

import argparse
import decimal
import fileinput
import json
import pathlib
import re
import sys

# Longest line of an item, in characters: a document of 58 KiB in hexadecimal digits, with room.
LINE_CHARS_MAX = 1 << 20

# Longest reason that is printed.
REASON_CHARS_MAX = 300


def stay_offline(event: str, _arguments: tuple) -> None:
    """Refuses every connection and look-up: no schema may be fetched."""
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        raise PermissionError(f"checking is offline, but a library tried {event}")


sys.addaudithook(stay_offline)

# Imported under the hook, on purpose.
import cddl_verifier  # noqa: E402
import dag_cbor  # noqa: E402
import jsonschema  # noqa: E402
import referencing  # noqa: E402


class BadItem(Exception):
    """A line that is no item: neither verdict can be given."""


class BadText(ValueError):
    """A text that is no JSON of this protocol."""


class Rules:
    """The CDDL of specs/cddl, all files as one specification."""

    def __init__(self, folder: pathlib.Path, only_rules: bool) -> None:
        files = sorted(folder.glob("*.cddl"))
        text = "\n".join(file.read_text(encoding="utf-8") for file in files)
        self.validator = cddl_verifier.Validator(text)
        self.names = set(re.findall(r"^([a-z][a-z0-9-]*) =", text, re.MULTILINE))
        self.only_rules = only_rules

    def refusal(self, rule: str, data: bytes) -> str | None:
        """Why the bytes do not match the rule; None when they do."""
        if rule not in self.names:
            raise BadItem(f"there is no rule {rule}")
        if not self.only_rules:
            try:
                decoded = dag_cbor.decode(data)
                if rule.startswith("signed-") and isinstance(decoded, list) and len(decoded) == 4:
                    dag_cbor.decode(decoded[2])
            except Exception as error:  # A decoder may refuse in any way it likes.
                return f"not canonical DAG-CBOR: {error}"
        result = self.validator.validate(data, root_type=rule)
        if result.valid:
            return None
        first = result.diagnostics[0]
        return f"{first.path_text}: {first.message}"


class Schemas:
    """The JSON Schemas of specs/schema, which refer to each other by file name."""

    def __init__(self, folder: pathlib.Path) -> None:
        contents = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.json"))}
        resources = [referencing.Resource.from_contents(schema) for schema in contents.values()]
        registry = referencing.Registry().with_resources((resource.id(), resource) for resource in resources)
        dialect = jsonschema.validators.extend(jsonschema.Draft202012Validator, {"pattern": pattern})
        for schema in contents.values():
            dialect.check_schema(schema)
        self.contents = contents
        self.validators = {
            name: dialect(schema, registry=registry) for name, schema in contents.items() if name != "common"
        }

    def refusal(self, name: str, document) -> str | None:
        """Why the document does not match the schema; None when it does."""
        if name not in self.validators:
            raise BadItem(f"there is no schema {name}")
        error = jsonschema.exceptions.best_match(self.validators[name].iter_errors(document))
        return None if error is None else f"{error.json_path}: {error.message}"


def pattern(_validator, wanted: str, instance, _schema):
    """The keyword "pattern": in Python's expressions a $ matches before a last line feed too, in ECMA 262's it does not."""
    if isinstance(instance, str) and not re.search(re.sub(r"\$$", r"\\Z", wanted), instance):
        yield jsonschema.ValidationError(f"{instance!r} does not match {wanted!r}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Check wire items against the CDDL and JSON Schemas of specs/.")
    here = pathlib.Path(__file__).resolve()
    parser.add_argument("--specs", type=pathlib.Path, default=here.parents[3] / "specs", metavar="DIR")
    parser.add_argument("--only-rules", action="store_true")
    parser.add_argument("files", nargs="*", metavar="FILE")
    arguments = parser.parse_args()
    try:
        rules = Rules(arguments.specs / "cddl", arguments.only_rules)
        schemas = Schemas(arguments.specs / "schema")
        failures = drift(schemas, arguments.specs / "vocabulary.json")
        passed = 0
        with fileinput.input(arguments.files or "-", encoding="utf-8") as lines:
            for line in lines:
                if not line.strip():
                    continue
                where = f"{lines.filename()}:{lines.filelineno()}"
                failure = judge(line, rules, schemas)
                if failure is None:
                    passed += 1
                else:
                    failures.append(f"{where}: {failure}")
    except (OSError, ValueError, KeyError, cddl_verifier.SchemaError, jsonschema.SchemaError) as error:
        print(f"cannot run: {error}", file=sys.stderr)
        return 2
    for failure in failures:
        print(failure)
    print(f"{passed} passed, {len(failures)} failed")
    return 1 if failures else 0


def judge(line: str, rules: Rules, schemas: Schemas) -> str | None:
    """What is wrong with the verdict on one item; None when it is as the item says."""
    name = "an item"
    try:
        if len(line) > LINE_CHARS_MAX:
            raise BadItem("the line is too long")
        item = parse(line)
        if not isinstance(item, dict) or not isinstance(item.get("valid"), bool):
            raise BadItem('an item is an object with "valid"')
        what = f"rule {item['rule']}" if "rule" in item else f"schema {item.get('schema')}"
        name = f"{item['name']}, {what}" if "name" in item else what
        if "rule" in item:
            refusal = rules.refusal(item["rule"], bytes.fromhex(item["cbor"]))
        elif "text" in item:
            refusal = text_refusal(item.get("schema"), item["text"], schemas)
        else:
            refusal = schemas.refusal(item.get("schema"), item["json"])
    except (BadItem, ValueError, KeyError, TypeError) as error:
        return f"{name}: cannot be judged: {type(error).__name__}: {error}"
    if item["valid"] and refusal is not None:
        return f"{name}: is to be valid, but {refusal[:REASON_CHARS_MAX]}"
    if not item["valid"] and refusal is None:
        return f"{name}: is to be invalid, but nothing is wrong with it"
    return None


def text_refusal(name: str, text: str, schemas: Schemas) -> str | None:
    """Why a document's text is none of the schema's; None when it is one."""
    try:
        document = parse(text)
    except ValueError as error:
        return f"not JSON: {error}"
    return schemas.refusal(name, document)


def parse(text: str):
    """JSON whose integers are integers alone: 1.0 is another number here than 1, as it is in a canonical document."""
    return json.loads(text, object_pairs_hook=without_duplicates, parse_float=decimal.Decimal)


def without_duplicates(pairs: list) -> dict:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise BadText("a key stands twice in one object")
    return members


def drift(schemas: Schemas, vocabulary: pathlib.Path) -> list[str]:
    """Where a closed list of common.json is not the vocabulary's."""
    lists = json.loads(vocabulary.read_text(encoding="utf-8"))
    definitions = schemas.contents["common"]["$defs"]
    pairs = (("purpose", "purposes"), ("legalBasis", "legalBases"), ("erasureException", "erasureExceptions"))
    return [
        f"common.json: {ours} does not list the {theirs} of vocabulary.json"
        for ours, theirs in pairs
        if definitions[ours]["enum"] != [term["iri"] for term in lists[theirs]]
    ]


if __name__ == "__main__":
    sys.exit(main())
