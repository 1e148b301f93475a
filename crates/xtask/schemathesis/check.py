"""Holds the running app against its own OpenAPI document: the document is valid, and no call answers otherwise than it says."""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import requests
from openapi_spec_validator import validate

from stage import Stage

HERE = Path(__file__).parent
# Those that only a person may call: asked in a second pass, with a session.
PEOPLE = r"/me/(sessions|zone|delegations)|/approvals$|/refusal$"
# The session is sent with every call, also with those that are made without it on purpose.
HELD = ["--exclude-checks", "negative_data_rejection,missing_required_header,ignored_auth"]
# What cannot answer well here, and why.
NEVER = {
    "DELETE /api/v1/me/sessions/{session}": "to end all the others comes first and leaves none",
    "DELETE /api/v1/me/delegations/{delegation}": "its id is made by the call before",
    "PUT /api/v1/tenants/{tenant}/credential": "a good credential would have to be guessed",
    "POST /api/v1/tenants": "a directory and a good credential would have to be guessed",
    "PUT /api/v1/tenants/{tenant}/policy": "a text without errors would have to be guessed",
    "POST /api/v1/tenants/{tenant}/policy/versions/{version}/restore": "the version in force would have to be guessed",
    "POST /api/v1/tenants/{tenant}/requests/onboard": "whoever comes has to fit the policy",
    "POST /api/v1/tenants/{tenant}/requests/{request}/answers": "no request here asks anything",
    "POST /api/v1/tenants/{tenant}/runs/{run}/done": "no step here was asked of a person",
    "GET /api/v1/tenants/{tenant}/runs/{run}/findings/{number}": "no run here has a finding",
    "POST /api/v1/tenants/{tenant}/runs/{run}/findings/{number}/handled": "no run here has a finding",
    "POST /api/v1/tenants/{tenant}/runs/{run}/findings/{number}/open": "no run here has a finding",
    "POST /api/v1/tenants/{tenant}/runs/{run}/findings/{number}/look": "no run here has a finding",
    "POST /api/v1/tenants/{tenant}/runs/{run}/findings/{number}/plan": "no run here has a finding",
    "POST /api/v1/tenants/{tenant}/plans/{plan}/approvals": "the digest would have to be guessed",
    "POST /api/v1/tenants/{tenant}/plans/{plan}/refusal": "the digest would have to be guessed",
    "DELETE /api/v1/tenants/{tenant}/plans/{plan}/approvals": "what was approved here has begun",
    "POST /api/v1/tenants/{tenant}/plans/{plan}/choose": "a switch and its value would have to be guessed",
    "POST /api/v1/tenants/{tenant}/runs/{run}/steering": "the runs here have ended well, and nothing of them is open",
    "POST /api/v1/tenants/{tenant}/plans/{plan}/run": "what is approved here has ended, and nothing else is",
    "POST /api/v1/tenants/{tenant}/runs/{run}/undo": "what was done here cannot return",
}


def one_pass(stage, name, headers, only, args):
    folder = Path(tempfile.mkdtemp())
    tally = folder / "tally.json"
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml"), "run",
               f"{stage.address}/api/openapi.json", "--url", stage.address, "--seed", str(args.seed), "--workers", "1",
               "--continue-on-failure"]
    command += ["--phases", "examples,coverage,fuzzing", "--max-examples", str(args.examples)]
    for header in headers:
        command += ["--header", header]
    command += only
    env = dict(os.environ, SCHEMATHESIS_HOOKS="hooks", PYTHONPATH=str(HERE), TENURE_IDS=json.dumps(stage.ids),
               TENURE_TALLY=str(tally), TENURE_OWN=f"Bearer {stage.token}", NO_COLOR="1", COLUMNS="160")
    ran = subprocess.run(command, env=env, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    answers = Counter(json.loads(tally.read_text())) if tally.exists() else Counter()
    cases = sum(count for label, count in answers.items() if not label.startswith("own "))
    print(f"{name}: {cases} cases, schemathesis ended with {ran.returncode}.", flush=True)
    if ran.returncode != 0:
        print(ran.stdout[-60_000:], flush=True)
    return ran.returncode == 0, cases, answers


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("set_up")
    parser.add_argument("tenure")
    parser.add_argument("folder")
    parser.add_argument("--examples", type=int, default=40)
    parser.add_argument("--seed", type=int, default=20260)
    args = parser.parse_args()
    stage = Stage(args.address, args.set_up, args.tenure, args.folder)
    document = requests.get(f"{args.address}/api/openapi.json", timeout=60).json()
    validate(document)
    operations = {f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item}
    print(f"The document is valid OpenAPI {document['openapi']} with {len(operations)} operations.", flush=True)
    stage.fill()
    token = [f"Authorization: Bearer {stage.token}"]
    person = [f"Cookie: {stage.cookie}", f"X-CSRF-Token: {stage.csrf}"]
    first = one_pass(stage, "As an API client", token, [], args)
    second = one_pass(stage, "As a person", person, ["--include-path-regex", PEOPLE, *HELD], args)
    good = {re.sub(r" \d+$", "", label) for label, count in (first[2] + second[2]).items() if count and re.search(r" 2\d\d$", label)}
    silent = sorted(operations - good - set(NEVER))
    # Had the caller revoked itself, or closed the only admin, the rest of the calls would have said nothing.
    stage.as_client("GET", "/operators")
    stage.as_person("GET", "/me/sessions")
    refused = first[2]["own token refused"]
    print(f"{first[1] + second[1]} cases; {len(good)} of {len(operations)} operations were carried out at least once.", flush=True)
    for operation in silent:
        print(f"never carried out: {operation}", flush=True)
    if refused:
        print(f"the caller's own token was refused {refused} times", flush=True)
    sys.exit(0 if first[0] and second[0] and not silent and not refused else 1)


main()
