"""A real SMTP server (aiosmtpd) for the mail check: four ways to be spoken to, and the faults a recipient's name asks for.

Prints one JSON line with ports, the authority's certificate, then one JSON line for each mail that it took. Ends with
its standard input.
"""

import asyncio
import base64
import json
import logging
import ssl
import sys
import threading

import trustme
from aiosmtpd.controller import UnthreadedController
from aiosmtpd.smtp import AuthResult, LoginPassword

USER, PASSWORD = sys.argv[1:3]
# It tells of each handshake that the other side breaks off, which is what the check does.
logging.disable(logging.CRITICAL)


def say(what):
    print(json.dumps(what), flush=True)


class Handler:
    """Takes mails; the recipient's name (before the @) says what goes wrong."""

    def __init__(self, name):
        self.name = name

    async def handle_RCPT(self, server, session, envelope, address, options):
        fault = address.split("@")[0]
        if fault == "busy":
            return "451 4.3.0 The mailbox is busy"
        if fault == "unknown":
            return "550 5.1.1 No such mailbox"
        if fault == "cut-early":
            server.transport.abort()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        fault = envelope.rcpt_tos[0].split("@")[0]
        if fault == "slow-down":
            return "452 4.2.2 Too many mails"
        if fault == "full":
            return "552 5.2.2 The mailbox is full"
        if fault == "gibberish":
            return "hello there"
        say({
            "server": self.name,
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "encrypted": server.transport.get_extra_info("ssl_object") is not None,
            "signed_in": session.authenticated,
            "content": base64.b64encode(envelope.content).decode(),
        })
        if fault == "cut":
            server.transport.abort()
        return "250 2.0.0 taken as 4711"


def authenticator(server, session, envelope, mechanism, data):
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    # Not handled: the server itself answers 535.
    return AuthResult(success=right, handled=False)


def main():
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    sign_in = {"authenticator": authenticator, "auth_required": True}
    kinds = {
        "plain": {},
        # Takes a password without encryption, as a stripped connection would look.
        "stripped": {"auth_require_tls": False, **sign_in},
        "starttls": {"tls_context": context, "require_starttls": True, **sign_in},
        "implicit": {"ssl_context": context, "auth_require_tls": False, **sign_in},
    }
    loop = asyncio.new_event_loop()
    ports = {}
    for name, options in kinds.items():
        controller = UnthreadedController(Handler(name), hostname="127.0.0.1", port=0, loop=loop, **options)
        controller.begin()
        ports[name] = controller.server.sockets[0].getsockname()[1]
    say({"ports": ports, "authority": authority.cert_pem.bytes().decode()})
    threading.Thread(target=until_the_end, args=[loop], daemon=True).start()
    loop.run_forever()


def until_the_end(loop):
    sys.stdin.read()
    loop.call_soon_threadsafe(loop.stop)


main()
