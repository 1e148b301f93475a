"""Brings one person into a tenant, one call after the other, as administrators' scripts do.

It asks for the properties it needs, checks every status, waits for the mailbox by polling (nothing on it can be set before) and
tries again when it is throttled. It does not read back what it did.
"""

import asyncio
import json
import secrets
import sys
from pathlib import Path
from uuid import UUID

from msgraph.generated.groups.groups_request_builder import GroupsRequestBuilder
from msgraph.generated.models.assigned_license import AssignedLicense
from msgraph.generated.models.body_type import BodyType
from msgraph.generated.models.email_address import EmailAddress
from msgraph.generated.models.item_body import ItemBody
from msgraph.generated.models.message import Message
from msgraph.generated.models.password_profile import PasswordProfile
from msgraph.generated.models.recipient import Recipient
from msgraph.generated.models.reference_create import ReferenceCreate
from msgraph.generated.models.reference_update import ReferenceUpdate
from msgraph.generated.models.temporary_access_pass_authentication_method import (
    TemporaryAccessPassAuthenticationMethod,
)
from msgraph.generated.models.user import User
from msgraph.generated.subscribed_skus.subscribed_skus_request_builder import (
    SubscribedSkusRequestBuilder,
)
from msgraph.generated.users.item.assign_license.assign_license_post_request_body import (
    AssignLicensePostRequestBody,
)
from msgraph.generated.users.item.send_mail.send_mail_post_request_body import (
    SendMailPostRequestBody,
)
from msgraph.generated.users.item.user_item_request_builder import UserItemRequestBuilder
from tenant import Tenant, arguments, select

# How long a new account or mailbox may take before the script gives up.
MOST_S = 900


class Joiner:
    """The person to come."""

    def __init__(self, tenant: Tenant, person: dict, sender: str) -> None:
        self.tenant = tenant
        self.graph = tenant.graph
        self.exchange = tenant.exchange
        self.person = person
        self.sender = sender
        self.id = ""
        self.secret = ""

    @property
    def account(self):
        """The request builder of the new account."""
        return self.graph.users.by_user_id(self.id)

    async def create(self) -> None:
        """The account, with a first password that has to be changed."""
        person = self.person
        made = await self.graph.users.post(
            User(
                account_enabled=True,
                display_name=person["display_name"],
                given_name=person["given_name"],
                surname=person["surname"],
                user_principal_name=person["user_principal_name"],
                mail_nickname=person["user_principal_name"].split("@", maxsplit=1)[0],
                usage_location=person["usage_location"],
                department=person["department"],
                job_title=person["job_title"],
                password_profile=PasswordProfile(
                    password=secrets.token_urlsafe(18) + "aA1!", force_change_password_next_sign_in=True
                ),
            )
        )
        self.id = made.id

    async def manager(self) -> None:
        """Who leads the person."""
        query = UserItemRequestBuilder.UserItemRequestBuilderGetQueryParameters
        boss = await self.graph.users.by_user_id(self.person["manager"]).get(select(query, "id"))
        await self.account.manager.ref.put(ReferenceUpdate(odata_id=self.tenant.link(boss.id)))

    async def licence(self) -> None:
        """The licences, if seats are free."""
        query = SubscribedSkusRequestBuilder.SubscribedSkusRequestBuilderGetQueryParameters
        names = ["skuId", "skuPartNumber", "consumedUnits", "prepaidUnits"]
        found = await self.graph.subscribed_skus.get(select(query, *names))
        add = []
        for wanted in self.person["licences"]:
            sku = next(entry for entry in found.value if entry.sku_part_number == wanted)
            if sku.consumed_units >= sku.prepaid_units.enabled:
                raise RuntimeError(f"no seat of {wanted} is free")
            add.append(AssignedLicense(sku_id=UUID(str(sku.sku_id)), disabled_plans=[]))
        await self.account.assign_license.post(AssignLicensePostRequestBody(add_licenses=add, remove_licenses=[]))

    async def mailbox(self) -> None:
        """Waits until Exchange has made the mailbox."""

        async def is_there() -> bool:
            try:
                found = await self.exchange.run(
                    "Get-Mailbox", select="Guid", Identity=self.person["user_principal_name"]
                )
            except RuntimeError as error:
                if "404" in str(error):
                    return False
                raise
            return bool(found)

        await self.tenant.wait("the mailbox", is_there, every_s=5, most_s=MOST_S)

    async def groups(self) -> None:
        """One group after the other, found by its name."""
        query = GroupsRequestBuilder.GroupsRequestBuilderGetQueryParameters
        for name in self.person["groups"]:
            found = await self.graph.groups.get(select(query, "id", filter=f"displayName eq '{name}'"))
            if len(found.value) != 1:
                raise RuntimeError(f"{len(found.value)} groups are named {name}")
            members = self.graph.groups.by_group_id(found.value[0].id).members
            await members.ref.post(ReferenceCreate(odata_id=self.tenant.link(self.id)))

    async def lists(self) -> None:
        """One list after the other, in Exchange."""
        for address in self.person["lists"]:
            await self.exchange.run(
                "Add-DistributionGroupMember",
                Identity=address,
                Member=self.person["user_principal_name"],
                BypassSecurityGroupManagerCheck=True,
                Confirm=False,
            )

    async def region(self) -> None:
        """The time zone of the new mailbox."""
        await self.exchange.run(
            "Set-MailboxRegionalConfiguration",
            Identity=self.person["user_principal_name"],
            TimeZone=self.person["time_zone"],
        )

    async def shared(self) -> None:
        """The mailboxes that belong to the job."""
        for address in self.person["mailboxes"]:
            await self.exchange.run(
                "Add-MailboxPermission",
                Identity=address,
                User=self.person["user_principal_name"],
                AccessRights=["FullAccess"],
                AutoMapping=True,
            )

    async def access_pass(self) -> None:
        """A temporary access pass for the first day."""
        methods = self.account.authentication.temporary_access_pass_methods
        made = await methods.post(
            TemporaryAccessPassAuthenticationMethod(lifetime_in_minutes=480, is_usable_once=True)
        )
        if not made.temporary_access_pass:
            raise RuntimeError("the reply held no pass")
        self.secret = made.temporary_access_pass

    async def welcome(self) -> None:
        """A first mail for the new mailbox."""
        await self.send(
            self.person["user_principal_name"],
            f"Welcome, {self.person['given_name']}",
            f"This is your mailbox. Your sign-in name is {self.person['user_principal_name']}.",
        )

    async def tell(self) -> None:
        """The manager hears that the account is there, and gets the pass."""
        await self.send(
            self.person["manager"],
            f"{self.person['display_name']} can start",
            f"Account: {self.person['user_principal_name']}\nPass for the first sign-in: {self.secret}",
        )

    async def send(self, to: str, subject: str, text: str) -> None:
        """Sends one mail."""
        message = Message(
            subject=subject,
            body=ItemBody(content_type=BodyType.Text, content=text),
            to_recipients=[Recipient(email_address=EmailAddress(address=to))],
        )
        sender = self.graph.users.by_user_id(self.sender)
        await sender.send_mail.post(SendMailPostRequestBody(message=message, save_to_sent_items=True))


async def main() -> int:
    """Reads the person and does everything in turn."""
    parser = arguments("Brings one person into a tenant.")
    parser.add_argument("person", type=Path, help="JSON file that describes the person")
    parser.add_argument("--sender", required=True, help="mailbox that sends the notice")
    given = parser.parse_args()
    tenant = Tenant(given, sys.stdin.readline().strip())
    joiner = Joiner(tenant, json.loads(given.person.read_text(encoding="utf-8")), given.sender)
    await tenant.step("create the account", joiner.create())
    if not joiner.id:
        return tenant.report()
    for name, work in [
        ("set the manager", joiner.manager),
        ("assign licences", joiner.licence),
        ("wait for the mailbox", joiner.mailbox),
        ("add to groups", joiner.groups),
        ("add to lists", joiner.lists),
        ("set the time zone", joiner.region),
        ("open shared mailboxes", joiner.shared),
        ("send a welcome", joiner.welcome),
        ("make a temporary access pass", joiner.access_pass),
        ("tell the manager", joiner.tell),
    ]:
        await tenant.step(name, work())
    return tenant.report()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
