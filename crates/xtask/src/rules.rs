//! `cargo xtask rules`: makes every plan that the switches can ask for, in many tenant shapes, and replays each on a small world to
//! read the damage. The judge shares no code with the order rules that it judges, and holds its own list of what must be refused.

mod contradictions;
mod damage;
mod effects;
mod joiners;
mod judge;
mod moves;
mod parts;
mod planted;
mod proposals;
mod refuse;
mod refuse_joiner;
mod script;
mod shapes;
mod switches;
mod synthetic;
#[cfg(test)]
mod tests;
mod world;

use std::fmt::Write as _;
use std::io::Write as _;
use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use anyhow::bail;
use domain::request::Kind;

use self::damage::RULES;
use self::judge::{Office, Tally, Tenant};
use self::planted::Planted;
use self::shapes::Shape;

/// How many cases a thread takes at a time.
const PORTION: usize = 512;

/// Judges everything and prints what was found.
///
/// # Errors
/// When a violation was found, a planted one was not, or a rule was never exercised.
pub(crate) fn run() -> anyhow::Result<()> {
    let began = Instant::now();
    let office = Office::open(Kind::Offboard)?;
    let shapes = shapes::all();
    let (tenants, gone_through) = survey(&shapes, &office)?;
    let mut tally = judge_all(&tenants, &office);
    let synthetic = planted::plant(&mut tally)?;
    let silent = silent(&tally, &synthetic);
    let mut text = table(&tally, &synthetic);
    let cases: usize = tenants.iter().map(|tenant| tenant.cases.len()).sum();
    _ = writeln!(text);
    let mut combinations = 0;
    for (book, who) in [
        (&switches::LEAVER, "leavers"),
        (&switches::JOINER, "joiners"),
    ] {
        let count = shapes
            .iter()
            .filter(|shape| shape.kind == book.kind)
            .count();
        combinations += count * book.combinations();
        _ = writeln!(
            text,
            "shapes of {who:<13}{count:>12}  ({} switches, {} combinations each)",
            book.count(),
            book.combinations()
        );
    }
    _ = writeln!(text, "combinations           {combinations:>12}");
    _ = writeln!(
        text,
        "gone through           {gone_through:>12}  (the others move switches that change no proposal there)"
    );
    _ = writeln!(
        text,
        "different proposals    {cases:>12}  (each judged once; the others propose exactly the same)"
    );
    _ = writeln!(text, "plans judged           {:>12}", tally.plans);
    _ = writeln!(text, "courses replayed       {:>12}", tally.courses);
    _ = writeln!(text, "refusals as listed     {:>12}", tally.refusals);
    _ = writeln!(text, "violations             {:>12}", tally.violations);
    _ = writeln!(
        text,
        "seconds                {:>12.1}",
        began.elapsed().as_secs_f64()
    );
    for (sort, (count, first)) in tally.sorts.iter().take(SHOWN) {
        _ = write!(text, "\n{count} x {sort}\nfirst: {first}");
    }
    for fault in &silent {
        _ = writeln!(text, "\n{fault}");
    }
    std::io::stdout().write_all(text.as_bytes())?;
    if tally.violations > 0 || !silent.is_empty() {
        bail!(
            "{} violations, {} rules or damages that nothing exercised",
            tally.violations,
            silent.len()
        );
    }
    Ok(())
}

/// How many sorts of violations are shown.
const SHOWN: usize = 12;

/// A shape's tenant, and how many combinations were gone through in it.
type Surveyed<'a> = anyhow::Result<(Tenant<'a>, usize)>;

/// Asks the steps of every shape, side by side; gives how many combinations were gone through.
fn survey<'a>(shapes: &'a [Shape], office: &Office) -> anyhow::Result<(Vec<Tenant<'a>>, usize)> {
    let next = AtomicUsize::new(0);
    let surveyed: Mutex<Vec<(usize, Surveyed<'a>)>> = Mutex::default();
    side_by_side(|| {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(shape) = shapes.get(at) else { return };
            let tenant = Tenant::survey(shape, office).and_then(|mut tenant| {
                let gone_through = tenant.gather_all()?;
                Ok((tenant, gone_through))
            });
            surveyed
                .lock()
                .expect("nobody panics with the list in hand")
                .push((at, tenant));
        }
    });
    let mut surveyed = surveyed
        .into_inner()
        .expect("a panic would have ended the scope");
    surveyed.sort_by_key(|(at, _)| *at);
    let mut tenants = Vec::with_capacity(surveyed.len());
    let mut all = 0;
    for (_, surveyed) in surveyed {
        let (tenant, gone_through) = surveyed?;
        tenants.push(tenant);
        all += gone_through;
    }
    Ok((tenants, all))
}

/// Judges every case of every shape, side by side.
fn judge_all(tenants: &[Tenant<'_>], office: &Office) -> Tally {
    let portions: Vec<_> = tenants
        .iter()
        .flat_map(|tenant| {
            tenant
                .cases
                .chunks(PORTION)
                .map(move |cases| (tenant, cases))
        })
        .collect();
    let next = AtomicUsize::new(0);
    let all: Mutex<Tally> = Mutex::default();
    side_by_side(|| {
        let mut tally = Tally::default();
        while let Some((tenant, cases)) = portions.get(next.fetch_add(1, Ordering::Relaxed)) {
            for case in *cases {
                tenant.judge(office, *case, &mut tally);
            }
        }
        all.lock()
            .expect("nobody panics with the counts in hand")
            .join(tally);
    });
    all.into_inner()
        .expect("a panic would have ended the scope")
}

/// Does the same on every core.
fn side_by_side(work: impl Fn() + Sync) {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(&work);
        }
    });
}

/// Rules that nothing exercised, and damages that no planted violation showed.
fn silent(tally: &Tally, planted: &[Planted]) -> Vec<String> {
    let rules = (1u8..)
        .zip(RULES)
        .zip(tally.mattered)
        .filter_map(|((rule, says), mattered)| {
            let caught = planted
                .iter()
                .any(|planted| planted.rule == rule && planted.caught);
            (mattered == 0 || !caught).then(|| format!("rule {rule} ({says}) was never exercised"))
        });
    let missed = planted
        .iter()
        .filter(|planted| !planted.caught)
        .map(|planted| {
            format!(
                "planted and not caught, rule {}: {}",
                planted.rule, planted.says
            )
        });
    rules.chain(missed).collect()
}

fn table(tally: &Tally, planted: &[Planted]) -> String {
    let mut text = format!(
        "{:>4}  {:<50}{:>8}  planted violations are seen as\n",
        "rule", "says", "plans"
    );
    for ((rule, says), mattered) in (1u8..).zip(RULES).zip(tally.mattered) {
        let caught = planted
            .iter()
            .filter(|planted| planted.rule == rule && planted.caught);
        let mut seen: Vec<&str> = Vec::new();
        for planted in caught {
            if !seen.contains(&planted.says) {
                seen.push(planted.says);
            }
        }
        let shown = seen.first().copied().unwrap_or("none");
        _ = writeln!(text, "{rule:>4}  {says:<50}{mattered:>8}  {shown}");
        for also in seen.iter().skip(1) {
            _ = writeln!(text, "{:>66}{also}", "");
        }
    }
    text
}
