#!/usr/bin/env python3
"""Verifies the eddsa-jcs-2022 proofs of a credential with two independent libraries, offline.

Usage: verify.py [--did-document FILE ...] [--at RFC3339] CREDENTIAL

Prints one JSON line per library: {"library": ..., "verified": ..., "detail": ...}. Both libraries verify one
proof at a time, so of a proof set each proof is presented with the same document, alone. A did:key is
resolved from itself; a did:web from the documents given.

Says nothing about whether the signers are the issuer and the subject: compare the methods in "detail".

Exit code: 0 when both libraries verified every proof, 1 when one refused, 2 when this program could not run.
"""

import argparse
import copy
import datetime
import json
import sys

# Most proofs looked at; a credential of this project has two.
PROOFS_MAX = 8


def stay_offline(event: str, _arguments: tuple) -> None:
    """Refuses every connection and look-up: no context, key or status may be fetched."""
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        raise PermissionError(f"verification is offline, but a library tried {event}")


sys.addaudithook(stay_offline)

# Imported under the hook, on purpose.
from did_webvh.core.proof import di_jcs_verify, resolve_did_key  # noqa: E402
from openvc.did.base import DidResolverRegistry, parse_did_document  # noqa: E402
from openvc.did.did_key import DidKeyResolver  # noqa: E402
from openvc.proof.di_jcs import EddsaJcsProofSuite  # noqa: E402


class Refused(Exception):
    """Why a credential was refused before a library saw it."""


class GivenDocuments:
    """A resolver for openvc over the DID documents from the command line."""

    def __init__(self, documents: dict) -> None:
        self.documents = documents

    def supports(self, did: str) -> bool:
        return did in self.documents

    def resolve(self, did: str):
        return parse_did_document(self.documents[did])


def main() -> int:
    parser = argparse.ArgumentParser(description="Verify a credential with two independent libraries.")
    parser.add_argument("credential")
    parser.add_argument("--did-document", action="append", default=[], metavar="FILE")
    parser.add_argument("--at", type=datetime.datetime.fromisoformat, metavar="RFC3339")
    arguments = parser.parse_args()
    try:
        with open(arguments.credential, encoding="utf-8") as file:
            text = file.read()
        documents = {}
        for name in arguments.did_document:
            with open(name, encoding="utf-8") as file:
                document = json.load(file)
            documents[document["id"]] = document
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"cannot read the input: {error}", file=sys.stderr)
        return 2

    def openvc_core(document: dict) -> None:
        resolver = DidResolverRegistry([DidKeyResolver(), GivenDocuments(documents)])
        EddsaJcsProofSuite().verify(document, resolver=resolver, now=arguments.at)

    def did_webvh(document: dict) -> None:
        proof = document["proof"]
        if proof.get("proofPurpose") != "assertionMethod":
            raise Refused("the proof's purpose is not assertionMethod")
        di_jcs_verify(document, proof, multikey(proof.get("verificationMethod"), documents))

    agreed = True
    for library, verify in (("openvc-core", openvc_core), ("did-webvh", did_webvh)):
        verified, detail = judge(text, verify)
        agreed = agreed and verified
        print(json.dumps({"library": library, "verified": verified, "detail": detail}))
    return 0 if agreed else 1


def judge(text: str, verify) -> tuple[bool, str]:
    """The verdict of one library on every proof."""
    try:
        credential = json.loads(text, object_pairs_hook=without_duplicates)
        methods = []
        for document in one_proof_at_a_time(credential):
            verify(document)
            methods.append(document["proof"]["verificationMethod"])
        return True, " ".join(methods)
    except Exception as error:  # A library may refuse in any way it likes; all of them are refusals.
        return False, f"{type(error).__name__}: {error}"


def without_duplicates(pairs: list) -> dict:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Refused("a key stands twice in one object")
    return members


def one_proof_at_a_time(credential) -> list[dict]:
    if not isinstance(credential, dict):
        raise Refused("the credential is no JSON object")
    proofs = credential.get("proof")
    proofs = proofs if isinstance(proofs, list) else [proofs]
    if not 1 <= len(proofs) <= PROOFS_MAX or not all(isinstance(proof, dict) for proof in proofs):
        raise Refused("the credential has no proof")
    if any("previousProof" in proof for proof in proofs):
        raise Refused("a proof chain cannot be verified proof by proof")
    return [copy.deepcopy(credential | {"proof": proof}) for proof in proofs]


def multikey(method, documents: dict) -> dict:
    """The Multikey of a verification method, which did-webvh takes as an argument."""
    did = str(method).partition("#")[0]
    if did not in documents:
        return resolve_did_key(method)
    document = documents[did]
    allowed = document.get("assertionMethod", [])
    for entry in document.get("verificationMethod", []):
        if entry.get("id") == method and (method in allowed or entry in allowed):
            return entry
    raise Refused(f"the DID document lists no {method} for assertions")


if __name__ == "__main__":
    sys.exit(main())
