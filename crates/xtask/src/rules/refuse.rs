//! The judge's own list of what must be refused, from what it was told about a shape and the states of the switches.

use domain::planner::Refusal;

use super::refuse_joiner;
use super::shapes::{Keeper, Mail, Shape, Takes, Traits};
use super::switches::{
    AUTO_REPLY, BLOCK, CONVERT, CONVERT_STOP, Combination, DISABLE, FORWARD, FORWARD_CLEAR,
    FORWARD_SET, GRANT, GROUPS, LEAVER, LICENSES, LICENSES_GIVE, LICENSES_LEAVE, LICENSES_LET_GO,
    LINK, METHODS, OFF, READ_BLOCK, REPORTS, ROLES, TRANSFER,
};

/// Why a combination must be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Why {
    /// Methods go or the mailbox is converted while sign-in stays open, or the licence goes from a mailbox neither converted
    /// nor let go.
    Whatever,
    /// A rule takes the licence from a mailbox neither converted nor let go.
    RuleTakes,
    /// A large, held or archived mailbox would be left without a licence of its own.
    NoKeeper,
    /// Policy says to stop at such a mailbox.
    Stop,
    /// No seat is free for such a mailbox.
    NoSeat,
    /// A licence would be given to a person without usage location, or something written for a person whom nobody makes.
    Unready,
    /// The step that gives licences says the former by itself.
    Unlocated,
    /// Every sign-in name is taken.
    NameTaken,
    /// The account is disabled on premises, and the block is not read again.
    BlockUnread,
    /// Somebody would take over who does not exist.
    Nobody,
    /// A group would be left without an owner.
    NoOwner,
    /// Fewer than two Global Administrators would be left.
    Administrators,
    /// There is nothing to do.
    Nothing,
    /// Not on the list at all.
    Other,
}

use Why as W;

/// The machine words of the planner and of steps for each reason.
const WORDS: &[(Why, &str)] = &[
    (W::Whatever, "rule-18"),
    (W::RuleTakes, "rule-8"),
    (W::NoKeeper, "rule-5"),
    (W::Stop, "oversized-mailbox"),
    (W::NoSeat, "no-seat"),
    (W::Unready, "rule-9"),
    (W::Unlocated, "no-usage-location"),
    (W::NameTaken, "name-taken"),
    (W::BlockUnread, "rule-17"),
    (W::Nobody, "unknown-person"),
    (W::NoOwner, "rule-10"),
    (W::Administrators, "global-administrators"),
    (W::Nothing, "nothing-to-do"),
];

/// Reasons, one bit each; none means that the combination must be accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Whys(u32);

impl Whys {
    /// Adds a reason where it applies.
    pub(super) fn add_if(&mut self, applies: bool, why: Why) {
        self.0 |= u32::from(applies) << why as u16;
    }

    /// The reasons that a planner gave.
    pub(super) fn given(refusals: &[Refusal]) -> Self {
        let mut whys = Self::default();
        for refusal in refusals {
            let known = WORDS.iter().find(|(_, word)| *word == refusal.code);
            whys.add_if(true, known.map_or(W::Other, |(why, _)| *why));
        }
        whys
    }

    /// Whether there is none.
    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The reasons in machine words.
    pub(super) fn words(self) -> String {
        let known = WORDS.iter().chain(&[(W::Other, "something else")]);
        let words: Vec<&str> = known
            .filter(|(why, _)| self.0 & 1 << *why as u16 != 0)
            .map(|(_, word)| *word)
            .collect();
        if words.is_empty() {
            "nothing".to_owned()
        } else {
            words.join(", ")
        }
    }
}

/// Why this combination must be refused in this shape; empty when it must be accepted.
pub(super) fn must_refuse(shape: &Shape, switches: &Combination) -> Whys {
    if let Some(comes) = &shape.comes {
        return refuse_joiner::must_refuse(shape, comes, switches);
    }
    let traits = &shape.traits;
    let on = |step: usize| switches[step] != OFF && !is_idle(traits, step);
    let mut whys = Whys::default();

    // A mailbox that may not be shared without a licence of its own, where policy or the tenant gives none: whoever converts
    // it or takes licences while conversion is on is stopped before anything else is looked at.
    let gives_back = matches!(switches[LICENSES], LICENSES_GIVE | LICENSES_LET_GO);
    let converts = switches[CONVERT] != OFF && traits.mail == Mail::User;
    let in_cloud = matches!(traits.mail, Mail::User | Mail::Shared);
    let asks_keeper =
        traits.large && in_cloud && switches[CONVERT] != OFF && (converts || gives_back);
    let stop = asks_keeper && switches[CONVERT] == CONVERT_STOP;
    let no_seat = asks_keeper && !stop && traits.keeper == Keeper::Impossible;
    whys.add_if(stop, W::Stop);
    whys.add_if(no_seat, W::NoSeat);
    let stopped = stop || no_seat;
    let converts = converts && !stopped;
    let gives_back = gives_back && !stopped;

    // Rule 18: never while the door is open.
    let open = traits.open && switches[BLOCK] == OFF;
    whys.add_if(open && (converts || on(METHODS)), W::Whatever);

    // Rules 5 and 18: the mailbox must be converted, let go, or keep a licence.
    let takes = traits.takes == Takes::Mailbox;
    let held = traits.keeper == Keeper::Held && switches[CONVERT] != OFF;
    let takes_mailbox = gives_back && takes && !held;
    let hangs = matches!(traits.mail, Mail::User | Mail::Unread);
    let lets_go = switches[LICENSES] == LICENSES_LET_GO && hangs;
    whys.add_if(takes_mailbox && hangs && !converts && !lets_go, W::Whatever);
    // Rule 8: once sign-in is blocked, a rule takes the licence by itself.
    let touched = traits.touchy.is_some() && traits.open && switches[BLOCK] != OFF;
    let declared = lets_go && traits.takes == Takes::AllButTouchy;
    whys.add_if(touched && hangs && !converts && !declared, W::RuleTakes);
    let placed = converts && matches!(traits.keeper, Keeper::Seat | Keeper::Group);
    let bare = traits.large && in_cloud && takes_mailbox && !placed;
    whys.add_if(bare && (converts || !lets_go), W::NoKeeper);
    let assigned = converts && traits.large && traits.keeper == Keeper::Seat;
    whys.add_if(assigned && !traits.located, W::Unready);

    // Rule 10 and its like: whoever takes over must exist.
    let to_manager = [AUTO_REPLY, GRANT, TRANSFER, REPORTS].into_iter().any(on)
        || (on(FORWARD) && switches[FORWARD] == FORWARD_SET);
    whys.add_if(!traits.manager && to_manager, W::Nobody);
    // Ownership ends on the strength of a successor, and there is none.
    whys.add_if(!traits.manager && on(TRANSFER) && on(GROUPS), W::NoOwner);

    // Rule 17: the next sync may bring the account back.
    let disables = on(DISABLE);
    whys.add_if(disables && switches[READ_BLOCK] == OFF, W::BlockUnread);

    // Section 9.
    whys.add_if(
        traits.last_admins && (on(BLOCK) || on(ROLES)),
        W::Administrators,
    );

    let works = (0..LEAVER.count()).any(|step| match (step, switches[step]) {
        (_, OFF) | (LICENSES, LICENSES_LEAVE) => false,
        (FORWARD, FORWARD_CLEAR) => traits.forwards,
        (LICENSES, _) => traits.takes != Takes::Nothing,
        (READ_BLOCK, _) => disables,
        _ => !is_idle(traits, step),
    });
    whys.add_if(!works && whys.is_empty(), W::Nothing);
    whys
}

/// Whether a step has nothing to do in such a shape.
fn is_idle(traits: &Traits, step: usize) -> bool {
    let by_trait = match step {
        DISABLE | READ_BLOCK => !traits.synced,
        LINK => !traits.linked,
        _ => false,
    };
    by_trait || traits.idle & (1 << step) != 0
}
