//! `register-phone-method`: the mobile phone from the request can be used for the second factor.

use async_trait::async_trait;
use connectors::Meaning;
use connectors::graph::{Call, Path};
use domain::joiner::wanted;
use domain::plan::{Remark, Weight};
use domain::planner::Proposal;
use domain::request::Kind;
use domain::spec::{Budget, Effect, ObjectKind, ObjectRef, StepSpec};
use engine::hands::{Applied, Problem, Seen, Task};
use serde_json::{Value, json};

use crate::cx::{Cx, Tried, applied, takes_away, text, wanted as after, who};
use crate::phone;
use crate::remove_auth_methods::plain_kind;
use crate::settings::{self, NoSettings};
use crate::step::{About, Step, change};
use crate::wish::Wish;

/// Registers the mobile phone for sign-in.
pub(crate) struct RegisterPhoneMethod;

const ABOUT: About = About {
    name: "register-phone-method",
    version: 1,
    purpose: "Registers the mobile number from the request as a way to prove who one is at sign-in.",
    aliases: &[],
    kinds: &[Kind::Onboard],
    default_on: false,
    fields: &[],
    permissions: &["UserAuthenticationMethod.ReadWrite.All"],
    schema: settings::schema::<NoSettings>,
    defaults: settings::defaults::<NoSettings>,
    check: settings::check::<NoSettings>,
};

/// The mobile phone's id, the same for everybody. Source: Graph, phoneAuthenticationMethod.
const MOBILE: &str = "3179e48a-750b-4051-897c-87b9720928f7";

#[async_trait]
impl Step for RegisterPhoneMethod {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn propose(&self, wish: &Wish<'_>, out: &mut Proposal) {
        let wanted = wanted(wish.request, wish.policy);
        let Some(written) = wanted.profile.get("mobile") else {
            return;
        };
        let mut methods = wish.facts.methods.iter();
        if methods.any(|one| plain_kind(&one.kind) == "phone" && one.id.as_str() == MOBILE) {
            out.remarks.push(Remark::new(
                Weight::Note,
                format!(
                    "{} has registered a mobile phone already: it stays as it is.",
                    wish.name()
                ),
            ));
            return;
        }
        let site = wanted.site.as_ref();
        let country = site.map(|site| site.usage_location.as_str());
        match phone::international(written, country) {
            Ok(number) => out.specs.push(StepSpec {
                budget: Budget::DIRECTORY,
                ..ABOUT.spec(
                    format!("Register {number} for the sign-in of {}", wish.name()),
                    vec![change(
                        ObjectRef::new(ObjectKind::Method, &MOBILE.into(), "mobile phone"),
                        "number",
                        Value::Null,
                        number,
                    )],
                    vec![Effect::RegistersMethod],
                )
            }),
            Err(why) => out.remarks.push(Remark::new(
                Weight::Caution,
                format!("The mobile number “{written}” is not registered for sign-in: {why}. Write it as +<country code> <number>."),
            )),
        }
    }

    async fn observe(&self, cx: &Cx<'_>, task: &Task<'_>) -> Result<Vec<Seen>, Problem> {
        let phones = cx.list(task, &collection(task)).await?;
        let mobile = phones
            .iter()
            .find(|phone| text(phone, "id").eq_ignore_ascii_case(MOBILE));
        let change = &task.spec.changes[0];
        let value = match mobile.map(|phone| text(phone, "phoneNumber")) {
            None => Value::Null,
            // The service may write the same number with other blanks.
            Some(number) => [after(change), &change.now]
                .into_iter()
                .find(|known| {
                    known
                        .as_str()
                        .is_some_and(|known| phone::same(known, number))
                })
                .cloned()
                .unwrap_or_else(|| number.into()),
        };
        Ok(vec![Seen::Value { value }])
    }

    async fn apply(&self, cx: &Cx<'_>, task: &Task<'_>, todo: &[usize]) -> Applied {
        let change = &task.spec.changes[0];
        if takes_away(change) {
            let path = Path::of(["users", who(task), "authentication", "phoneMethods", MOBILE]);
            let result = cx.write(task, 0, Call::delete(path)).await;
            return applied(task, [Tried::one(task, 0, result)]);
        }
        let body = json!({ "phoneNumber": after(change), "phoneType": "mobile" });
        let result = cx.write(task, 0, Call::post(collection(task), body)).await;
        let mut tried = Tried::all(todo, result);
        // Whether it is this number, the read that follows tells.
        tried.already = tried
            .result
            .as_ref()
            .is_err_and(|error| error.means(Meaning::PhoneExists));
        applied(task, [tried])
    }
}

fn collection(task: &Task<'_>) -> Path {
    Path::of(["users", who(task), "authentication", "phoneMethods"])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{field, joiner, propose_joiner};
    use domain::facts::Method;

    const ON: &[(&str, &str)] = &[("register-phone-method", "{}")];

    #[test]
    fn a_number_is_registered_when_it_is_clear_which_one_is_meant() {
        let mut facts = joiner();
        let out = propose_joiner(&RegisterPhoneMethod, &facts, ON, |_, _| {});
        assert_eq!(out, Proposal::default());
        let out = propose_joiner(&RegisterPhoneMethod, &facts, ON, |request, _| {
            field(request, "mobile", "07700 900148");
        });
        assert_eq!(*after(&out.specs[0].changes[0]), "+44 7700900148");
        let unclear = |request: &mut _, _: &mut _| field(request, "mobile", "7700 900148");
        let out = propose_joiner(&RegisterPhoneMethod, &facts, ON, unclear);
        assert!(out.specs.is_empty());
        assert_eq!(out.remarks[0].weight, Weight::Caution);
        facts.methods = vec![Method {
            id: MOBILE.into(),
            kind: "#microsoft.graph.phoneAuthenticationMethod".to_owned(),
            name: "mobile".to_owned(),
        }];
        let out = propose_joiner(&RegisterPhoneMethod, &facts, ON, unclear);
        assert!(out.specs.is_empty() && out.remarks[0].weight == Weight::Note);
    }
}
