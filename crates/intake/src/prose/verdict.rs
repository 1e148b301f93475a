//! Judges what is to happen to somebody from everything that was said of him.

use domain::request::{Kind, Span};

use super::decide::Decision;
use super::story::{Event, Sign};

/// What shall happen to somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Wish(Kind),
    Open,
    Nothing,
}

/// The greatest strength of a sign.
fn strongest(events: &[Event], sign: Sign) -> u8 {
    let same = events.iter().filter(|event| event.sign == sign);
    same.map(|event| event.strength).max().unwrap_or(0)
}

fn is_wish(event: &Event) -> bool {
    matches!(event.sign, Sign::Kind(_))
}

/// The events of a person, and those that name nobody where they can be meant for him.
fn of_person(events: &[Event], person: Option<usize>) -> Vec<Event> {
    let named = events.iter().filter(|event| event.person == person);
    let wishes = named.clone().any(is_wish);
    let general = events.iter().filter(|event| {
        event.person.is_none() && person.is_some() && (!wishes || event.sign == Sign::Nothing)
    });
    named.chain(general).cloned().collect()
}

impl Decision<'_> {
    /// What is to happen to a person, and where it is said.
    pub(super) fn verdict(
        &self,
        at: usize,
        person: Option<usize>,
        of: usize,
    ) -> (Verdict, Option<Span>) {
        let subject = self.tellings.len() - 1;
        let mut events = of_person(&self.tellings[at].events, person);
        if at != subject && (of == 1 || !events.iter().any(is_wish)) {
            events.extend(of_person(&self.tellings[subject].events, person));
        }
        let Some(kind) = self.kind(at, person, &events) else {
            return (Verdict::Open, None);
        };
        let strength = strongest(&events, Sign::Kind(kind));
        let stay = strongest(&events, Sign::Stay);
        if stay > 0 && (stay >= strength || stay == 3) && !(stay == 1 && strength > 1) {
            return (Verdict::Nothing, None);
        }
        if strongest(&events, Sign::Undecided) > 0 && strength < 3 {
            return (Verdict::Open, None);
        }
        if strongest(&events, Sign::Nothing) > 0 && strength < 3 {
            return (Verdict::Nothing, None);
        }
        let mut dates = self.tellings[at].dates.iter();
        let counts = match strength {
            0 => false,
            // Too weak alone: a date has to stand beside it.
            1 => dates.any(|dated| dated.cue != "ignore"),
            _ => true,
        };
        if !counts {
            return (Verdict::Nothing, None);
        }
        (Verdict::Wish(kind), self.event_span(&events, kind))
    }

    /// The kind that is said most strongly; nothing when somebody both comes and goes and older messages do not tell which.
    fn kind(&self, at: usize, person: Option<usize>, events: &[Event]) -> Option<Kind> {
        // On equal strength, who leaves the company is not moved within it.
        let order = [Kind::Onboard, Kind::Transfer, Kind::Offboard];
        let strength = |kind: Kind| strongest(events, Sign::Kind(kind));
        let best = order.into_iter().max_by_key(|kind| strength(*kind))?;
        let comes = strength(Kind::Onboard);
        if comes == 0 || comes != strength(Kind::Offboard) || comes != strength(best) {
            return Some(best);
        }
        [Kind::Onboard, Kind::Offboard].into_iter().find(|kind| {
            self.tellings[at + 1..].iter().any(|telling| {
                let older = of_person(&telling.events, person);
                strongest(&older, Sign::Kind(*kind)) > 0
            })
        })
    }

    fn event_span(&self, events: &[Event], kind: Kind) -> Option<Span> {
        let event = events
            .iter()
            .filter(|event| event.sign == Sign::Kind(kind))
            .max_by_key(|event| event.strength)?;
        self.span(&event.range)
    }
}
