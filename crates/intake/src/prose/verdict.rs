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

impl Decision<'_> {
    /// What is to happen to a person, and where it is said.
    pub(super) fn verdict(
        &self,
        at: usize,
        person: Option<usize>,
        of: usize,
    ) -> (Verdict, Option<Span>) {
        let subject = self.tellings.len() - 1;
        let own = |events: &[Event]| -> Vec<Event> {
            let named: Vec<Event> = events
                .iter()
                .filter(|event| event.person == person)
                .cloned()
                .collect();
            let wishes = named
                .iter()
                .any(|event| matches!(event.sign, Sign::Kind(_)));
            let general = events.iter().filter(|event| {
                event.person.is_none()
                    && person.is_some()
                    && (!wishes || event.sign == Sign::Nothing)
            });
            let general: Vec<Event> = general.cloned().collect();
            named.into_iter().chain(general).collect()
        };
        let mut events = own(&self.tellings[at].events);
        if at != subject
            && (of == 1
                || !events
                    .iter()
                    .any(|event| matches!(event.sign, Sign::Kind(_))))
        {
            events.extend(own(&self.tellings[subject].events));
        }
        let strongest = |sign: Sign| {
            events
                .iter()
                .filter(|event| event.sign == sign)
                .map(|event| event.strength)
                .max()
                .unwrap_or(0)
        };
        let older = || {
            self.tellings[at + 1..]
                .iter()
                .flat_map(|telling| own(&telling.events))
        };
        // On equal strength, who leaves the company is not moved within it.
        let order = [Kind::Onboard, Kind::Transfer, Kind::Offboard];
        let mut best = order
            .into_iter()
            .max_by_key(|kind| strongest(Sign::Kind(*kind)))
            .unwrap_or(Kind::Offboard);
        let mut strength = strongest(Sign::Kind(best));
        if strength > 0
            && strongest(Sign::Kind(Kind::Onboard)) == strongest(Sign::Kind(Kind::Offboard))
            && strength == strongest(Sign::Kind(Kind::Onboard))
        {
            // Both comes and goes: what older messages say decides, else nobody knows.
            match order
                .into_iter()
                .filter(|kind| *kind != Kind::Transfer)
                .find(|kind| older().any(|event| event.sign == Sign::Kind(*kind)))
            {
                Some(kind) => best = kind,
                None => return (Verdict::Open, None),
            }
        }
        let span = self.event_span(&events, best);
        let stay = strongest(Sign::Stay);
        if stay > 0 && (stay >= strength || stay == 3) && !(stay == 1 && strength > 1) {
            return (Verdict::Nothing, None);
        }
        if strongest(Sign::Undecided) > 0 && strength < 3 {
            return (Verdict::Open, None);
        }
        if strongest(Sign::Nothing) > 0 && strength < 3 {
            return (Verdict::Nothing, None);
        }
        if strength == 1 {
            let dated = self.tellings[at]
                .dates
                .iter()
                .any(|dated| dated.cue != "ignore");
            strength = if dated { 2 } else { 0 };
        }
        if strength == 0 {
            return (Verdict::Nothing, None);
        }
        (Verdict::Wish(best), span)
    }

    fn event_span(&self, events: &[Event], kind: Kind) -> Option<Span> {
        let event = events
            .iter()
            .filter(|event| event.sign == Sign::Kind(kind))
            .max_by_key(|event| event.strength)?;
        self.span(&event.range)
    }
}
