//! What the pages can do, and the call that does the same: a new page without its call fails here.

use std::collections::BTreeSet;

use crate::web::{Needs, routes};

/// What stands for a page among the calls.
enum Same {
    /// This call.
    Call(&'static str),
    /// None, and why.
    None(&'static str),
}

use Same::{Call, None};

const T: &str = "/api/v1/tenants/{tenant}";

/// Every page that changes something or carries something out, with its call. A call beginning with `~` stands below a tenant.
const SAME: &[(&str, Same)] = &[
    ("/tenants/connect", Call("POST /api/v1/tenants")),
    ("/t/{tenant}/renew", Call("PUT ~/credential")),
    (
        "/t/{tenant}/findings/{run}/{number}/handle",
        Call("POST ~/runs/{run}/findings/{number}/handled"),
    ),
    (
        "/t/{tenant}/findings/{run}/{number}/reopen",
        Call("POST ~/runs/{run}/findings/{number}/open"),
    ),
    (
        "/t/{tenant}/findings/{run}/{number}/look",
        Call("POST ~/runs/{run}/findings/{number}/look"),
    ),
    (
        "/t/{tenant}/findings/{run}/{number}/plan",
        Call("POST ~/runs/{run}/findings/{number}/plan"),
    ),
    ("/t/{tenant}/ledger/verify", Call("POST ~/ledger/verify")),
    (
        "/link/{token}",
        None("whoever holds the link has no account; it opens once, in a browser"),
    ),
    (
        "/t/{tenant}/plans/{plan}/approve",
        Call("POST ~/plans/{plan}/approvals"),
    ),
    (
        "/t/{tenant}/plans/{plan}/refuse",
        Call("POST ~/plans/{plan}/refusal"),
    ),
    (
        "/t/{tenant}/plans/{plan}/take-back",
        Call("DELETE ~/plans/{plan}/approvals"),
    ),
    (
        "/t/{tenant}/plans/{plan}/begin",
        Call("POST ~/plans/{plan}/run"),
    ),
    (
        "/t/{tenant}/plans/{plan}/comment",
        Call("POST ~/plans/{plan}/comments"),
    ),
    (
        "/t/{tenant}/plans/{plan}/again",
        Call("POST ~/plans/{plan}/again"),
    ),
    (
        "/t/{tenant}/plans/{plan}/choose",
        Call("POST ~/plans/{plan}/choose"),
    ),
    (
        "/t/{tenant}/plans/{plan}/rehearsal",
        None(
            "a rehearsal is watched on its page, and changes nothing that a program could go on from",
        ),
    ),
    (
        "/t/{tenant}/plans/{plan}/look",
        Call("POST ~/plans/{plan}/look"),
    ),
    (
        "/t/{tenant}/policy",
        Call("POST ~/policy/versions/{version}/restore"),
    ),
    ("/t/{tenant}/policy/check", Call("POST ~/policy/check")),
    ("/t/{tenant}/policy/try", Call("POST ~/policy/try")),
    ("/t/{tenant}/policy/apply", Call("PUT ~/policy")),
    ("/t/{tenant}/requests/new", Call("POST ~/requests/offboard")),
    (
        "/t/{tenant}/requests/{request}",
        Call("POST ~/requests/{request}/answers"),
    ),
    (
        "/t/{tenant}/runs/{run}/pause",
        Call("POST ~/runs/{run}/steering"),
    ),
    (
        "/t/{tenant}/runs/{run}/resume",
        Call("POST ~/runs/{run}/steering"),
    ),
    (
        "/t/{tenant}/runs/{run}/stop",
        Call("POST ~/runs/{run}/steering"),
    ),
    (
        "/t/{tenant}/runs/{run}/retry",
        Call("POST ~/runs/{run}/steering"),
    ),
    (
        "/t/{tenant}/runs/{run}/undo",
        Call("POST ~/runs/{run}/undo"),
    ),
    (
        "/t/{tenant}/runs/{run}/steps/{step}/done",
        Call("POST ~/runs/{run}/done"),
    ),
    (
        "/t/{tenant}/runs/{run}/steps/{step}/approve",
        Call("POST ~/plans/{plan}/approvals"),
    ),
    ("/sign-in", None("a program has a token, and no session")),
    ("/sign-out", Call("DELETE /api/v1/me/sessions/{session}")),
    (
        "/set-up/{token}",
        None("the first account is made by a person, before there is any token"),
    ),
    ("/settings/account/zone", Call("PUT /api/v1/me/zone")),
    (
        "/settings/account/sessions/{session}/end",
        Call("DELETE /api/v1/me/sessions/{session}"),
    ),
    (
        "/settings/account/sessions/end-others",
        Call("DELETE /api/v1/me/sessions"),
    ),
    (
        "/settings/account/delegations",
        Call("POST /api/v1/me/delegations"),
    ),
    (
        "/settings/account/delegations/{delegation}/end",
        Call("DELETE /api/v1/me/delegations/{delegation}"),
    ),
    ("/settings/operators", Call("POST /api/v1/operators")),
    (
        "/settings/operators/{operator}/roles",
        Call("PUT /api/v1/operators/{operator}/roles"),
    ),
    (
        "/settings/operators/{operator}/roles/remove",
        Call("PUT /api/v1/operators/{operator}/roles"),
    ),
    (
        "/settings/operators/{operator}/disable",
        Call("PUT /api/v1/operators/{operator}/state"),
    ),
    (
        "/settings/operators/{operator}/enable",
        Call("PUT /api/v1/operators/{operator}/state"),
    ),
    ("/settings/clients", Call("POST /api/v1/clients")),
    (
        "/settings/clients/{client}/revoke",
        Call("DELETE /api/v1/clients/{client}"),
    ),
    ("/settings/webhooks", Call("POST /api/v1/webhooks")),
    (
        "/settings/webhooks/{endpoint}/switch",
        Call("PUT /api/v1/webhooks/{endpoint}/state"),
    ),
    (
        "/settings/webhooks/{endpoint}/remove",
        Call("DELETE /api/v1/webhooks/{endpoint}"),
    ),
    (
        "/settings/webhooks/deliveries/{delivery}/again",
        Call("POST /api/v1/webhooks/deliveries/{delivery}/again"),
    ),
];

/// What a client may not do although the page's role would let it: a person answers for it.
const PEOPLE: &[&str] = &[
    "DELETE /api/v1/me/delegations/{delegation}",
    "GET /api/v1/me/delegations",
    "POST /api/v1/me/delegations",
    "DELETE /api/v1/me/sessions",
    "DELETE /api/v1/me/sessions/{session}",
    "GET /api/v1/me/sessions",
    "PUT /api/v1/me/zone",
];

fn whole(call: &str) -> String {
    call.replace('~', T)
}

#[test]
fn every_page_that_does_something_has_its_call_or_a_reason_why_not() {
    let calls: Vec<(String, Needs)> = super::calls()
        .calls
        .iter()
        .map(|call| (format!("{} {}", call.method, call.path), call.needs))
        .collect();
    let pages = routes().list();
    let pages: Vec<_> = pages
        .iter()
        .filter(|page| page.method == "POST" && !page.path.starts_with("/api/"))
        .collect();
    for page in &pages {
        let found = SAME.iter().find(|(path, _)| *path == page.path);
        let (_, same) = found.unwrap_or_else(|| {
            panic!(
                "POST {} has no call: make one, or say here why not",
                page.path
            )
        });
        match same {
            Call(name) => {
                let name = whole(name);
                let call = calls.iter().find(|(call, _)| *call == name);
                let (_, needs) = call.unwrap_or_else(|| panic!("there is no call {name}"));
                // The editor of a policy opens for whoever reads it; what it comes to is applied by an admin.
                if page.path != "/t/{tenant}/policy" {
                    assert_eq!(*needs, page.needs, "{} and {name}", page.path);
                }
            }
            None(why) => assert!(why.len() > 20, "{}", page.path),
        }
    }
    for (path, _) in SAME {
        assert!(
            pages.iter().any(|page| page.path == *path),
            "{path} is no page any more"
        );
    }
}

#[test]
fn what_only_people_may_is_this() {
    let api = super::calls();
    let found = api.calls.iter().filter(|call| call.doc.is_for_people);
    let found: BTreeSet<String> = found
        .map(|call| format!("{} {}", call.method, call.path))
        .collect();
    assert_eq!(found, PEOPLE.iter().map(|call| whole(call)).collect());
}
