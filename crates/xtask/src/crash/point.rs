//! Where a run is struck: a text names each point, so that any one of them can be repeated.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context as _, bail};

use super::chance::Chance;
use super::story::Story;

/// Classes at which the process kills itself, as the engine names them.
pub(crate) const OWN: [&str; 8] = [
    "before-commit",
    "after-commit",
    "before-apply",
    "reply-before-commit",
    "timer",
    "before-sign",
    "after-sign",
    "recovery",
];

/// All classes of the report, in its order.
pub(crate) const CLASSES: [&str; 11] = [
    "before-commit",
    "after-commit",
    "before-apply",
    "in-flight",
    "no-reply",
    "reply-before-commit",
    "timer",
    "before-sign",
    "after-sign",
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
    /// From outside, so many milliseconds after the process was started.
    At(u64),
}

impl fmt::Display for Strike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own(class, nth) => write!(f, "{class}:{nth}"),
            Self::InFlight(nth) => write!(f, "in-flight:{nth}"),
            Self::NoReply(nth) => write!(f, "no-reply:{nth}"),
            Self::At(ms) => write!(f, "at:{ms}"),
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
        }
    }
}

/// A bug that is planted, for the checks to catch.
pub(crate) const PLANTS: [&str; 3] = ["no-probe", "send-before-commit", "lost-timer"];

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
            own => self.hits.get(own).copied().unwrap_or_default(),
        }
    }
}

/// How many points of each class.
pub(crate) type Share = [(&'static str, u64); 11];

/// 13 points and 6 random instants.
pub(crate) const SHORT: Share = [
    ("before-commit", 2),
    ("after-commit", 2),
    ("before-apply", 1),
    ("in-flight", 1),
    ("no-reply", 1),
    ("reply-before-commit", 1),
    ("timer", 1),
    ("before-sign", 1),
    ("after-sign", 1),
    ("recovery", 2),
    ("random", 6),
];

/// Replies are lost where something is made that must be there once; 14 points and 6 random instants.
pub(crate) const SHORT_JOINER: Share = [
    ("before-commit", 1),
    ("after-commit", 1),
    ("before-apply", 1),
    ("in-flight", 2),
    ("no-reply", 3),
    ("reply-before-commit", 1),
    ("timer", 1),
    ("before-sign", 1),
    ("after-sign", 1),
    ("recovery", 2),
    ("random", 6),
];

/// What is taken back goes through the same engine: 4 points and 2 random instants.
pub(crate) const SHORT_UNDO: Share = [
    ("before-commit", 0),
    ("after-commit", 1),
    ("before-apply", 0),
    ("in-flight", 1),
    ("no-reply", 1),
    ("reply-before-commit", 0),
    ("timer", 0),
    ("before-sign", 0),
    ("after-sign", 0),
    ("recovery", 1),
    ("random", 2),
];

/// 274 points for the leaver and as many for the joiner.
pub(crate) const FULL: Share = [
    ("before-commit", 45),
    ("after-commit", 45),
    ("before-apply", 25),
    ("in-flight", 22),
    ("no-reply", 22),
    ("reply-before-commit", 30),
    ("timer", 15),
    ("before-sign", 8),
    ("after-sign", 8),
    ("recovery", 30),
    ("random", 24),
];

/// 44 points, so that 500 kills are left of all when some come too late in their run.
pub(crate) const FULL_UNDO: Share = [
    ("before-commit", 6),
    ("after-commit", 6),
    ("before-apply", 4),
    ("in-flight", 6),
    ("no-reply", 6),
    ("reply-before-commit", 4),
    ("timer", 2),
    ("before-sign", 1),
    ("after-sign", 1),
    ("recovery", 4),
    ("random", 4),
];

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

/// Points at which each planted bug has to show.
pub(crate) fn plants((seed, story): (u64, Story), extent: &Extent) -> Vec<Point> {
    let of = |plant, strikes: [Strike; 3]| {
        strikes.map(|strike| Point {
            seed,
            story,
            strikes: vec![strike],
            faults: false,
            plant: Some(plant),
        })
    };
    let (writes, timers) = (extent.writes, extent.of("timer"));
    let back = |number: u64, by: u64| number.saturating_sub(by).max(1);
    [
        // The last writes are those of the notice: a mail is there twice when nobody looks before the second.
        of(
            "no-probe",
            [
                Strike::Own("reply-before-commit", extent.of("reply-before-commit")),
                Strike::NoReply(writes),
                Strike::NoReply(back(writes, 1)),
            ],
        ),
        // The first commits are those of containment, which is written without a look.
        of(
            "send-before-commit",
            [2, 3, 4].map(|nth| Strike::Own("before-commit", nth)),
        ),
        of(
            "lost-timer",
            [1, 2, 3].map(|part| Strike::Own("timer", (timers * part / 4).max(1))),
        ),
    ]
    .concat()
}
