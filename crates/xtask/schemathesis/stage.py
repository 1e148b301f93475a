"""Sets the stage as an operator would: an account, an API client, plans, runs that have ended, and spare things to be destroyed."""

import re
import subprocess
import time

import requests

OWN = "you@provider.example"
COLLEAGUE = "colleague2@provider.example"
PASSWORD = "correct horse battery 9"


class Stage:
    """The app with something in it, and who calls it."""

    def __init__(self, address, set_up, tenure, folder):
        self.address = address
        self.tenure = tenure
        self.folder = folder
        self.ids = {}
        self.session = requests.Session()
        self.session.headers["Origin"] = address
        form = {"provider": "Example IT", "name": "Ada Admin", "email": OWN, "password": PASSWORD, "again": PASSWORD}
        said = self.session.post(set_up, data=form, allow_redirects=False, timeout=60)
        assert said.status_code in (302, 303), f"the set-up link answered {said.status_code}: {said.text[:300]}"
        page = self.session.get(f"{address}/settings/account", timeout=60).text
        self.csrf = re.search(r'name="csrf" value="([^"]+)"', page).group(1)
        self.cookie = "; ".join(f"{one.name}={one.value}" for one in self.session.cookies)
        made = self.as_person("POST", "/clients", {"name": "schemathesis", "grants": [{"tenant": None, "role": "admin"}]})
        self.token = made["token"]
        self.own = made["id"]

    def call(self, headers, method, path, body=None):
        said = requests.request(method, f"{self.address}/api/v1{path}", headers=headers, json=body, timeout=120)
        assert said.ok, f"{method} {path} answered {said.status_code}: {said.text[:500]}"
        return said.json()

    def as_person(self, method, path, body=None):
        return self.call({"Cookie": self.cookie, "X-CSRF-Token": self.csrf, "Origin": self.address}, method, path, body)

    def as_client(self, method, path, body=None):
        return self.call({"Authorization": f"Bearer {self.token}"}, method, path, body)

    def fill(self):
        """Plans in every state, runs that have ended, and what can be destroyed without harm to the check itself."""
        ids = self.ids
        ids["tenant"] = ["contoso"]
        found = {}
        for start in ("mar", "hen", "jon", "ann", "ada", "pri", "tom", "ben", "eli"):
            for one in self.as_client("GET", f"/tenants/contoso/people/search?q={start}"):
                found[one["id"]] = one
        people = [one for one in found.values() if not one["but"]]
        assert len(people) >= 2, f"too few people answer to the search: {people}"
        ids["person"] = [one["id"] for one in people]
        ids["upn"] = [one["upn"] for one in people]
        ended, waiting = [], []
        for person in people:
            body = {"person": person["upn"], "step": "revoke-sessions"}
            plan = self.as_client("POST", "/tenants/contoso/requests/action", body)
            # Whoever holds a privileged role needs two approvers; those wait.
            if plan["needs"] == 1 and len(ended) < 2:
                self.approve(plan["plan"])
                begun = self.as_client("POST", f"/tenants/contoso/plans/{plan['plan']}/run")
                ended.append((plan, begun["run"]))
            else:
                waiting.append(plan)
        assert ended and waiting, f"too few plans were carried out: {len(ended)} of {len(people)}"
        waiting.append(self.as_client("POST", "/tenants/contoso/requests/offboard", {"person": people[-1]["upn"]}))
        for _, run in ended:
            self.wait(run)
        plans = [plan for plan, _ in ended] + waiting
        ids["plan"] = [plan["plan"] for plan in plans]
        ids["digest"] = {plan["plan"]: plan["digest"] for plan in plans}
        ids["request"] = [plan["request"] for plan in plans]
        ids["run"] = [run for _, run in ended]
        run = self.as_client("GET", f"/tenants/contoso/runs/{ids['run'][0]}")
        ids["step"] = [key for key, _ in run["state"]["steps"]]
        ids["number"] = [one["number"] for one in run["state"]["findings"]] or [1]
        ids["entry"] = [1, 2]
        ids["version"] = [1]
        ids["policy"] = self.as_client("GET", "/tenants/contoso/policy")["text"]
        self.spares()

    def spares(self):
        """Whom and what the check may close, revoke and take away. The caller's own are never among them."""
        ids, many = self.ids, range(12)
        grants = [{"tenant": "contoso", "role": "viewer"}]
        spare = lambda number: {"name": f"Spare {number}", "address": f"spare{number}@provider.example", "grants": grants}
        ids["operator"] = [self.as_client("POST", "/operators", spare(number))["id"] for number in many]
        ids["client"] = [self.as_client("POST", "/clients", {"name": f"spare {number}", "grants": grants})["id"] for number in many]
        ids["hook"] = f"{self.address}/healthz"
        hook = {"url": ids["hook"], "events": ["plan"]}
        ids["endpoint"] = [self.as_client("POST", "/webhooks", hook)["id"] for _ in many]
        ids["delivery"] = [self.as_client("POST", f"/webhooks/{one}/test")["id"] for one in ids["endpoint"][:4]]
        for _ in range(4):
            requests.post(
                f"{self.address}/sign-in", data={"email": OWN, "password": PASSWORD},
                headers={"Origin": self.address}, allow_redirects=False, timeout=60,
            )
        sessions = self.as_person("GET", "/me/sessions")
        ids["session"] = [one["id"] for one in sessions if not one["current"]] or ["none"]

    def approve(self, plan):
        """By a colleague, on the command line: whoever made the client is one person with it."""
        words = [self.tenure, "--config", "tenure.toml", "approve", plan, "--as", COLLEAGUE]
        said = subprocess.run(words, cwd=self.folder, capture_output=True, text=True, check=False)
        assert said.returncode == 0, f"tenure approve ended with {said.returncode}: {said.stderr}"

    def wait(self, run):
        for _ in range(300):
            if self.as_client("GET", f"/tenants/contoso/runs/{run}")["outcome"]:
                return
            time.sleep(0.1)
        raise AssertionError(f"run {run} did not end within half a minute")
