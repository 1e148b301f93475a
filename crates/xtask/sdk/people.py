"""People: lists with filters and pages, create, change, manager, licence."""

from uuid import UUID

from connection import Sandbox, expect, same, until
from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph.generated.models.assigned_license import AssignedLicense
from msgraph.generated.models.password_profile import PasswordProfile
from msgraph.generated.models.reference_update import ReferenceUpdate
from msgraph.generated.models.user import User
from msgraph.generated.users.item.assign_license.assign_license_post_request_body import (
    AssignLicensePostRequestBody,
)
from msgraph.generated.users.item.user_item_request_builder import UserItemRequestBuilder
from msgraph.generated.users.users_request_builder import UsersRequestBuilder
from msgraph_core.tasks.page_iterator import PageIterator

ListQuery = UsersRequestBuilder.UsersRequestBuilderGetQueryParameters
ItemQuery = UserItemRequestBuilder.UserItemRequestBuilderGetQueryParameters


def id_of(truth: dict, upn: str) -> str:
    """The object id of a person, from the ground truth."""
    found = [key for key, user in truth["users"].items() if user["user_principal_name"] == upn]
    expect(len(found) == 1, f"the world has {len(found)} people named {upn}, expected 1")
    return found[0]


async def listed(sandbox: Sandbox, query: ListQuery, advanced: bool = False) -> list[User]:
    """Every page of a list, as the SDK's own iterator walks them."""
    settings: RequestConfiguration = RequestConfiguration(query_parameters=query)
    if advanced:
        settings.headers.add("ConsistencyLevel", "eventual")
    first = await sandbox.graph.users.get(settings)
    expect(first is not None and first.value is not None, "GET /users gave no collection")
    if advanced:
        expect(first.odata_count is not None, "an advanced query came back without @odata.count")
    people: list[User] = []
    if not first.value:
        return people
    pages = PageIterator(first, sandbox.adapter)
    if advanced:
        # Its set_headers calls a method of kiota in a way that kiota does not have.
        pages.headers.add("ConsistencyLevel", "eventual")

    def take(person: User) -> bool:
        people.append(person)
        return True

    await pages.iterate(take)
    return people


async def list_in_pages(sandbox: Sandbox) -> None:
    """$top=5 and the next links give each person once."""
    before = len(sandbox.wire.sent)
    people = await listed(sandbox, ListQuery(top=5, select=["id", "displayName"]))
    seen = [person.id for person in people]
    same("ids of GET /users in pages", sorted(seen), sorted(sandbox.truth()["users"]))
    pages = [sent for sent in sandbox.wire.sent[before:] if "skiptoken" in sent.url.lower()]
    expect(len(pages) >= 2, f"only {len(pages)} next links were followed, expected 2 or more")


async def list_with_filters(sandbox: Sandbox) -> None:
    """Filters of the simple and the advanced kind give what the world holds."""
    truth = sandbox.truth()["users"]

    async def check(text: str, advanced: bool, wanted) -> None:
        query = ListQuery(filter=text, select=["id"], top=3, count=True if advanced else None)
        seen = await listed(sandbox, query, advanced)
        expected = sorted(key for key, user in truth.items() if wanted(user))
        expect(bool(expected), f"the world has nobody for {text}: the check would prove nothing")
        same(f"ids of $filter={text}", sorted(person.id for person in seen), expected)

    await check("startswith(displayName,'A')", False, lambda user: user["display_name"].startswith("A"))
    await check("accountEnabled eq false", False, lambda user: user["account_enabled"] is False)
    await check("department eq 'Sales'", False, lambda user: user["department"] == "Sales")
    await check(
        "endsWith(mail,'@contoso.example')",
        True,
        lambda user: (user["mail"] or "").endswith("@contoso.example"),
    )
    await check("department ne 'Sales'", True, lambda user: user["department"] != "Sales")


async def create(sandbox: Sandbox) -> str:
    """POST /users makes an account that a read by id shows; gives back its id."""
    person = User(
        account_enabled=True,
        display_name="Iris Falk",
        given_name="Iris",
        surname="Falk",
        mail_nickname="iris.falk",
        user_principal_name="iris.falk@contoso.example",
        usage_location="SE",
        department="Sales",
        password_profile=PasswordProfile(
            force_change_password_next_sign_in=True, password="Anchor-Lantern-4817-Reed"
        ),
    )
    made = await sandbox.graph.users.post(person)
    expect(made is not None and bool(made.id), "POST /users gave no user with an id")
    same("displayName in the reply", made.display_name, "Iris Falk")
    user = sandbox.truth()["users"].get(made.id)
    expect(user is not None, f"the world has no user {made.id} after POST /users")
    for name, value in {
        "user_principal_name": "iris.falk@contoso.example",
        "account_enabled": True,
        "usage_location": "SE",
        "department": "Sales",
        "surname": "Falk",
        "force_change_password": True,
    }.items():
        same(f"{name} of the new user in the world", user[name], value)
    expect(bool(user["password_hash"]), "the world holds no hash of the new user's password")

    async def read():
        try:
            return await sandbox.graph.users.by_user_id(made.id).get()
        except Exception as error:  # a replica that lags says 404
            same("status of a read of a new user", getattr(error, "response_status_code", None), 404)
            return None

    await until("GET /users/{new}", read, lambda seen: seen is not None)
    return made.id


async def create_refuses(sandbox: Sandbox) -> None:
    """A second user of the same name, and a weak password, are refused in words that the SDK can give back."""
    for upn, password, word in [
        ("amira.haddad@contoso.example", "Anchor-Lantern-4817-Reed", "userPrincipalName"),
        ("new.person@contoso.example", "abc", "password"),
    ]:
        person = User(
            account_enabled=True,
            display_name="Somebody Else",
            mail_nickname=upn.split("@", maxsplit=1)[0],
            user_principal_name=upn,
            password_profile=PasswordProfile(password=password),
        )
        try:
            await sandbox.graph.users.post(person)
        except Exception as error:
            same(f"status of a refused POST /users for {upn}", getattr(error, "response_status_code", None), 400)
            message = getattr(getattr(error, "error", None), "message", None) or ""
            expect(word.lower() in message.lower(), f"the refusal does not name {word}: {message!r}")
        else:
            raise AssertionError(f"POST /users accepted {upn} with {word} that cannot be")


async def change(sandbox: Sandbox) -> None:
    """PATCH changes what it names, null empties, and a read shows it in the end."""
    tomas = id_of(sandbox.truth(), "tomas.novak@contoso.example")
    before = sandbox.truth()["users"][tomas]
    await sandbox.graph.users.by_user_id(tomas).patch(
        User(job_title="Senior Account Manager", additional_data={"officeLocation": None})
    )
    after = sandbox.truth()["users"][tomas]
    same("job_title in the world", after["job_title"], "Senior Account Manager")
    same("office_location in the world", after["office_location"], None)
    same("department in the world, which PATCH did not name", after["department"], before["department"])
    query = ItemQuery(select=["id", "jobTitle", "officeLocation"])

    async def read():
        return await sandbox.graph.users.by_user_id(tomas).get(RequestConfiguration(query_parameters=query))

    seen = await until("jobTitle after PATCH", read, lambda user: user.job_title == "Senior Account Manager")
    same("officeLocation after PATCH", seen.office_location, None)


async def manager(sandbox: Sandbox) -> None:
    """PUT and DELETE on manager/$ref, read back as manager and as direct report."""
    truth = sandbox.truth()
    alex = id_of(truth, "alex.murphy@contoso.example")
    henrik = id_of(truth, "henrik.dahl@contoso.example")
    link = sandbox.graph.users.by_user_id(alex).manager
    await link.ref.put(ReferenceUpdate(odata_id=sandbox.reference(henrik)))
    same("manager in the world", sandbox.truth()["users"][alex]["manager"], henrik)

    async def read():
        try:
            return await link.get()
        except Exception as error:  # no manager yet
            same("status of a read of no manager", getattr(error, "response_status_code", None), 404)
            return None

    seen = await until("GET manager", read, lambda seen: seen is not None)
    same("id of the manager", seen.id, henrik)

    async def reports():
        found = await sandbox.graph.users.by_user_id(henrik).direct_reports.get()
        return [entry.id for entry in found.value]

    await until("GET directReports", reports, lambda ids: alex in ids)
    await link.ref.delete()
    same("manager in the world after DELETE", sandbox.truth()["users"][alex]["manager"], None)


async def licence(sandbox: Sandbox) -> None:
    """assignLicense gives and takes a licence, and the seats are counted."""
    truth = sandbox.truth()
    alex = id_of(truth, "alex.murphy@contoso.example")
    sku = next(key for key, entry in truth["skus"].items() if entry["part_number"] == "POWER_BI_PRO")
    skus = await sandbox.graph.subscribed_skus.get()
    before = next(entry for entry in skus.value if str(entry.sku_id) == sku)
    expect(before.consumed_units < before.prepaid_units.enabled, "no seat of POWER_BI_PRO is free")
    person = sandbox.graph.users.by_user_id(alex)

    def holds() -> bool:
        return any(entry["sku_id"] == sku for entry in sandbox.truth()["users"][alex]["licences"])

    expect(not holds(), "the person has the licence already: the check would prove nothing")
    added = AssignedLicense(sku_id=UUID(sku), disabled_plans=[])
    reply = await person.assign_license.post(
        AssignLicensePostRequestBody(add_licenses=[added], remove_licenses=[])
    )
    same("id in the reply of assignLicense", reply.id, alex)
    expect(holds(), "the world shows no licence after assignLicense")

    async def details():
        found = await person.license_details.get()
        return [str(entry.sku_id) for entry in found.value]

    await until("GET licenseDetails", details, lambda ids: sku in ids)

    async def consumed():
        found = await sandbox.graph.subscribed_skus.get()
        return next(entry.consumed_units for entry in found.value if str(entry.sku_id) == sku)

    await until("consumedUnits", consumed, lambda units: units == before.consumed_units + 1)
    await person.assign_license.post(
        AssignLicensePostRequestBody(add_licenses=[], remove_licenses=[UUID(sku)])
    )
    expect(not holds(), "the world still shows the licence after removeLicenses")
