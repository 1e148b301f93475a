"""The SDK held against a sandbox: token, client, what went over the wire, and the ground truth beside it."""

import asyncio
import json
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from azure.core.credentials import AccessToken
from kiota_authentication_azure.azure_identity_authentication_provider import (
    AzureIdentityAuthenticationProvider,
)
from kiota_http.middleware.retry_handler import RetryHandler
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.graph_request_adapter import options
from msgraph_core import GraphClientFactory

# Left out, the SDK would ask for a scope that is named after the host it calls.
SCOPES = ["https://graph.microsoft.com/.default"]


class Credential:
    """A TokenCredential that posts the form of the client credentials flow itself.

    azure-identity and msal accept an authority over https only (and look it up in Microsoft's list), and a sandbox on
    loopback speaks plain http. The protocol of azure-core is one method, so nothing of the SDK is changed by this.
    """

    def __init__(self, base: str, tenant: str, client_id: str, secret: str) -> None:
        self._url = f"{base}/login/{tenant}/oauth2/v2.0/token"
        self._form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": secret,
        }
        self._tokens: dict[str, AccessToken] = {}

    def get_token(self, *scopes: str, **_options: object) -> AccessToken:
        """The token for one resource, kept until five minutes before its end."""
        scope = " ".join(scopes)
        known = self._tokens.get(scope)
        if known is None or known.expires_on < time.time() + 300:
            form = urllib.parse.urlencode({**self._form, "scope": scope}).encode()
            with urllib.request.urlopen(self._url, data=form, timeout=60) as reply:
                body = json.load(reply)
            if body["token_type"] != "Bearer":
                raise AssertionError(f"expected a Bearer token, got {body['token_type']}")
            known = AccessToken(body["access_token"], int(time.time()) + int(body["expires_in"]))
            self._tokens[scope] = known
        return known


@dataclass
class Sent:
    """One request that left the SDK, retries included."""

    method: str
    url: str
    status: int
    retry_after: str | None
    attempt: int


@dataclass
class Wire(httpx.AsyncBaseTransport):
    """The innermost transport of the client: passes everything on and writes down what came back."""

    inner: httpx.AsyncBaseTransport
    sent: list[Sent] = field(default_factory=list)
    # The answers of the last batch by id, as they came.
    answers: dict[str, dict] = field(default_factory=dict)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends one request."""
        reply = await self.inner.handle_async_request(request)
        self.sent.append(
            Sent(
                request.method,
                str(request.url),
                reply.status_code,
                reply.headers.get("retry-after"),
                int(request.headers.get("Retry-Attempt", "0")),
            )
        )
        if request.url.path.endswith("/$batch") and reply.status_code == 200:
            body = json.loads(await reply.aread())
            self.answers = {answer["id"]: answer for answer in body["responses"]}
        return reply

    async def aclose(self) -> None:
        """Closes the connections."""
        await self.inner.aclose()

    def misunderstood(self) -> list[str]:
        """Values of Retry-After that the SDK's retry handler cannot read; it then waits by its own back-off."""
        handler = RetryHandler()
        said = [sent.retry_after for sent in self.sent if sent.retry_after is not None]
        return sorted({text for text in said if handler._parse_retry_after(text) is None})

    def retried(self, status: int) -> int:
        """How many requests came back with this status."""
        return sum(1 for sent in self.sent if sent.status == status)


class Sandbox:
    """One sandbox, seen through the SDK and through its control plane."""

    def __init__(self, base: str, tenant: str, client_id: str, secret: str) -> None:
        self.base = base
        self.tenant = tenant
        transport = httpx.AsyncHTTPTransport(http1=True)
        self.wire = Wire(transport)
        # The SDK's own pipeline (retry, redirect, telemetry) over a transport that we can read.
        client = httpx.AsyncClient(transport=self.wire, timeout=httpx.Timeout(100, connect=30))
        client = GraphClientFactory.create_with_default_middleware(client=client, options=options)
        credential = Credential(base, tenant, client_id, secret)
        provider = AzureIdentityAuthenticationProvider(
            credential, scopes=SCOPES, allowed_hosts=["127.0.0.1"]
        )
        adapter = GraphRequestAdapter(provider, client)
        adapter.base_url = f"{base}/graph/v1.0"
        self.graph = GraphServiceClient(request_adapter=adapter)
        self.adapter = adapter

    def truth(self) -> dict:
        """The tenant as it really is: the primary, past every replica and every line of the SDK."""
        with urllib.request.urlopen(f"{self.base}/sandbox/world", timeout=60) as reply:
            return json.load(reply)["tenants"][self.tenant]

    def set_faults(self, file: Path) -> None:
        """Tells the sandbox what goes wrong from now on."""
        with urllib.request.urlopen(f"{self.base}/sandbox/faults", data=file.read_bytes(), timeout=60) as reply:
            if reply.status != 204:
                raise AssertionError(f"the sandbox answered {reply.status} to {file.name}")

    def reference(self, object_id: str) -> str:
        """The link to an object in the form that Microsoft's pages show."""
        return f"https://graph.microsoft.com/v1.0/directoryObjects/{object_id}"


async def until(what: str, read, accept, seconds: float = 20.0):
    """Reads until the replicas show it: what was written is seen late, and sometimes not twice in a row."""
    deadline = time.monotonic() + seconds
    while True:
        value = await read()
        if accept(value):
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not seen within {seconds:.0f} s; the last read gave {value!r}")
        await asyncio.sleep(0.3)


def expect(is_true: bool, what: str) -> None:
    """Fails with what was expected."""
    if not is_true:
        raise AssertionError(what)


def same(what: str, seen, expected) -> None:
    """Fails with both sides when they differ."""
    if seen != expected:
        raise AssertionError(f"{what}: expected {expected!r}, got {seen!r}")
