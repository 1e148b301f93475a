"""What both scripts stand on: a sign-in for an application, Microsoft's SDK for Graph, and Exchange cmdlets over REST."""

import argparse
import asyncio
import json
import random
import sys
import time
import urllib.parse
import urllib.request

import httpx
from azure.core.credentials import AccessToken
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_authentication_azure.azure_identity_authentication_provider import (
    AzureIdentityAuthenticationProvider,
)
from msgraph import GraphRequestAdapter, GraphServiceClient

ATTEMPTS = 6


class Credential:
    """Client credentials by form: azure-identity refuses the plain http of a loopback address."""

    def __init__(self, where: argparse.Namespace, secret: str) -> None:
        self._url = f"{where.login}/{where.tenant}/oauth2/v2.0/token"
        self._form = {
            "grant_type": "client_credentials",
            "client_id": where.client_id,
            "client_secret": secret,
        }
        self._tokens: dict[str, AccessToken] = {}

    def get_token(self, *scopes: str, **_options: object) -> AccessToken:
        """A token, from memory while it is good."""
        scope = " ".join(scopes)
        known = self._tokens.get(scope)
        if known is None or known.expires_on < time.time() + 300:
            form = urllib.parse.urlencode({**self._form, "scope": scope}).encode()
            with urllib.request.urlopen(self._url, data=form, timeout=60) as reply:
                body = json.load(reply)
            known = AccessToken(body["access_token"], int(time.time()) + int(body["expires_in"]))
            self._tokens[scope] = known
        return known


class Exchange:
    """Cmdlets by InvokeCommand, as the ExchangeOnlineManagement module sends them."""

    def __init__(self, where: argparse.Namespace, credential: Credential) -> None:
        self._url = f"{where.exchange}/adminapi/beta/{where.tenant}/InvokeCommand"
        self._credential = credential
        self._http = httpx.AsyncClient(timeout=120)
        self._anchor = f"APP:SystemMailbox{{bb558c35-97f1-4cb9-8ff7-d53741dc928c}}@{where.tenant}"

    async def run(self, cmdlet: str, select: str = "", **parameters: object) -> list[dict]:
        """Runs a cmdlet and gives back its objects; waits and tries again when the service is busy."""
        token = self._credential.get_token("https://outlook.office365.com/.default").token
        headers = {
            "Authorization": f"Bearer {token}",
            "X-AnchorMailbox": self._anchor,
            "X-CmdletName": cmdlet,
            "Prefer": "odata.maxpagesize=1000",
        }
        body = {"CmdletInput": {"CmdletName": cmdlet, "Parameters": parameters}}
        url = f"{self._url}?$select={select}" if select else self._url
        rows: list[dict] = []
        while url:
            page = await self._post(url, headers, body)
            rows.extend(page.get("value") or [])
            url = page.get("@odata.nextLink")
        return rows

    async def _post(self, url: str, headers: dict, body: dict) -> dict:
        for attempt in range(1, ATTEMPTS + 1):
            reply = await self._http.post(url, headers=headers, json=body)
            if reply.status_code not in (429, 502, 503, 504) or attempt == ATTEMPTS:
                break
            said = reply.headers.get("retry-after")
            await asyncio.sleep(float(said) if said else random.uniform(1, 2**attempt))
        if reply.is_error:
            name = body["CmdletInput"]["CmdletName"]
            raise RuntimeError(f"{name} failed with {reply.status_code}: {reply.text[:400]}")
        return reply.json()


class Tenant:
    """Graph and Exchange of one tenant, and a note of what was done."""

    def __init__(self, where: argparse.Namespace, secret: str) -> None:
        credential = Credential(where, secret)
        provider = AzureIdentityAuthenticationProvider(
            credential,
            scopes=["https://graph.microsoft.com/.default"],
            allowed_hosts=[urllib.parse.urlparse(where.graph).hostname],
        )
        # The default client of the SDK: it waits and tries again on 429, 503 and 504 by itself.
        adapter = GraphRequestAdapter(provider)
        adapter.base_url = f"{where.graph}/v1.0"
        self.graph = GraphServiceClient(request_adapter=adapter)
        self.exchange = Exchange(where, credential)
        self.waited_s = 0.0
        self.looked_again = 0
        self.failed: list[str] = []
        self._begun = time.monotonic()

    def link(self, object_id: str) -> str:
        """The reference to an object, as Microsoft's pages write it."""
        return f"https://graph.microsoft.com/v1.0/directoryObjects/{object_id}"

    async def step(self, name: str, work) -> None:
        """Does one step; one that fails is written down and the next one follows, as such scripts do."""
        begun = time.monotonic()
        try:
            await work
        except Exception as error:
            main = getattr(error, "error", None)
            text = getattr(main, "message", None) or str(error)
            self.failed.append(f"{name}: {text}")
            print(f"  FAILED {name}: {text}", file=sys.stderr)
        else:
            print(f"  {time.monotonic() - begun:6.2f} s  {name}", file=sys.stderr)

    async def wait(self, what: str, is_done, every_s: float, most_s: float) -> None:
        """Looks again and again until the service has done its part; the time for this is the service's."""
        begun = time.monotonic()
        try:
            while not await is_done():
                if time.monotonic() - begun > most_s:
                    raise RuntimeError(f"{what} took longer than {most_s:.0f} s")
                await asyncio.sleep(every_s)
                self.looked_again += 1
        finally:
            self.waited_s += time.monotonic() - begun

    def report(self) -> int:
        """Says how it went, as JSON on standard output."""
        seconds = time.monotonic() - self._begun
        said = {
            "seconds": seconds,
            "waited_s": self.waited_s,
            "looked_again": self.looked_again,
            "failed": self.failed,
        }
        print(json.dumps(said))
        return 1 if self.failed else 0


def select(query_class: type, *names: str, **more: object) -> RequestConfiguration:
    """A request that asks for these properties only."""
    return RequestConfiguration(query_parameters=query_class(select=list(names), **more))


def arguments(what: str) -> argparse.ArgumentParser:
    """The options both scripts have. The client secret is read from standard input."""
    parser = argparse.ArgumentParser(description=what)
    for name in ("login", "graph", "exchange"):
        parser.add_argument(f"--{name}", required=True, help=f"base URL of {name}")
    parser.add_argument("--tenant", required=True, help="GUID of the tenant")
    parser.add_argument("--client-id", required=True)
    return parser
