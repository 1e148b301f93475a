//! Where a run is struck: a text names each point, so that any one of them can be repeated.

mod plant;
mod share;

use std::fmt;
use std::str::FromStr;

use anyhow::{Context as _, bail};

use super::chance::Chance;
use super::story::Story;

pub(crate) use plant::{plants, plants_of_the_web};
pub(crate) use share::{FULL, FULL_UNDO, SHORT, SHORT_JOINER, SHORT_UNDO, Share};

/// Classes at which the process kills itself, as the engine names them.
pub(crate) const OWN: [&str; 11] = [
    "before-commit",
    "after-commit",
    "before-apply",
    "reply-before-commit",
    "timer",
    "before-sign",
    "after-sign",
    "recovery",
    "before-write",
    "after-write",
    "before-answer",
];

/// All classes of the report, in its order.
pub(crate) const CLASSES: [&str; 16] = [
    "before-commit",
    "after-commit",
    "before-apply",
    "in-flight",
    "no-reply",
    "reply-before-commit",
    "timer",
    "before-sign",
    "after-sign",
    "before-write",
    "after-write",
    "before-answer",
    "answered",
    "delivering",
    "recovery",
    "random",
];

/// One kill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strike {
    /// The process kills itself at the nth hit of a class of its own.
    Own(&'static str, u64),
    /// From outside, as soon as the nth write is under way and before it is carried out: it takes effect after the kill.
    InFlight(u64),
    /// From outside, when the nth write was carried out and its reply is still to come.
    NoReply(u64),
    /// From outside, so many milliseconds after the process was started or asked; for a press, microseconds.
    At(u64),
    /// From outside, as soon as whoever decided was answered.
    Answered(u64),
    /// From outside, when the nth call of a webhook has come and is not answered.
    Delivering(u64),
}

impl fmt::Display for Strike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own(class, nth) => write!(f, "{class}:{nth}"),
            Self::InFlight(nth) => write!(f, "in-flight:{nth}"),
            Self::NoReply(nth) => write!(f, "no-reply:{nth}"),
            Self::At(ms) => write!(f, "at:{ms}"),
            Self::Answered(nth) => write!(f, "answered:{nth}"),
            Self::Delivering(nth) => write!(f, "delivering:{nth}"),
        }
    }
}

impl FromStr for Strike {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let (class, number) = text
            .split_once(':')
            .with_context(|| format!("“{text}” is no point: it is written class:number"))?;
        let number = number
            .parse()
            .with_context(|| format!("“{number}” is no number"))?;
        Ok(match class {
            "in-flight" => Self::InFlight(number),
            "no-reply" => Self::NoReply(number),
            "at" => Self::At(number),
            "answered" => Self::Answered(number),
            "delivering" => Self::Delivering(number),
            own => match OWN.into_iter().find(|class| *class == own) {
                Some(class) => Self::Own(class, number),
                None => bail!("there is no class of points called “{own}”"),
            },
        })
    }
}

impl Strike {
    fn class(self) -> &'static str {
        match self {
            Self::Own(class, _) => class,
            Self::InFlight(_) => "in-flight",
            Self::NoReply(_) => "no-reply",
            Self::At(_) => "random",
            Self::Answered(_) => "answered",
            Self::Delivering(_) => "delivering",
        }
    }

    /// The same earlier, for a run that was over too soon.
    fn earlier(self) -> Self {
        let less = |number: u64| (number * 2 / 3).max(1);
        match self {
            Self::Own(class, nth) => Self::Own(class, less(nth)),
            Self::InFlight(nth) => Self::InFlight(less(nth)),
            Self::NoReply(nth) => Self::NoReply(less(nth)),
            Self::At(ms) => Self::At(less(ms)),
            Self::Answered(_) => self,
            Self::Delivering(nth) => Self::Delivering(less(nth)),
        }
    }
}

/// A bug that is planted, for the checks to catch.
pub(crate) const PLANTS: [&str; 6] = [
    "no-probe",
    "send-before-commit",
    "lost-timer",
    "approved-twice",
    "view-in-memory",
    "delivered-first",
];

/// One run with its kills: `seed,story,strike,strike,faults,plant`; the story of the leaver goes without saying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Point {
    /// The sandbox's seed.
    pub(crate) seed: u64,
    /// Whose run it is.
    pub(crate) story: Story,
    /// The kills: the first hits the first process, the second the one that recovers, and so on.
    pub(crate) strikes: Vec<Strike>,
    /// Whether replies are lost, servers fail and tokens die besides.
    pub(crate) faults: bool,
    /// The bug that is planted.
    pub(crate) plant: Option<&'static str>,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.seed)?;
        if self.story != Story::Leaver {
            write!(f, ",{}", self.story)?;
        }
        for strike in &self.strikes {
            write!(f, ",{strike}")?;
        }
        if self.faults {
            write!(f, ",faults")?;
        }
        self.plant.map_or(Ok(()), |plant| write!(f, ",{plant}"))
    }
}

impl FromStr for Point {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let mut parts = text.split(',');
        let seed = parts.next().unwrap_or_default();
        let seed = seed
            .parse()
            .with_context(|| format!("a point begins with its seed; “{seed}” is none"))?;
        let mut point = Self {
            seed,
            story: Story::Leaver,
            strikes: Vec::new(),
            faults: false,
            plant: None,
        };
        for part in parts {
            if part == "faults" {
                point.faults = true;
            } else if let Some(story) = Story::ALL
                .into_iter()
                .find(|story| story.to_string() == part)
            {
                point.story = story;
            } else if let Some(plant) = PLANTS.into_iter().find(|plant| *plant == part) {
                point.plant = Some(plant);
            } else {
                point.strikes.push(part.parse()?);
            }
        }
        Ok(point)
    }
}

impl Point {
    /// The class under which it is counted.
    pub(crate) fn class(&self) -> &'static str {
        match self.strikes.as_slice() {
            _ if self.faults => "random",
            [first] => first.class(),
            _ => "recovery",
        }
    }

    /// The same, struck earlier.
    pub(crate) fn earlier(&self) -> Self {
        let strikes = self.strikes.iter().map(|strike| strike.earlier());
        Self {
            strikes: strikes.collect(),
            ..self.clone()
        }
    }
}

/// How often an undisturbed run passes each class, and how long it takes.
#[derive(Clone, Debug)]
pub(crate) struct Extent {
    /// Hits by class of the process's own.
    pub(crate) hits: std::collections::BTreeMap<String, u64>,
    /// Requests that write.
    pub(crate) writes: u64,
    /// Those of them, by number, that make something of which there must be one: an account, a pass, a mail.
    pub(crate) makers: Vec<u64>,
    /// Milliseconds from start to end.
    pub(crate) took_ms: u64,
}

impl Extent {
    /// Hits of a class; for the classes that are struck from outside, the number of places there are.
    pub(crate) fn of(&self, class: &str) -> u64 {
        match class {
            "in-flight" | "no-reply" => self.writes,
            // A run that was never killed never recovers; it can from any commit.
            "recovery" => self.of("after-commit"),
            "random" => self.took_ms,
            "answered" | "before-answer" => 1,
            "delivering" => 3,
            own => self.hits.get(own).copied().unwrap_or_default(),
        }
    }
}

/// So many transactions from the request on are each struck.
const FIRST: u64 = 5;

/// The points of a class in one sandbox seed, spread over the whole run.
pub(crate) fn draw(
    class: &'static str,
    count: u64,
    (seed, story): (u64, Story),
    extent: &Extent,
    chance: &mut Chance,
) -> Vec<Point> {
    let point = |strikes: Vec<Strike>, faults| Point {
        seed,
        story,
        strikes,
        faults,
        plant: None,
    };
    let mut points = Vec::new();
    for index in 0..count {
        let nth = chance.spread(index, count, extent.of(class));
        // The writes that make something come first, from the second seed on as well: they are where a second one would hurt.
        let maker = usize::try_from(index)
            .ok()
            .and_then(|at| extent.makers.get(at));
        let write = maker.copied().unwrap_or(nth);
        points.push(match class {
            "in-flight" => point(vec![Strike::InFlight(write)], false),
            "no-reply" => point(vec![Strike::NoReply(write)], false),
            "answered" => point(vec![Strike::Answered(1)], false),
            "delivering" => point(vec![Strike::Delivering(index % 3 + 1)], false),
            // What is decided is in the first transactions after the request; the rest is spread over the run.
            "before-write" | "after-write" if index < FIRST => {
                let class = if class == "before-write" {
                    "before-write"
                } else {
                    "after-write"
                };
                point(vec![Strike::Own(class, index + 1)], false)
            }
            "random" if story == Story::Press => {
                point(vec![Strike::At(chance.between(0, 20_000))], false)
            }
            "random" => {
                let mut strikes = vec![Strike::At(nth)];
                if chance.between(0, 2) == 0 {
                    // The lease of a killed process lasts five seconds: before that nothing recovers.
                    strikes.push(Strike::At(chance.between(5_000, 12_000)));
                }
                point(strikes, true)
            }
            "recovery" => {
                let second = match chance.between(0, 4) {
                    0 => Strike::Own("recovery", 1),
                    1 => Strike::Own("recovery", 2),
                    2 => Strike::Own("before-commit", chance.between(1, 3)),
                    3 => Strike::Own("after-commit", chance.between(1, 3)),
                    _ => Strike::Own("reply-before-commit", 1),
                };
                point(vec![Strike::Own("after-commit", nth), second], false)
            }
            own => match OWN.into_iter().find(|class| *class == own) {
                Some(class) => point(vec![Strike::Own(class, nth)], false),
                None => continue,
            },
        });
    }
    points
}
