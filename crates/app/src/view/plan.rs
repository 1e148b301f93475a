//! A plan as an approver reads it: what to know first, then each object with now -> after, then what cannot be undone.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use domain::StepKey;
use domain::plan::{Plan, StoredPlan, Weight};
use domain::request::{Kind, Request, Span, When};
use domain::spec::{Change, Expect, ObjectKind, Reversal, StepSpec};
use serde_json::Value;

use super::style::{CARE, DANGER, DIM, HEAD, pad, paint, plain};

/// The whole plan as text, with what was asked for in the words it was asked in.
pub(crate) fn render(stored: &StoredPlan, request: &Request) -> String {
    let mut out = String::new();
    head(&mut out, stored);
    asked(&mut out, request);
    remarks(&mut out, &stored.plan);
    changes(&mut out, &stored.plan);
    order(&mut out, &stored.plan);
    moments(&mut out, &stored.plan);
    by_hand(&mut out, &stored.plan);
    lasting(&mut out, &stored.plan);
    foot(&mut out, stored);
    out
}

/// What was asked for, each with the words it was read from; orders hidden in the text and lines nobody understood stand out.
fn asked(out: &mut String, request: &Request) {
    if request.origin.channel != "ticket" {
        return;
    }
    let subject = request.origin.subject.as_deref().unwrap_or("no subject");
    let _ = writeln!(out, "\n{}", paint(HEAD, &format!("Asked for: “{subject}”")));
    let hint = &request.person;
    let person = [
        ("person", &hint.address),
        ("name", &hint.name),
        ("employee id", &hint.employee_id),
    ];
    for (name, cited) in person {
        if let Some(cited) = cited {
            said(out, name, &cited.value, cited.span.as_ref());
        }
    }
    if let Some(when) = &request.when {
        said(
            out,
            "when",
            &moment(request.kind, &when.value),
            when.span.as_ref(),
        );
    }
    for (name, cited) in &request.fields {
        match name.as_str() {
            "flagged" => {
                for line in cited.value.lines() {
                    let _ = writeln!(
                        out,
                        "  {} not followed: {}",
                        paint(DANGER, "!!"),
                        plain(line)
                    );
                }
            }
            "unread" => {
                for line in cited.value.lines() {
                    let _ = writeln!(
                        out,
                        "  {} not understood: {}",
                        paint(CARE, "! "),
                        plain(line)
                    );
                }
            }
            _ => said(out, name, &cited.value, cited.span.as_ref()),
        }
    }
}

fn moment(kind: Kind, when: &When) -> String {
    match when {
        When::On(date) if kind == Kind::Onboard => format!("{date}, start of the working day"),
        When::Now => "at once".to_owned(),
        When::At(at) => at.to_string(),
        When::On(date) => format!("{date}, end of the working day"),
    }
}

fn said(out: &mut String, name: &str, value: &str, span: Option<&Span>) {
    let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
    let source = match span {
        Some(span) if span.text.split_whitespace().ne(value.split_whitespace()) => {
            paint(DIM, &format!("  ← “{}”", cut(&span.text, 48)))
        }
        _ => String::new(),
    };
    let _ = writeln!(out, "     {} {}{source}", pad(name, 14), cut(&value, 78));
}

fn cut(text: &str, width: usize) -> String {
    let line = plain(&text.split_whitespace().collect::<Vec<_>>().join(" "));
    if line.chars().count() <= width {
        return line;
    }
    format!("{}…", line.chars().take(width - 1).collect::<String>())
}

fn head(out: &mut String, stored: &StoredPlan) {
    let plan = &stored.plan;
    let title = format!("Plan {}", stored.id);
    let _ = writeln!(
        out,
        "{}  {} {} <{}>  tenant {}",
        paint(HEAD, &title),
        if plan.only.is_some() {
            "action"
        } else {
            plan.kind.word()
        },
        plain(&plan.person.name),
        plain(&plan.upn),
        plan.tenant
    );
    let start = plan.at.map_or_else(
        || "as soon as it is approved".to_owned(),
        |at| format!("at {at}"),
    );
    let _ = writeln!(
        out,
        "{}",
        paint(
            DIM,
            &format!(
                "digest {}  ·  starts {start}  ·  asked for by {}",
                stored.digest.short(),
                plan.requester
            )
        )
    );
    let _ = writeln!(
        out,
        "{}",
        paint(DIM, &format!("facts read {:.0}", stored.read_at))
    );
}

fn remarks(out: &mut String, plan: &Plan) {
    if plan.remarks.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", paint(HEAD, "Read this first"));
    for remark in &plan.remarks {
        let (mark, style) = match remark.weight {
            Weight::Danger => ("!!", DANGER),
            Weight::ByHand => ("→ ", CARE),
            Weight::Caution => ("! ", CARE),
            Weight::Note => ("· ", DIM),
        };
        let hand = if remark.weight == Weight::ByHand {
            " This is for a human, and a finding keeps it open."
        } else {
            ""
        };
        let _ = writeln!(
            out,
            "  {} {}",
            paint(style, mark),
            indent(&format!("{}{hand}", remark.text), 5)
        );
    }
}

/// Wraps a long text so that its lines stand under its first word.
fn indent(text: &str, by: usize) -> String {
    let mut lines = vec![String::new()];
    let text = plain(text);
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always a line");
        if !line.is_empty() && line.chars().count() + word.chars().count() + by > 110 {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.join(&format!("\n{}", " ".repeat(by)))
}

/// Steps that wait for a moment of their own.
fn moments(out: &mut String, plan: &Plan) {
    let waiting: Vec<_> = plan
        .steps
        .iter()
        .filter_map(|spec| Some((spec, spec.not_before?)))
        .collect();
    if waiting.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", paint(HEAD, "Not before"));
    for (spec, moment) in waiting {
        let moment = moment.strftime("%Y-%m-%d %H:%M UTC").to_string();
        let _ = writeln!(
            out,
            "    {} {}",
            pad(&moment, 34),
            paint(DIM, spec.key.as_str())
        );
    }
}

/// What people are asked to do themselves, and by when.
fn by_hand(out: &mut String, plan: &Plan) {
    for spec in &plan.steps {
        let Some(work) = &spec.by_hand else {
            continue;
        };
        let title = format!(
            "{} is asked, within {} hours",
            plain(&work.assignee),
            work.within_hours
        );
        let _ = writeln!(
            out,
            "\n{}  {}",
            paint(HEAD, &title),
            paint(DIM, spec.key.as_str())
        );
        for line in &work.instructions {
            let _ = writeln!(out, "  {} {}", paint(CARE, "→ "), indent(line, 5));
        }
    }
}

fn heading(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::Person => "Account",
        ObjectKind::Group => "Groups",
        ObjectKind::List => "Lists",
        ObjectKind::Mailbox => "Mailboxes",
        ObjectKind::License => "Licences",
        ObjectKind::Role => "Administrative roles",
        ObjectKind::Method => "Sign-in methods",
        ObjectKind::Device => "Devices",
        ObjectKind::Rule => "Mailbox rules",
        ObjectKind::Meeting => "Meetings",
        ObjectKind::Application => "Applications",
        ObjectKind::Message => "Messages",
        ObjectKind::Number => "Numbers",
        ObjectKind::Manual => "By hand",
    }
}

fn changes(out: &mut String, plan: &Plan) {
    let mut by_kind: BTreeMap<ObjectKind, Vec<(&StepSpec, &Change)>> = BTreeMap::new();
    for spec in &plan.steps {
        for change in &spec.changes {
            by_kind
                .entry(change.object.kind)
                .or_default()
                .push((spec, change));
        }
    }
    let count: usize = by_kind.values().map(Vec::len).sum();
    let title = format!(
        "What changes: {count} changes in {} steps",
        plan.steps.len()
    );
    let _ = writeln!(
        out,
        "\n{}  {}",
        paint(HEAD, &title),
        paint(DIM, "* cannot be undone")
    );
    for (kind, mut lines) in by_kind {
        let _ = writeln!(out, "  {}", paint(HEAD, heading(kind)));
        // One object's changes stand together, in the order of its first change.
        let places: Vec<_> = lines
            .iter()
            .map(|(_, change)| change.object.id.clone())
            .collect();
        lines.sort_by_key(|(_, change)| places.iter().position(|id| *id == change.object.id));
        let mut last = "";
        for (spec, change) in lines {
            let name = if change.object.name == last {
                ""
            } else {
                change.object.name.as_str()
            };
            last = &change.object.name;
            let mark = match change.reversal {
                Reversal::Return => " ".to_owned(),
                Reversal::CannotReturn(_) => paint(CARE, "*"),
                Reversal::ApprovedApart(_) => paint(DANGER, "!"),
            };
            let what = format!(
                "{}: {} → {}",
                change.property,
                say(&change.now),
                expected(change)
            );
            let _ = writeln!(
                out,
                "    {} {} {mark} {}",
                pad(name, 33),
                pad(&what, 58),
                paint(DIM, spec.key.as_str())
            );
        }
    }
}

fn expected(change: &Change) -> String {
    match &change.after {
        Expect::Later => "renewed".to_owned(),
        Expect::Is(Value::Null) => "removed".to_owned(),
        Expect::Is(value) => say(value),
    }
}

/// A value in a cell of the table. A time loses its fraction of a second.
fn say(value: &Value) -> String {
    match value {
        Value::Null => "—".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) if text.trim().is_empty() => "—".to_owned(),
        Value::String(text) => match text.parse::<jiff::Timestamp>() {
            Ok(at) => format!("{at:.0}"),
            Err(_) => cut(text, 40),
        },
        Value::Array(items) => items.iter().map(say).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// Steps by how soon they can begin: what stands in one line goes side by side.
fn order(out: &mut String, plan: &Plan) {
    let mut levels: BTreeMap<&StepKey, usize> = BTreeMap::new();
    let mut lines: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for spec in &plan.steps {
        let level = spec
            .edges
            .iter()
            .filter_map(|edge| levels.get(edge.key()))
            .max()
            .map_or(1, |level| level + 1);
        levels.insert(&spec.key, level);
        lines.entry(level).or_default().push(spec.key.as_str());
    }
    let _ = writeln!(
        out,
        "\n{}  {}",
        paint(HEAD, "In this order"),
        paint(DIM, "one line side by side")
    );
    for (level, keys) in lines {
        let _ = writeln!(out, "    {level:>2}  {}", indent(&keys.join(", "), 8));
    }
}

fn lasting(out: &mut String, plan: &Plan) {
    let mut apart = Vec::new();
    let mut covered: BTreeMap<&str, (&str, usize)> = BTreeMap::new();
    for spec in &plan.steps {
        for change in &spec.changes {
            match &change.reversal {
                Reversal::Return => {}
                Reversal::CannotReturn(because) => {
                    covered.entry(spec.key.as_str()).or_insert((because, 0)).1 += 1
                }
                Reversal::ApprovedApart(because) => apart.push((spec, because)),
            }
        }
    }
    if !covered.is_empty() {
        let _ = writeln!(
            out,
            "\n{}",
            paint(HEAD, "Cannot be undone, and this approval covers it")
        );
        for (key, (because, count)) in covered {
            let _ = writeln!(
                out,
                "    {} {}",
                pad(&format!("{key} ({count})"), 34),
                because
            );
        }
    }
    if !apart.is_empty() {
        let _ = writeln!(
            out,
            "\n{}",
            paint(
                DANGER,
                "Cannot be undone, and waits for an approval of its own"
            )
        );
        for (spec, because) in apart {
            let _ = writeln!(out, "    {} {because}", pad(spec.key.as_str(), 34));
        }
    }
}

fn foot(out: &mut String, stored: &StoredPlan) {
    let need = &stored.plan.approval;
    let people = if need.people == 1 {
        "one approval".to_owned()
    } else {
        format!("{} approvals by different people", need.people)
    };
    let because = need
        .because
        .as_ref()
        .map(|because| format!(", because {because}"))
        .unwrap_or_default();
    let _ = writeln!(
        out,
        "\n{}",
        paint(
            DIM,
            &format!("Needs {people}{because}. Nothing has been changed yet.")
        )
    );
    let _ = writeln!(
        out,
        "Approve exactly this plan:  tenure approve {} --as NAME",
        stored.id
    );
}

/// What reading the tenant for it has cost.
pub(crate) fn spent(reads: u64, scan: u64) -> String {
    paint(
        DIM,
        &format!(
            "Read with {reads} requests, and {scan} more to look through all mailboxes for rights.\n"
        ),
    )
}
