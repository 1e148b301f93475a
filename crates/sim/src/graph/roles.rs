//! Directory roles: definitions, active assignments, eligible schedules.
//!
//! Source: Graph rbacapplication and unifiedRoleEligibilityScheduleRequest pages.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::query::{self, Rules};
use super::users::time;
use super::{Ask, Outcome, bad_request, error, not_found, schema};
use crate::call::Answer;
use crate::cloud::Visit;
use crate::world::{Eligibility, RoleAssignment, RoleDefinition, Tenant};

const ASSIGNMENTS: Rules<'static> = Rules {
    context: "roleManagement/directory/roleAssignments",
    known: schema::UNIFIED_ROLE_ASSIGNMENT,
    default: &["id", "principalId", "directoryScopeId", "roleDefinitionId"],
    kind: "microsoft.graph.unifiedRoleAssignment",
    page: [100, 999],
};

const DEFINITIONS: Rules<'static> = Rules {
    context: "roleManagement/directory/roleDefinitions",
    known: schema::UNIFIED_ROLE_DEFINITION,
    default: &[],
    kind: "microsoft.graph.unifiedRoleDefinition",
    page: [100, 999],
};

const ELIGIBILITIES: Rules<'static> = Rules {
    context: "roleManagement/directory/roleEligibilitySchedules",
    known: schema::UNIFIED_ROLE_ELIGIBILITY_SCHEDULE,
    default: &[],
    kind: "microsoft.graph.unifiedRoleEligibilitySchedule",
    page: [100, 999],
};

fn definition_value(id: &str, role: &RoleDefinition) -> Value {
    json!({
        "id": id,
        "description": null,
        "displayName": role.display_name,
        "isBuiltIn": true,
        "isEnabled": true,
        "resourceScopes": ["/"],
        "templateId": id,
        "version": "1",
        "rolePermissions": [],
    })
}

fn assignment_value(
    tenant: &Tenant,
    ask: &Ask<'_>,
    id: &str,
    assignment: &RoleAssignment,
) -> Value {
    let mut item = json!({
        "id": id,
        "principalId": assignment.principal_id,
        "directoryScopeId": assignment.directory_scope_id,
        "roleDefinitionId": assignment.role_definition_id,
    });
    expand(tenant, ask, &assignment.role_definition_id, &mut item);
    item
}

fn expand(tenant: &Tenant, ask: &Ask<'_>, role: &str, item: &mut Value) {
    if ask
        .call
        .option("$expand")
        .is_some_and(|expand| expand.contains("roleDefinition"))
        && let Some(known) = tenant.role_definitions.get(role)
    {
        item["roleDefinition"] = definition_value(role, known);
    }
}

pub(super) fn definitions(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let roles = &visit.seen().role_definitions;
    query::list(
        ask,
        roles
            .iter()
            .map(|(id, role)| definition_value(id, role))
            .collect(),
        &DEFINITIONS,
    )
}

pub(super) fn definition(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let role = visit
        .seen()
        .role_definitions
        .get(ask.id(0))
        .ok_or_else(|| not_found(ask.id(0)))?;
    query::single(ask, definition_value(ask.id(0), role), &DEFINITIONS)
}

pub(super) fn assignments(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let tenant = visit.seen();
    let items = tenant
        .role_assignments
        .iter()
        .map(|(id, assignment)| assignment_value(tenant, ask, id, assignment))
        .collect();
    query::list(ask, items, &ASSIGNMENTS)
}

pub(super) fn assignment(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let tenant = visit.seen();
    let found = tenant
        .role_assignments
        .get(ask.id(0))
        .ok_or_else(|| not_found(ask.id(0)))?;
    query::single(
        ask,
        assignment_value(tenant, ask, ask.id(0), found),
        &ASSIGNMENTS,
    )
}

struct Grant {
    principal: String,
    role: String,
    scope: String,
}

fn grant(ask: &Ask<'_>) -> Result<Grant, Answer> {
    let body = ask.body()?;
    let field = |name: &str| {
        let text = body.get(name).and_then(Value::as_str).map(str::to_owned);
        text.ok_or_else(|| bad_request(&format!("The property '{name}' is required.")))
    };
    Ok(Grant {
        principal: field("principalId")?,
        role: field("roleDefinitionId")?,
        scope: field("directoryScopeId")?,
    })
}

pub(super) fn add_assignment(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let Grant {
        principal,
        role,
        scope,
    } = grant(ask)?;
    let id = visit.new_id("role assignment");
    let made = RoleAssignment {
        principal_id: principal,
        role_definition_id: role,
        directory_scope_id: scope,
    };
    visit.change("POST /roleManagement/directory/roleAssignments", |tenant| {
        if !tenant.role_definitions.contains_key(&made.role_definition_id) || !tenant.knows(&made.principal_id) {
            return Err(not_found(&made.principal_id));
        }
        if tenant.role_assignments.values().any(|known| *known == made) {
            return Err(bad_request("A conflicting object with one or more of the specified property values is present in the directory."));
        }
        tenant.role_assignments.insert(id.clone(), made.clone());
        Ok(())
    })?;
    Ok(Answer::json(
        201,
        assignment_value(visit.primary(), ask, &id, &made),
    ))
}

pub(super) fn remove_assignment(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    visit.change(
        "DELETE /roleManagement/directory/roleAssignments/{id}",
        |tenant| {
            tenant
                .role_assignments
                .remove(ask.id(0))
                .map(|_| ())
                .ok_or_else(|| not_found(ask.id(0)))
        },
    )?;
    Ok(Answer::empty(204))
}

fn eligibility_value(tenant: &Tenant, ask: &Ask<'_>, id: &str, eligibility: &Eligibility) -> Value {
    let since = time(eligibility.created_date_time);
    let mut item = json!({
        "id": id,
        "principalId": eligibility.principal_id,
        "roleDefinitionId": eligibility.role_definition_id,
        "directoryScopeId": eligibility.directory_scope_id,
        "appScopeId": null,
        "createdUsing": id,
        "createdDateTime": since,
        "modifiedDateTime": since,
        "status": "Provisioned",
        "memberType": "Direct",
        "scheduleInfo": {"startDateTime": since, "recurrence": null, "expiration": {"type": "noExpiration", "endDateTime": null, "duration": null}},
    });
    expand(tenant, ask, &eligibility.role_definition_id, &mut item);
    item
}

pub(super) fn eligibilities(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let tenant = visit.seen();
    let items = tenant
        .eligibilities
        .iter()
        .map(|(id, known)| eligibility_value(tenant, ask, id, known))
        .collect();
    query::list(ask, items, &ELIGIBILITIES)
}

pub(super) fn request_eligibility(visit: &mut Visit<'_>, ask: &Ask<'_>) -> Outcome {
    let Grant {
        principal,
        role,
        scope,
    } = grant(ask)?;
    let body = ask.body()?;
    let action = body
        .get("action")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let (id, now) = (visit.new_id("eligibility request"), visit.now());
    let operation =
        format!("POST /roleManagement/directory/roleEligibilityScheduleRequests {action}");
    let same = |known: &Eligibility| {
        known.principal_id == principal
            && known.role_definition_id == role
            && known.directory_scope_id == scope
    };
    visit.change(&operation, |tenant| match action.as_str() {
        "adminRemove" => {
            let found = tenant
                .eligibilities
                .iter()
                .find(|(_, known)| same(known))
                .map(|(id, _)| id.clone());
            let found = found.ok_or_else(|| {
                error(
                    400,
                    "RoleAssignmentDoesNotExist",
                    "The Role assignment does not exist.",
                )
            })?;
            tenant.eligibilities.remove(&found);
            Ok(())
        }
        "adminAssign" => {
            if tenant.eligibilities.values().any(same) {
                return Err(error(
                    400,
                    "RoleAssignmentExists",
                    "The Role assignment already exists.",
                ));
            }
            let made = Eligibility {
                principal_id: principal.clone(),
                role_definition_id: role.clone(),
                directory_scope_id: scope.clone(),
                created_date_time: now,
            };
            tenant.eligibilities.insert(id.clone(), made);
            Ok(())
        }
        _ => Err(bad_request("The specified action is not supported.")),
    })?;
    Ok(Answer::json(201, request_value(ask, &id, now)?))
}

fn request_value(ask: &Ask<'_>, id: &str, now: Timestamp) -> Result<Value, Answer> {
    let body = ask.body()?;
    let removed = body
        .get("action")
        .is_some_and(|action| action == "adminRemove");
    Ok(json!({
        "@odata.context": ask.context("roleManagement/directory/roleEligibilityScheduleRequests/$entity"),
        "id": id,
        "status": if removed { "Revoked" } else { "Provisioned" },
        "createdDateTime": time(now),
        "completedDateTime": time(now),
        "action": body.get("action"),
        "principalId": body.get("principalId"),
        "roleDefinitionId": body.get("roleDefinitionId"),
        "directoryScopeId": body.get("directoryScopeId"),
        "isValidationOnly": false,
        "justification": body.get("justification"),
    }))
}
