"""Takes one person out of a tenant, one call after the other, as administrators' scripts do.

It asks for the properties it needs, checks every status, waits for the one thing that is known to lose mail when it is not
waited for (the conversion, before the licence goes) and tries again when it is throttled. It does not read back what it did.
"""

import asyncio
import secrets
import sys

from msgraph.generated.models.body_type import BodyType
from msgraph.generated.models.email_address import EmailAddress
from msgraph.generated.models.item_body import ItemBody
from msgraph.generated.models.message import Message
from msgraph.generated.models.password_profile import PasswordProfile
from msgraph.generated.models.recipient import Recipient
from msgraph.generated.models.reference_create import ReferenceCreate
from msgraph.generated.models.reference_update import ReferenceUpdate
from msgraph.generated.models.user import User
from msgraph.generated.role_management.directory.role_assignments.role_assignments_request_builder import (
    RoleAssignmentsRequestBuilder,
)
from msgraph.generated.role_management.directory.role_eligibility_schedules.role_eligibility_schedules_request_builder import (
    RoleEligibilitySchedulesRequestBuilder,
)
from msgraph.generated.models.unified_role_eligibility_schedule_request import (
    UnifiedRoleEligibilityScheduleRequest,
)
from msgraph.generated.models.unified_role_schedule_request_actions import (
    UnifiedRoleScheduleRequestActions,
)
from msgraph.generated.users.item.assign_license.assign_license_post_request_body import (
    AssignLicensePostRequestBody,
)
from msgraph.generated.users.item.direct_reports.direct_reports_request_builder import (
    DirectReportsRequestBuilder,
)
from msgraph.generated.users.item.manager.manager_request_builder import ManagerRequestBuilder
from msgraph.generated.users.item.member_of.member_of_request_builder import MemberOfRequestBuilder
from msgraph.generated.users.item.owned_objects.owned_objects_request_builder import (
    OwnedObjectsRequestBuilder,
)
from msgraph.generated.users.item.send_mail.send_mail_post_request_body import (
    SendMailPostRequestBody,
)
from msgraph.generated.users.item.user_item_request_builder import UserItemRequestBuilder
from tenant import Tenant, arguments, select

# Which collection removes which kind of sign-in method; `/authentication/methods/{id}` itself cannot be deleted.
METHODS = {
    "phoneAuthenticationMethod": "phone_methods.by_phone_authentication_method_id",
    "microsoftAuthenticatorAuthenticationMethod": "microsoft_authenticator_methods.by_microsoft_authenticator_authentication_method_id",
    "fido2AuthenticationMethod": "fido2_methods.by_fido2_authentication_method_id",
    "softwareOathAuthenticationMethod": "software_oath_methods.by_software_oath_authentication_method_id",
    "windowsHelloForBusinessAuthenticationMethod": "windows_hello_for_business_methods.by_windows_hello_for_business_authentication_method_id",
    "emailAuthenticationMethod": "email_methods.by_email_authentication_method_id",
    "temporaryAccessPassAuthenticationMethod": "temporary_access_pass_methods.by_temporary_access_pass_authentication_method_id",
}
MEETINGS_DAYS = 1825


class Leaver:
    """The person, and the one who takes over."""

    def __init__(self, tenant: Tenant, user: User, manager: User, forward_to: str, sender: str) -> None:
        self.tenant = tenant
        self.graph = tenant.graph
        self.exchange = tenant.exchange
        self.user = user
        self.manager = manager
        self.forward_to = forward_to
        self.sender = sender
        self.account = tenant.graph.users.by_user_id(user.id)
        self.mailbox = user.user_principal_name

    async def block(self) -> None:
        """Sign-in off."""
        await self.account.patch(User(account_enabled=False))

    async def reset(self) -> None:
        """A password nobody knows."""
        password = secrets.token_urlsafe(24) + "aA1!"
        await self.account.patch(
            User(password_profile=PasswordProfile(password=password, force_change_password_next_sign_in=False))
        )

    async def revoke(self) -> None:
        """Sessions end."""
        await self.account.revoke_sign_in_sessions.post()

    async def methods(self) -> None:
        """Every sign-in method goes; the default one is refused while others are left, so it is tried again."""
        found = await self.account.authentication.methods.get()
        left = [method for method in found.value if not method.odata_type.endswith("passwordAuthenticationMethod")]
        for _ in range(2):
            refused = []
            for method in left:
                path, by_id = METHODS[method.odata_type.rsplit(".", 1)[-1]].split(".")
                try:
                    await getattr(getattr(self.account.authentication, path), by_id)(method.id).delete()
                except Exception as error:
                    if getattr(error, "response_status_code", None) != 400:
                        raise
                    refused.append(method)
            left = refused
        if left:
            raise RuntimeError(f"{len(left)} methods could not be removed")

    async def roles(self) -> None:
        """Active and eligible roles go."""
        directory = self.graph.role_management.directory
        mine = f"principalId eq '{self.user.id}'"
        query = RoleAssignmentsRequestBuilder.RoleAssignmentsRequestBuilderGetQueryParameters
        found = await directory.role_assignments.get(select(query, "id", filter=mine))
        for role in found.value:
            await directory.role_assignments.by_unified_role_assignment_id(role.id).delete()
        query = RoleEligibilitySchedulesRequestBuilder.RoleEligibilitySchedulesRequestBuilderGetQueryParameters
        eligible = await directory.role_eligibility_schedules.get(
            select(query, "id", "roleDefinitionId", "directoryScopeId", filter=mine)
        )
        for role in eligible.value:
            await directory.role_eligibility_schedule_requests.post(
                UnifiedRoleEligibilityScheduleRequest(
                    action=UnifiedRoleScheduleRequestActions.AdminRemove,
                    principal_id=self.user.id,
                    role_definition_id=role.role_definition_id,
                    directory_scope_id=role.directory_scope_id,
                )
            )

    async def owned(self) -> None:
        """The manager becomes owner beside the person, then the person goes."""
        query = OwnedObjectsRequestBuilder.OwnedObjectsRequestBuilderGetQueryParameters
        found = await self.account.owned_objects.get(select(query, "id", "displayName"))
        for entry in found.value:
            if entry.odata_type.endswith("group"):
                owners = self.graph.groups.by_group_id(entry.id).owners
            elif entry.odata_type.endswith("application"):
                owners = self.graph.applications.by_application_id(entry.id).owners
            else:
                continue
            try:
                await owners.ref.post(ReferenceCreate(odata_id=self.tenant.link(self.manager.id)))
            except Exception as error:
                if "already exist" not in str(getattr(getattr(error, "error", None), "message", "")):
                    raise
            await owners.by_directory_object_id(self.user.id).ref.delete()

    async def groups(self) -> None:
        """One group after the other; lists belong to Exchange, dynamic and synced groups are left."""
        query = MemberOfRequestBuilder.MemberOfRequestBuilderGetQueryParameters
        names = ["id", "displayName", "groupTypes", "mailEnabled", "onPremisesSyncEnabled"]
        found = await self.account.member_of.get(select(query, *names))
        for entry in found.value:
            if not entry.odata_type.endswith("group"):
                continue
            kinds = entry.group_types or []
            if "DynamicMembership" in kinds or entry.on_premises_sync_enabled:
                continue
            if entry.mail_enabled and "Unified" not in kinds:
                await self.exchange.run(
                    "Remove-DistributionGroupMember",
                    Identity=entry.id,
                    Member=self.user.id,
                    BypassSecurityGroupManagerCheck=True,
                    Confirm=False,
                )
            else:
                member = self.graph.groups.by_group_id(entry.id).members.by_directory_object_id(self.user.id)
                await member.ref.delete()

    async def reports(self) -> None:
        """Direct reports get the manager's manager, one by one."""
        query = DirectReportsRequestBuilder.DirectReportsRequestBuilderGetQueryParameters
        found = await self.account.direct_reports.get(select(query, "id"))
        for person in found.value:
            link = ReferenceUpdate(odata_id=self.tenant.link(self.manager.id))
            await self.graph.users.by_user_id(person.id).manager.ref.put(link)

    async def meetings(self) -> None:
        """Meetings of the person are called off."""
        await self.exchange.run(
            "Remove-CalendarEvents",
            Identity=self.mailbox,
            CancelOrganizedMeetings=True,
            QueryWindowInDays=MEETINGS_DAYS,
            Confirm=False,
        )

    async def rules(self) -> None:
        """Inbox rules go."""
        for rule in await self.exchange.run("Get-InboxRule", select="Identity,Name", Mailbox=self.mailbox):
            await self.exchange.run(
                "Remove-InboxRule", Mailbox=self.mailbox, Identity=rule["Identity"], Confirm=False
            )

    async def devices(self) -> None:
        """Phones lose the mailbox."""
        for device in await self.exchange.run("Get-MobileDevice", select="Identity,Guid", Mailbox=self.mailbox):
            await self.exchange.run("Remove-MobileDevice", Identity=device["Identity"], Confirm=False)

    async def convert(self) -> None:
        """The mailbox becomes a shared one."""
        await self.exchange.run("Set-Mailbox", Identity=self.mailbox, Type="Shared")

    async def delegate(self) -> None:
        """The manager can open it."""
        await self.exchange.run(
            "Add-MailboxPermission",
            Identity=self.mailbox,
            User=self.manager.user_principal_name,
            AccessRights=["FullAccess"],
            AutoMapping=True,
        )

    async def forward(self) -> None:
        """Mail goes on, and stays."""
        await self.exchange.run(
            "Set-Mailbox",
            Identity=self.mailbox,
            ForwardingAddress=self.forward_to,
            DeliverToMailboxAndForward=True,
        )

    async def reply(self) -> None:
        """Whoever writes is told."""
        text = (
            f"{self.user.display_name} no longer works here. Please write to "
            f"{self.manager.display_name} ({self.manager.user_principal_name}) instead."
        )
        await self.exchange.run(
            "Set-MailboxAutoReplyConfiguration",
            Identity=self.mailbox,
            AutoReplyState="Enabled",
            InternalMessage=text,
            ExternalMessage=text,
            ExternalAudience="All",
        )

    async def hide(self) -> None:
        """Out of the address lists."""
        await self.exchange.run("Set-Mailbox", Identity=self.mailbox, HiddenFromAddressListsEnabled=True)

    async def rights(self) -> None:
        """Rights on other mailboxes: every mailbox is looked at, as there is no list by holder for full access."""
        boxes = await self.exchange.run(
            "Get-Mailbox",
            select="Guid,ExternalDirectoryObjectId,PrimarySmtpAddress,GrantSendOnBehalfTo",
            ResultSize="Unlimited",
        )
        for box in boxes:
            address = box["PrimarySmtpAddress"]
            if address == self.mailbox:
                continue
            given = await self.exchange.run(
                "Get-MailboxPermission", select="AccessRights", Identity=address, User=self.mailbox
            )
            if given:
                await self.exchange.run(
                    "Remove-MailboxPermission",
                    Identity=address,
                    User=self.mailbox,
                    AccessRights=["FullAccess"],
                    Confirm=False,
                )
            if any(self.user.id == name or self.user.display_name == name for name in box["GrantSendOnBehalfTo"] or []):
                await self.exchange.run(
                    "Set-Mailbox",
                    Identity=address,
                    GrantSendOnBehalfTo={"@odata.type": "#Exchange.GenericHashTable", "remove": [self.mailbox]},
                )
        for right in await self.exchange.run("Get-RecipientPermission", Trustee=self.mailbox, ResultSize="Unlimited"):
            await self.exchange.run(
                "Remove-RecipientPermission",
                Identity=right["Identity"],
                Trustee=self.mailbox,
                AccessRights=["SendAs"],
                Confirm=False,
            )

    async def licences(self) -> None:
        """Every direct licence at once, when the mailbox no longer needs one."""

        async def is_shared() -> bool:
            box = await self.exchange.run("Get-Mailbox", select="RecipientTypeDetails", Identity=self.mailbox)
            return box[0]["RecipientTypeDetails"] == "SharedMailbox"

        await self.tenant.wait("the conversion", is_shared, every_s=5, most_s=600)
        skus = [entry.sku_id for entry in self.user.license_assignment_states or [] if not entry.assigned_by_group]
        if skus:
            await self.account.assign_license.post(
                AssignLicensePostRequestBody(add_licenses=[], remove_licenses=skus)
            )

    async def tell(self) -> None:
        """The manager hears that it is done."""
        message = Message(
            subject=f"{self.user.display_name} has been offboarded",
            body=ItemBody(content_type=BodyType.Text, content="All steps were carried out."),
            to_recipients=[
                Recipient(email_address=EmailAddress(address=self.manager.user_principal_name))
            ],
        )
        sender = self.graph.users.by_user_id(self.sender)
        await sender.send_mail.post(SendMailPostRequestBody(message=message, save_to_sent_items=True))


async def main() -> int:
    """Reads the person and does everything in turn."""
    parser = arguments("Takes one person out of a tenant.")
    parser.add_argument("user", help="sign-in name of the leaver")
    parser.add_argument("--forward-to", required=True, help="sign-in name that gets the mail")
    parser.add_argument("--sender", required=True, help="mailbox that sends the notice")
    given = parser.parse_args()
    tenant = Tenant(given, sys.stdin.readline().strip())
    query = UserItemRequestBuilder.UserItemRequestBuilderGetQueryParameters
    names = ["id", "displayName", "userPrincipalName"]
    person = tenant.graph.users.by_user_id(given.user)
    user = await person.get(select(query, *names, "accountEnabled", "licenseAssignmentStates"))
    manager = await person.manager.get(select(ManagerRequestBuilder.ManagerRequestBuilderGetQueryParameters, *names))
    leaver = Leaver(tenant, user, manager, given.forward_to, given.sender)
    for name, work in [
        ("block sign-in", leaver.block()),
        ("reset password", leaver.reset()),
        ("revoke sessions", leaver.revoke()),
        ("remove sign-in methods", leaver.methods()),
        ("remove admin roles", leaver.roles()),
        ("hand over what is owned", leaver.owned()),
        ("remove from groups and lists", leaver.groups()),
        ("reassign reports", leaver.reports()),
        ("cancel meetings", leaver.meetings()),
        ("remove inbox rules", leaver.rules()),
        ("remove phones", leaver.devices()),
        ("convert the mailbox", leaver.convert()),
        ("give the manager access", leaver.delegate()),
        ("forward mail", leaver.forward()),
        ("automatic reply", leaver.reply()),
        ("hide from address lists", leaver.hide()),
        ("remove rights on other mailboxes", leaver.rights()),
        ("remove licences", leaver.licences()),
        ("tell the manager", leaver.tell()),
    ]:
        await tenant.step(name, work)
    return tenant.report()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
