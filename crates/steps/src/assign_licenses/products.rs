//! Which of the tenant's licences is meant by a name as written.

use domain::ObjectId;
use domain::facts::{ServicePlan, Sku};
use domain::joiner::Wanted;
use domain::plan::{Remark, Weight};
use domain::planner::{Proposal, Refusal};

use super::title;
use crate::joining;
use crate::wish::Wish;

/// A licence that the person shall get directly.
#[derive(Clone, Debug)]
pub(super) struct Given<'a> {
    /// The licence.
    pub(super) sku: &'a Sku,
    /// The services in it that are switched off.
    pub(super) without: Vec<&'a ServicePlan>,
    /// On whose account.
    pub(super) because: String,
}

/// The licences of all wishes; a refusal for each that means none or several.
pub(super) fn resolve<'a>(wish: &Wish<'a>, asked: &Wanted, out: &mut Proposal) -> Vec<Given<'a>> {
    let skus = &wish.facts.tenant.skus;
    let mut given: Vec<Given<'a>> = Vec::new();
    for one in &asked.licences {
        let written = one.wish.licence();
        let sku = match named(skus, written) {
            Ok(sku) => sku,
            Err(candidates) => {
                joining::refuse(out, unclear(written, &one.because, &candidates, skus));
                continue;
            }
        };
        let mut without = Vec::new();
        for name in one.wish.without() {
            match sku
                .plans
                .iter()
                .find(|plan| plan.name.eq_ignore_ascii_case(name.trim()))
            {
                Some(plan) => without.push(plan),
                None => joining::refuse(
                    out,
                    Refusal::new(
                        "unknown-service",
                        format!(
                            "{} gives {} without {name}, and there is no such service in it",
                            one.because,
                            title(sku)
                        ),
                        services(sku),
                    ),
                ),
            }
        }
        if !given.iter().any(|other| other.sku.id == sku.id) {
            given.push(Given {
                sku,
                without,
                because: one.because.clone(),
            });
        }
    }
    given
}

/// Tells of licences that the request asks for and the policy does not allow; what the person gets anyway, under whatever name, is no
/// news.
pub(super) fn not_allowed(wish: &Wish<'_>, asked: &Wanted, gets: &[&ObjectId], out: &mut Proposal) {
    for written in &asked.licences_not_allowed {
        let sku = named(&wish.facts.tenant.skus, written);
        if sku.is_ok_and(|sku| gets.contains(&&sku.id)) {
            continue;
        }
        let text = format!(
            "Licence “{written}” is asked for and not allowed by policy, so it is not given: [asks] licences does not name it."
        );
        out.remarks.push(Remark::new(Weight::Caution, text));
    }
}

fn services(sku: &Sku) -> String {
    let plans: Vec<&str> = sku.plans.iter().map(|plan| plan.name.as_str()).collect();
    format!("its services are {}", plans.join(", "))
}

fn unclear(written: &str, because: &str, candidates: &[&Sku], skus: &[Sku]) -> Refusal {
    let list = |skus: &[&Sku]| {
        let names: Vec<String> = skus
            .iter()
            .map(|sku| format!("{} ({})", title(sku), sku.name))
            .collect();
        names.join(", ")
    };
    if candidates.is_empty() {
        let all: Vec<&Sku> = skus.iter().collect();
        return Refusal::new(
            "unknown-licence",
            format!("{because} gives “{written}”, and the tenant has no licence of that name"),
            format!("it has {}; correct the name, or buy it", list(&all)),
        );
    }
    Refusal::new(
        "ambiguous-licence",
        format!(
            "{because} gives “{written}”, and that can be any of {}",
            list(candidates)
        ),
        "write the part number or the whole product name",
    )
}

/// The licence meant: its part number, its product name, or the product name without the family in front (`E3`), if only one has it.
///
/// # Errors
/// Everything that it can mean, when that is not one.
pub(super) fn named<'a>(skus: &'a [Sku], written: &str) -> Result<&'a Sku, Vec<&'a Sku>> {
    let whole = spelt(written);
    let exact = |sku: &&Sku| {
        spelt(&sku.name) == whole || sku.titles.iter().any(|title| spelt(title) == whole)
    };
    let loose = |sku: &&Sku| {
        sku.titles
            .iter()
            .any(|title| bare(&spelt(title)) == bare(&whole))
    };
    // Somebody who writes the family out means that family.
    let found: Vec<&Sku> = skus.iter().filter(exact).collect();
    let found = if found.is_empty() && bare(&whole) == whole {
        skus.iter().filter(loose).collect()
    } else {
        found
    };
    match found.as_slice() {
        [one] => Ok(one),
        _ => Err(found),
    }
}

/// One spelling: lower case, single blanks, families and the word for licence as Microsoft's product names have them.
fn spelt(text: &str) -> String {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower
        .split_whitespace()
        .filter(|word| !["licence", "license", "licences", "licenses"].contains(word))
        .map(|word| match word {
            "m365" | "ms365" => "microsoft 365",
            "o365" => "office 365",
            word => word,
        })
        .collect();
    words.join(" ")
}

/// Without the family in front.
fn bare(spelt: &str) -> &str {
    ["microsoft 365 ", "office 365 ", "microsoft "]
        .iter()
        .find_map(|family| spelt.strip_prefix(family))
        .unwrap_or(spelt)
}
