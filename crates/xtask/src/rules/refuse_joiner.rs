//! The judge's own list of what must be refused of people who come.

use super::joiners::{Boss, Comes, Gives};
use super::refuse::{Why, Whys};
use super::shapes::{Mail, Shape};
use super::switches::{
    ASSIGN, ASSIGN_REPLACES, ASSIGN_WAITS, AWAIT, CREATE, Combination, JOIN, JOIN_LISTS, LOCATE,
    OFF, PASS, PHONE, SET_UP, SHARE, TELL, TELL_MANAGER, TELL_WITH_PASS, WELCOME,
};

/// Why this combination must be refused for this person; empty when it must be accepted.
pub(super) fn must_refuse(shape: &Shape, comes: &Comes, switches: &Combination) -> Whys {
    let on = |step: usize| switches[step] != OFF;
    let mut whys = Whys::default();

    // Nothing can be written for somebody whom nobody makes.
    whys.add_if(comes.new && on(CREATE) && !comes.free, Why::NameTaken);
    whys.add_if(on(CREATE) && comes.boss == Boss::Stranger, Why::Nobody);
    let creates = comes.new && on(CREATE) && comes.free;
    let works = works(shape, comes, switches);
    let writes = (LOCATE..=WELCOME).any(|step| works & (1 << step) != 0);
    whys.add_if(comes.new && !creates && writes, Why::Unready);

    // A licence needs a usage location and a seat.
    let does = |step: usize| works & (1 << step) != 0;
    let unlocated = does(ASSIGN) && !shape.traits.located && !does(LOCATE);
    whys.add_if(unlocated, Why::Unready);
    whys.add_if(unlocated, Why::Unlocated);
    let waits = switches[ASSIGN] == ASSIGN_WAITS;
    whys.add_if(does(ASSIGN) && !comes.seat && !waits, Why::NoSeat);

    // The mailbox of somebody who is there stays.
    let replaces = switches[ASSIGN] == ASSIGN_REPLACES;
    whys.add_if(replaces && comes.exchange_takes_mail, Why::Whatever);
    whys.add_if(does(CREATE) && comes.reads_department, Why::RuleTakes);

    whys.add_if(works == 0 && whys.is_empty(), Why::Nothing);
    whys
}

/// The steps that have something to do.
fn works(shape: &Shape, comes: &Comes, switches: &Combination) -> u32 {
    let on = |step: usize| switches[step] != OFF;
    let there = shape.traits.mail == Mail::User;
    let comes_by_mail = comes.brings && on(ASSIGN);
    let mailbox = there || (comes_by_mail && on(AWAIT));
    let boss = comes.boss == Boss::Known;
    let handed_over = switches[TELL_MANAGER] == TELL_WITH_PASS && boss;
    let all = [
        (
            CREATE,
            if comes.new {
                comes.free
            } else {
                comes.incomplete
            },
        ),
        (LOCATE, comes.site && !shape.traits.located),
        (ASSIGN, comes.gives != Gives::Nothing),
        (JOIN, comes.groups),
        (JOIN_LISTS, comes.lists && mailbox),
        (AWAIT, !there && comes_by_mail),
        (SET_UP, mailbox),
        (SHARE, comes.shared && mailbox),
        (PHONE, comes.phone),
        (PASS, !comes.methods && handed_over),
        (WELCOME, mailbox),
        (TELL_MANAGER, boss),
        (TELL, true),
    ];
    all.iter()
        .filter(|(step, applies)| *applies && on(*step))
        .fold(0, |works, (step, _)| works | 1 << step)
}
