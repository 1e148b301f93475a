"""A mail, and a pass for the first day: bodies that the SDK writes in its own way."""

from connection import Sandbox, expect, same, until
from msgraph.generated.models.body_type import BodyType
from msgraph.generated.models.email_address import EmailAddress
from msgraph.generated.models.item_body import ItemBody
from msgraph.generated.models.message import Message
from msgraph.generated.models.recipient import Recipient
from msgraph.generated.models.temporary_access_pass_authentication_method import (
    TemporaryAccessPassAuthenticationMethod,
)
from msgraph.generated.users.item.send_mail.send_mail_post_request_body import (
    SendMailPostRequestBody,
)
from people import id_of


async def mail(sandbox: Sandbox) -> None:
    """sendMail, whose parameters the SDK names as the metadata does, puts one message into the sent items."""
    truth = sandbox.truth()
    priya = id_of(truth, "priya.raman@contoso.example")
    known = set(truth["messages"])
    message = Message(
        subject="Sent by the SDK",
        body=ItemBody(content_type=BodyType.Text, content="Hello"),
        to_recipients=[Recipient(email_address=EmailAddress(address="henrik.dahl@contoso.example"))],
    )
    await sandbox.graph.users.by_user_id(priya).send_mail.post(
        SendMailPostRequestBody(message=message, save_to_sent_items=True)
    )

    async def sent():
        new = {key: entry for key, entry in sandbox.truth()["messages"].items() if key not in known}
        return [entry for entry in new.values() if entry["folder"] == "sentitems"]

    found = await until("the message in the sent items", sent, bool)
    same("messages sent", len(found), 1)
    same("subject in the world", found[0]["subject"], "Sent by the SDK")


async def access_pass(sandbox: Sandbox) -> None:
    """A temporary access pass is shown once, on creation, and never again."""
    truth = sandbox.truth()
    tomas = id_of(truth, "tomas.novak@contoso.example")
    methods = sandbox.graph.users.by_user_id(tomas).authentication.temporary_access_pass_methods
    made = await methods.post(
        TemporaryAccessPassAuthenticationMethod(lifetime_in_minutes=60, is_usable_once=True)
    )
    expect(bool(made.temporary_access_pass), "the reply holds no pass")
    same("lifetimeInMinutes in the reply", made.lifetime_in_minutes, 60)
    kept = sandbox.truth()["users"][tomas]["methods"]
    kinds = [method["kind"] for method in kept.values()]
    same("passes in the world", kinds.count("temporary-access-pass"), 1)

    async def read():
        return (await methods.get()).value

    seen = await until("GET temporaryAccessPassMethods", read, bool)
    same("passes read", [entry.id for entry in seen], [made.id])
    same("the pass on a read", seen[0].temporary_access_pass, None)
    await methods.by_temporary_access_pass_authentication_method_id(made.id).delete()
    left = sandbox.truth()["users"][tomas]["methods"].values()
    expect(all(method["kind"] != "temporary-access-pass" for method in left), "the world still has the pass")
