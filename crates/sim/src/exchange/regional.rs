//! A mailbox's language, formats and time zone.
//!
//! Source: Set-MailboxRegionalConfiguration in office-docs-powershell; formats and folder names are those of the .NET cultures and of Outlook.

use serde_json::{Value, json};

use super::cmdlets::Context;
use super::errors::Refusal;
use super::identity::{self, Kind};
use super::output::{Output, nothing_modified};
use super::parameters::Parameters;
use crate::world::{Mailbox, Tenant};

/// A culture: its name, its date formats and time formats (the default first), and what Outlook calls the calendar in it.
struct Culture {
    name: &'static str,
    dates: &'static str,
    times: &'static str,
    calendar: &'static str,
}

const fn culture(
    name: &'static str,
    dates: &'static str,
    times: &'static str,
    calendar: &'static str,
) -> Culture {
    Culture {
        name,
        dates,
        times,
        calendar,
    }
}

const CLOCK_24: &str = "HH:mm, H:mm";
const CLOCK_12: &str = "h:mm tt, hh:mm tt, H:mm, HH:mm";
const GERMAN: &str = "dd.MM.yyyy, dd.MM.yy, d.M.yyyy, d.M.yy, yyyy-MM-dd";
const SLASHED: &str = "dd/MM/yyyy, dd/MM/yy, d/M/yy, d.M.yy, yyyy-MM-dd";
const DASHED: &str = "yyyy-MM-dd, yy-MM-dd, yyyyMMdd";

const CULTURES: [Culture; 20] = [
    culture(
        "en-US",
        "M/d/yyyy, M/d/yy, MM/dd/yy, MM/dd/yyyy, yy/MM/dd, yyyy-MM-dd, dd-MMM-yy",
        CLOCK_12,
        "Calendar",
    ),
    culture(
        "en-GB",
        SLASHED,
        "HH:mm, H:mm, hh:mm tt, h:mm tt",
        "Calendar",
    ),
    culture("de-DE", GERMAN, "HH:mm, H:mm", "Kalender"),
    culture("de-AT", GERMAN, "HH:mm, H:mm", "Kalender"),
    culture("de-CH", GERMAN, "HH:mm, H:mm", "Kalender"),
    culture("fr-FR", SLASHED, CLOCK_24, "Calendrier"),
    culture("fr-BE", SLASHED, CLOCK_24, "Calendrier"),
    culture("fr-CH", GERMAN, CLOCK_24, "Calendrier"),
    culture(
        "nl-NL",
        "d-M-yyyy, dd-MM-yyyy, dd-MM-yy, yyyy-MM-dd",
        CLOCK_24,
        "Agenda",
    ),
    culture(
        "nl-BE",
        "d/MM/yyyy, dd/MM/yyyy, d/MM/yy, yyyy-MM-dd",
        CLOCK_24,
        "Agenda",
    ),
    culture("sv-SE", DASHED, CLOCK_24, "Kalender"),
    culture(
        "da-DK",
        "dd-MM-yyyy, dd-MM-yy, yyyy-MM-dd",
        CLOCK_24,
        "Kalender",
    ),
    culture(
        "nb-NO",
        "dd.MM.yyyy, dd.MM.yy, d.M.yyyy, yyyy-MM-dd",
        CLOCK_24,
        "Kalender",
    ),
    culture(
        "fi-FI",
        "d.M.yyyy, dd.MM.yyyy, d.M.yy, yyyy-MM-dd",
        "H:mm, HH:mm",
        "Kalenteri",
    ),
    culture("es-ES", SLASHED, "H:mm, HH:mm", "Calendario"),
    culture("it-IT", SLASHED, CLOCK_24, "Calendario"),
    culture("pt-PT", SLASHED, CLOCK_24, "Calendário"),
    culture("pt-BR", SLASHED, CLOCK_24, "Calendário"),
    culture(
        "pl-PL",
        "dd.MM.yyyy, dd.MM.yy, yyyy-MM-dd",
        CLOCK_24,
        "Kalendarz",
    ),
    culture(
        "cs-CZ",
        "dd.MM.yyyy, d.M.yyyy, d.M.yy, yyyy-MM-dd",
        "H:mm, HH:mm",
        "Kalendář",
    ),
];

/// The key names of the time zones of Windows.
const ZONES: &str = "Dateline Standard Time;UTC-11;Aleutian Standard Time;Hawaiian Standard Time;Marquesas Standard Time;\
Alaskan Standard Time;UTC-09;Pacific Standard Time (Mexico);UTC-08;Pacific Standard Time;US Mountain Standard Time;\
Mountain Standard Time (Mexico);Mountain Standard Time;Yukon Standard Time;Central America Standard Time;Central Standard Time;\
Easter Island Standard Time;Central Standard Time (Mexico);Canada Central Standard Time;SA Pacific Standard Time;\
Eastern Standard Time (Mexico);Eastern Standard Time;Haiti Standard Time;Cuba Standard Time;US Eastern Standard Time;\
Turks And Caicos Standard Time;Paraguay Standard Time;Atlantic Standard Time;Venezuela Standard Time;\
Central Brazilian Standard Time;SA Western Standard Time;Pacific SA Standard Time;Newfoundland Standard Time;\
Tocantins Standard Time;E. South America Standard Time;SA Eastern Standard Time;Argentina Standard Time;Greenland Standard Time;\
Montevideo Standard Time;Magallanes Standard Time;Saint Pierre Standard Time;Bahia Standard Time;UTC-02;Mid-Atlantic Standard Time;\
Azores Standard Time;Cape Verde Standard Time;UTC;GMT Standard Time;Greenwich Standard Time;Sao Tome Standard Time;\
Morocco Standard Time;W. Europe Standard Time;Central Europe Standard Time;Romance Standard Time;Central European Standard Time;\
W. Central Africa Standard Time;Jordan Standard Time;GTB Standard Time;Middle East Standard Time;Egypt Standard Time;\
E. Europe Standard Time;Syria Standard Time;West Bank Standard Time;South Africa Standard Time;FLE Standard Time;\
Israel Standard Time;South Sudan Standard Time;Kaliningrad Standard Time;Sudan Standard Time;Libya Standard Time;\
Namibia Standard Time;Arabic Standard Time;Turkey Standard Time;Arab Standard Time;Belarus Standard Time;Russian Standard Time;\
E. Africa Standard Time;Iran Standard Time;Arabian Standard Time;Astrakhan Standard Time;Azerbaijan Standard Time;\
Russia Time Zone 3;Mauritius Standard Time;Saratov Standard Time;Georgian Standard Time;Volgograd Standard Time;\
Caucasus Standard Time;Afghanistan Standard Time;West Asia Standard Time;Ekaterinburg Standard Time;Pakistan Standard Time;\
Qyzylorda Standard Time;India Standard Time;Sri Lanka Standard Time;Nepal Standard Time;Central Asia Standard Time;\
Bangladesh Standard Time;Omsk Standard Time;Myanmar Standard Time;SE Asia Standard Time;Altai Standard Time;W. Mongolia Standard Time;\
North Asia Standard Time;N. Central Asia Standard Time;Tomsk Standard Time;China Standard Time;North Asia East Standard Time;\
Singapore Standard Time;W. Australia Standard Time;Taipei Standard Time;Ulaanbaatar Standard Time;Aus Central W. Standard Time;\
Transbaikal Standard Time;Tokyo Standard Time;North Korea Standard Time;Korea Standard Time;Yakutsk Standard Time;\
Cen. Australia Standard Time;AUS Central Standard Time;E. Australia Standard Time;AUS Eastern Standard Time;\
West Pacific Standard Time;Tasmania Standard Time;Vladivostok Standard Time;Lord Howe Standard Time;Bougainville Standard Time;\
Russia Time Zone 10;Magadan Standard Time;Norfolk Standard Time;Sakhalin Standard Time;Central Pacific Standard Time;\
Russia Time Zone 11;New Zealand Standard Time;UTC+12;Fiji Standard Time;Kamchatka Standard Time;Chatham Islands Standard Time;\
UTC+13;Tonga Standard Time;Samoa Standard Time;Line Islands Standard Time";

/// What the calendar folder of a mailbox is called, which follows the language only when somebody asked for it.
pub(super) fn calendar_name(mailbox: &Mailbox) -> &'static str {
    let named = mailbox.folder_language.as_deref().and_then(known);
    named.map_or("Calendar", |culture| culture.calendar)
}

fn known(name: &str) -> Option<&'static Culture> {
    CULTURES
        .iter()
        .find(|culture| culture.name.eq_ignore_ascii_case(name))
}

fn formats(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.split(", ")
}

fn shown(name: &str, mailbox: &Mailbox, verify: bool) -> Value {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let language = mailbox.language.as_deref().unwrap_or("en-US");
    let folders = mailbox.folder_language.as_deref().unwrap_or("en-US");
    let part = |culture: &str| culture.split('-').next().unwrap_or_default().to_lowercase();
    json!({
        "Identity": name,
        "Language": mailbox.language,
        "DateFormat": mailbox.date_format,
        "TimeFormat": mailbox.time_format,
        "TimeZone": text(&mailbox.time_zone),
        // Looked up only when asked for; otherwise false, whatever the folders are called.
        "DefaultFolderNameMatchingUserLanguage": verify && part(language) == part(folders),
        "IsValid": true,
        "ObjectState": "Unchanged",
    })
}

/// `Get-MailboxRegionalConfiguration`.
pub(super) fn get(
    tenant: &Tenant,
    _: &Context<'_>,
    parameters: &Parameters,
) -> Result<Output, Refusal> {
    let found = identity::mailbox(tenant, parameters.required("Identity")?)?;
    let Kind::Mailbox(mailbox, _) = found.kind else {
        return Err(Refusal::not_found(found.id));
    };
    let verify = parameters.switch("VerifyDefaultFolderNameLanguage");
    Ok(Output::rows([shown(&found.name(), mailbox, verify)]))
}

/// `Set-MailboxRegionalConfiguration`.
pub(super) fn set(
    tenant: &mut Tenant,
    _: &Context<'_>,
    parameters: &Parameters,
) -> Result<Output, Refusal> {
    let identity = parameters.required("Identity")?;
    let name = identity::mailbox(tenant, identity)?.name();
    let (_, mailbox) = identity::mailbox_mut(tenant, identity)?;
    let before = mailbox.clone();
    let wished = parameters.text("Language")?.map(language).transpose()?;
    let standing = mailbox.language.as_deref().and_then(known);
    let culture = wished.or(standing).unwrap_or(&CULTURES[0]);
    let date = mailbox.date_format.take();
    mailbox.date_format = format(parameters, ("DateFormat", culture, culture.dates), date)?;
    let time = mailbox.time_format.take();
    mailbox.time_format = format(parameters, ("TimeFormat", culture, culture.times), time)?;
    if let Some(culture) = wished {
        mailbox.language = Some(culture.name.to_owned());
    }
    if mailbox.language.is_some() {
        let default = |list: &'static str| formats(list).next().map(str::to_owned);
        mailbox.date_format = mailbox
            .date_format
            .take()
            .or_else(|| default(culture.dates));
        mailbox.time_format = mailbox
            .time_format
            .take()
            .or_else(|| default(culture.times));
    }
    if let Some(zone) = parameters.text("TimeZone")? {
        let found = ZONES
            .split(';')
            .find(|known| known.eq_ignore_ascii_case(zone));
        let kind = "Microsoft.Exchange.Configuration.Tasks.ExTimeZoneValue";
        let found = found.ok_or_else(|| Refusal::wrong_type("TimeZone", &json!(zone), kind))?;
        found.clone_into(&mut mailbox.time_zone);
    }
    if parameters.switch("LocalizeDefaultFolderName") {
        mailbox.folder_language = Some(culture.name.to_owned());
    }
    let warning = (*mailbox == before).then(|| nothing_modified(&name));
    Ok(Output::warned(warning))
}

/// The culture that a text names. Cultures that exist and are not modelled are said to be so.
fn language(text: &str) -> Result<&'static Culture, Refusal> {
    if let Some(culture) = known(text) {
        return Ok(culture);
    }
    let letters = |part: &str| part.len() == 2 && part.chars().all(|c| c.is_ascii_alphabetic());
    let formed = text
        .split_once('-')
        .is_some_and(|(language, region)| letters(language) && letters(region));
    Err(if formed {
        Refusal::not_simulated(&format!("the language {text}"))
    } else {
        Refusal::wrong_type("Language", &json!(text), "System.Globalization.CultureInfo")
    })
}

/// A format after the change: the one given, the language's own for null, else the one that stands, if the language allows it.
fn format(
    parameters: &Parameters,
    (name, culture, list): (&'static str, &Culture, &'static str),
    standing: Option<String>,
) -> Result<Option<String>, Refusal> {
    let wished = if parameters.has(name) {
        match parameters.text(name)? {
            None => return Ok(formats(list).next().map(str::to_owned)),
            Some(text) => Some(text.to_owned()),
        }
    } else {
        standing
    };
    match wished {
        Some(text) if !formats(list).any(|known| known == text) => {
            Err(Refusal::wrong_format(name, &text, culture.name, list))
        }
        wished => Ok(wished),
    }
}

#[cfg(test)]
mod tests {
    use super::{CULTURES, ZONES, formats};

    #[test]
    fn every_culture_has_formats_and_every_zone_a_name() {
        for culture in &CULTURES {
            assert!(formats(culture.dates).count() > 1, "{}", culture.name);
            assert!(formats(culture.times).count() > 1, "{}", culture.name);
        }
        let zones: std::collections::BTreeSet<&str> = ZONES.split(';').collect();
        assert_eq!(zones.len(), ZONES.split(';').count());
        assert!(zones.len() > 135 && zones.iter().all(|zone| zone.trim() == *zone));
    }
}
