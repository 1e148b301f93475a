//! The budgets of what pages load, and the contrast of every pair of colours that meet, computed from the style sheet.

use std::collections::BTreeMap;
use std::io::Write as _;

use super::{ensure, folder, lean, own_script, read, script, style};

const KIB: usize = 1024;

fn gzipped(text: &str) -> usize {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(text.as_bytes()).unwrap();
    packer.finish().unwrap().len()
}

#[test]
fn what_a_page_loads_stays_in_its_budget() {
    ensure().unwrap();
    let icons = read(&folder().join("icons.svg")).unwrap();
    for (what, bytes, most) in [
        (
            "the style sheet, gzipped",
            gzipped(&style().unwrap()),
            25 * KIB,
        ),
        ("our own script", own_script().unwrap().len(), 4 * KIB),
        (
            "all scripts, gzipped",
            gzipped(&script().unwrap()),
            40 * KIB,
        ),
        ("the icons", icons.len(), 6 * KIB),
    ] {
        assert!(bytes < most, "{what}: {bytes} bytes, the budget is {most}");
    }
}

#[test]
fn the_lockfile_names_no_registry() {
    let lock = read(&folder().join("package-lock.json")).unwrap();
    assert!(
        !lock.contains("\"resolved\""),
        "npm install --omit-lockfile-registry-resolved"
    );
    assert!(!lock.contains("://"));
    assert!(lock.contains("\"integrity\": \"sha512-"));
}

#[test]
fn the_style_sheet_keeps_to_its_layers() {
    let css = style().unwrap();
    assert!(css.starts_with("@layer tokens, base, shell, parts, pages, print;"));
    for banned in ["!important", "@import", "@font-face", "://"] {
        assert!(!css.contains(banned), "the style sheet holds {banned}");
    }
    for line in css.lines() {
        assert!(
            !(line.starts_with("html") && line.contains("font")),
            "a font size on html breaks the reader's own"
        );
    }
}

#[test]
fn only_whole_comment_lines_and_indentation_are_left_out() {
    assert_eq!(
        lean("/* a */\n  b: c; /* d */\n\n// e\n  f(\"//g\")\n/* h */ i {}\n"),
        "b: c; /* d */\nf(\"//g\")\n/* h */ i {}\n"
    );
}

type Lch = [f64; 3];

/// Each token's colour in the light and in the dark theme.
fn tokens() -> BTreeMap<String, [Lch; 2]> {
    let css = read(&folder().join("css/tokens.css")).unwrap();
    let mut found = BTreeMap::new();
    for line in css.lines() {
        let Some((name, value)) = line
            .trim()
            .strip_prefix("--")
            .and_then(|l| l.split_once(": light-dark("))
        else {
            continue;
        };
        if value.contains(" / ") {
            continue;
        }
        let numbers: Vec<f64> = value
            .split(|c: char| !c.is_ascii_digit() && c != '.')
            .filter_map(|number| number.parse().ok())
            .collect();
        let [a, b, c, d, e, f] = numbers[..] else {
            panic!("{name} is not two colours: {value}")
        };
        found.insert(name.to_owned(), [[a, b, c], [d, e, f]]);
    }
    found
}

/// OKLCH to linear sRGB, by Björn Ottosson's definition of Oklab (CSS Color 4, section 9).
fn linear([lightness, chroma, hue]: Lch) -> [f64; 3] {
    let (a, b) = (
        chroma * hue.to_radians().cos(),
        chroma * hue.to_radians().sin(),
    );
    let l = (lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
    let m = (lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
    let s = (lightness - 0.089_484_177_5 * a - 1.291_485_548_0 * b).powi(3);
    [
        4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s,
        -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s,
        -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701_0 * s,
    ]
}

/// WCAG 2 relative luminance, of the colour as a screen with 8 bits a channel shows it.
fn luminance(colour: Lch) -> f64 {
    let [r, g, b] = linear(colour).map(|channel| {
        let c = channel.clamp(0.0, 1.0);
        let encoded = if c <= 0.003_130_8 {
            12.92 * c
        } else {
            1.055 * c.powf(1.0 / 2.4) - 0.055
        };
        let shown = (encoded * 255.0).round() / 255.0;
        if shown <= 0.040_45 {
            shown / 12.92
        } else {
            ((shown + 0.055) / 1.055).powf(2.4)
        }
    });
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

fn contrast(one: Lch, other: Lch) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

const GROUNDS: &[&str] = &["canvas", "surface", "sunken", "hover"];
const STATUS: &[&str] = &["ok", "live", "warn", "stop", "wait"];

/// (what is read, on what, the least contrast)
fn pairs() -> Vec<(String, String, f64)> {
    let mut pairs = Vec::new();
    let mut meet = |ink: &str, ground: &str, least: f64| {
        pairs.push((ink.to_owned(), ground.to_owned(), least));
    };
    for ground in GROUNDS {
        for (ink, least) in [("ink", 7.0), ("ink2", 7.0), ("ink3", 4.5)] {
            meet(ink, ground, least);
        }
        for status in STATUS {
            meet(status, ground, 4.5);
        }
    }
    for status in STATUS {
        let tint = format!("{status}-tint");
        for (ink, least) in [("ink", 7.0), ("ink2", 7.0), ("ink3", 4.5), (status, 4.5)] {
            meet(ink, &tint, least);
        }
    }
    for ground in ["canvas", "surface"] {
        meet("edge", ground, 3.0);
    }
    meet("canvas", "ink", 7.0);
    meet("bar-ink", "bar", 7.0);
    meet("bar-ink2", "bar", 4.5);
    meet("canvas", "warn", 4.5);
    pairs
}

#[test]
fn every_pair_of_colours_that_meet_can_be_read() {
    let tokens = tokens();
    let mut low = Vec::new();
    for (ink, ground, least) in pairs() {
        for (theme, name) in ["light", "dark"].iter().enumerate() {
            let ratio = contrast(tokens[&ink][theme], tokens[&ground][theme]);
            if ratio < least {
                low.push(format!(
                    "{ink} on {ground}, {name}: {ratio:.2}, at least {least}"
                ));
            }
        }
    }
    assert!(low.is_empty(), "{}", low.join("\n"));
}

#[test]
fn every_colour_can_be_shown_and_the_arithmetic_is_right() {
    for (name, themes) in tokens() {
        for colour in themes {
            for channel in linear(colour) {
                assert!(
                    (-0.002..=1.002).contains(&channel),
                    "{name} is outside sRGB: {channel}"
                );
            }
        }
    }
    let grey = [0.599_871, 0.0, 0.0];
    let white = [1.0, 0.0, 0.0];
    let black = [0.0, 0.0, 0.0];
    assert!((contrast(white, black) - 21.0).abs() < 0.01);
    // #808080 is OKLCH .59987 0; its contrast with white is 3.95.
    assert!((contrast(grey, white) - 3.949).abs() < 0.01);
    assert!(tokens().len() > 20, "the tokens are not found any more");
}
