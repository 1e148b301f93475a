"""The end of an account and its way back: delta, delete, the recycle bin, restore."""

from connection import Sandbox, expect, same, until
from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph.generated.models.user import User
from msgraph.generated.users.delta.delta_request_builder import DeltaRequestBuilder
from people import id_of

DeltaQuery = DeltaRequestBuilder.DeltaRequestBuilderGetQueryParameters


async def drained(sandbox: Sandbox, page) -> tuple[dict[str, User], str]:
    """Every change from this page on by id, the latest counting, and the delta link at the end."""
    people: dict[str, User] = {}
    while True:
        for person in page.value or []:
            people[person.id] = person
        if page.odata_delta_link:
            expect(not page.odata_next_link, "one page has a next link and a delta link")
            return people, page.odata_delta_link
        expect(bool(page.odata_next_link), "a page of the delta has neither next link nor delta link")
        page = await sandbox.graph.users.delta.with_url(page.odata_next_link).get()


async def delta(sandbox: Sandbox) -> None:
    """The first round gives everybody, the next one only what changed, a deletion as @removed."""
    truth = sandbox.truth()
    query = DeltaQuery(select=["id", "displayName", "jobTitle", "accountEnabled"])
    first = await sandbox.graph.users.delta.get(RequestConfiguration(query_parameters=query))
    people, link = await drained(sandbox, first)
    same("ids of the first round", sorted(people), sorted(truth["users"]))
    liam = id_of(truth, "liam.byrne@contoso.example")
    await sandbox.graph.users.by_user_id(liam).patch(User(job_title="Support Lead"))
    gone = id_of(truth, "alex.murphy2@contoso.example")
    await sandbox.graph.users.by_user_id(gone).delete()
    seen: dict[str, User] = {}
    links = [link]

    async def read():
        page = await sandbox.graph.users.delta.with_url(links[-1]).get()
        changed, then = await drained(sandbox, page)
        links.append(then)
        seen.update(changed)
        return dict(seen)

    await until("both changes in the delta", read, lambda seen: {liam, gone} <= set(seen))
    same("jobTitle in the delta", seen[liam].job_title, "Support Lead")
    removed = seen[gone].additional_data.get("@removed")
    same("@removed of a deleted person", (removed or {}).get("reason"), "changed")
    untouched = set(seen) - {liam, gone}
    touched = {key for key in untouched if truth["users"].get(key) == sandbox.truth()["users"].get(key)}
    expect(not touched, f"the delta names people whom nobody changed: {sorted(touched)}")
    page = await sandbox.graph.users.delta.with_url(links[-1]).get()
    later, _ = await drained(sandbox, page)
    expect(len(later) <= 2, f"with nothing changed the delta names {len(later)} people")
    await sandbox.graph.directory.deleted_items.by_directory_object_id(gone).restore.post()


async def delete_and_restore(sandbox: Sandbox) -> None:
    """DELETE puts a person into the recycle bin with licences released; restore brings the same id back."""
    truth = sandbox.truth()
    key = id_of(truth, "grace.okafor@contoso.example")
    before = truth["users"][key]
    groups = sorted(name for name, group in truth["groups"].items() if key in group["members"])
    await sandbox.graph.users.by_user_id(key).delete()
    after = sandbox.truth()
    expect(key not in after["users"], "the world still has the account after DELETE")
    expect(key in after["deleted_users"], "the world's recycle bin has no such account after DELETE")

    async def bin_ids():
        found = await sandbox.graph.directory.deleted_items.graph_user.get()
        return {entry.id: entry for entry in found.value}

    found = await until("GET directory/deletedItems", bin_ids, lambda seen: key in seen)
    expect(found[key].display_name == before["display_name"], "the deleted item has another name")

    async def read():
        try:
            return await sandbox.graph.users.by_user_id(key).get()
        except Exception as error:
            same("status of a read of a deleted user", getattr(error, "response_status_code", None), 404)
            return None

    await until("404 after DELETE", read, lambda seen: seen is None)
    bin_item = sandbox.graph.directory.deleted_items.by_directory_object_id(key)
    back = await bin_item.restore.post()
    same("id in the reply of restore", back.id, key)
    after = sandbox.truth()
    expect(key in after["users"], "the world has no account after restore")
    expect(key not in after["deleted_users"], "the recycle bin still has the account after restore")
    same("UPN after restore", after["users"][key]["user_principal_name"], before["user_principal_name"])
    same(
        "groups after restore",
        sorted(name for name, group in after["groups"].items() if key in group["members"]),
        groups,
    )
    await until("GET after restore", read, lambda seen: seen is not None)
    try:
        await bin_item.restore.post()
    except Exception as error:
        same("status of a second restore", getattr(error, "response_status_code", None), 404)
    else:
        raise AssertionError("a second restore of the same account was accepted")


async def created_then_gone(sandbox: Sandbox, key: str) -> None:
    """A person made through the SDK can be deleted and is then purged from the recycle bin."""
    await sandbox.graph.users.by_user_id(key).delete()
    expect(key in sandbox.truth()["deleted_users"], "the recycle bin has no account that was just deleted")
    await sandbox.graph.directory.deleted_items.by_directory_object_id(key).delete()
    after = sandbox.truth()
    expect(key not in after["deleted_users"], "the recycle bin still has the account after it was purged")
    expect(key not in after["users"], "a purged account is back among the users")
