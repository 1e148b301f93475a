//! Texts of a request that nothing can be made of: far too long, or with signs that hide what is written.

use std::borrow::Cow;

use super::list;
use crate::planner::Refusal;
use crate::request::{Cited, Request};

/// The most bytes that one field may have.
const BYTES: usize = 64 * 1024;
/// The most entries that a list may have.
const ENTRIES: usize = 500;
/// Fields that hold a list, one entry per line or between commas.
const LISTS: [&str; 3] = ["groups", "licences", "shared-mailboxes"];
/// Fields that hold one line, which people read again in directories, plans and mails.
const LINES: [&str; 14] = [
    "given-name",
    "family-name",
    "display-name",
    "job-title",
    "department",
    "office",
    "mobile",
    "employee-id",
    "manager",
    "copy-from",
    "private-mail",
    "role",
    "site",
    "contract-end",
];

/// The request without what is refused here, so that everything else can still be told at once.
pub(super) fn checked<'r>(request: &'r Request, refusals: &mut Vec<Refusal>) -> Cow<'r, Request> {
    let mut request = Cow::Borrowed(request);
    let names: Vec<String> = request.fields.keys().cloned().collect();
    for name in names {
        let text = request.field(&name).unwrap_or_default();
        let entries = if LISTS.contains(&name.as_str()) {
            list(&request, &name).len()
        } else {
            0
        };
        if text.len() > BYTES {
            refusals.push(too_much(&name, format!("{} bytes", text.len())));
            request.to_mut().fields.remove(&name);
        } else if entries > ENTRIES {
            refusals.push(too_much(&name, format!("{entries} entries")));
            request.to_mut().fields.remove(&name);
        } else if LINES.contains(&name.as_str())
            && let Some(sign) = hidden(text)
        {
            refusals.push(hides(&name, sign));
            if let Some(cited) = request.to_mut().fields.get_mut(&name) {
                plain(cited);
            }
        }
    }
    hints(&mut request, refusals);
    request
}

/// The same for what says who is meant.
fn hints(request: &mut Cow<'_, Request>, refusals: &mut Vec<Refusal>) {
    let person = &request.person;
    let parts = [
        ("name", person.name.as_ref()),
        ("address", person.address.as_ref()),
        ("employee-id", person.employee_id.as_ref()),
    ];
    let mut wrong = false;
    for (name, cited) in parts {
        let Some(text) = cited.map(|cited| cited.value.as_str()) else {
            continue;
        };
        let refusal = if text.len() > BYTES {
            Some(too_much(name, format!("{} bytes", text.len())))
        } else {
            hidden(text).map(|sign| hides(name, sign))
        };
        wrong |= refusal.is_some();
        refusals.extend(refusal.filter(|refusal| !refusals.contains(refusal)));
    }
    if wrong {
        let person = &mut request.to_mut().person;
        let parts = [
            &mut person.name,
            &mut person.address,
            &mut person.employee_id,
        ];
        for cited in parts.into_iter().flatten() {
            cited.value.truncate(floor(&cited.value));
            plain(cited);
        }
    }
}

/// Where a text that is too long is cut.
fn floor(text: &str) -> usize {
    let mut end = text.len().min(BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    end
}

/// The first sign of a line that is not seen, or changes in which order the others are seen. Blanks at the ends do no harm.
fn hidden(text: &str) -> Option<char> {
    text.trim().chars().find(|c| hides_text(*c))
}

/// Control characters, zero-width signs and marks of direction (Unicode Standard Annex 9, and Technical Report 36 on what they are
/// misused for).
fn hides_text(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{061c}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'
                | '\u{2066}'..='\u{2069}'
                | '\u{feff}'
        )
}

fn plain(cited: &mut Cited<String>) {
    cited.value = cited
        .value
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .filter(|c| !hides_text(*c))
        .collect();
}

fn hides(field: &str, sign: char) -> Refusal {
    Refusal::new(
        "text",
        format!(
            "{field} has the character U+{:04X}, which is not seen and can make a text read as another",
            u32::from(sign)
        ),
        format!("type {field} again, on one line and by hand, and plan again"),
    )
}

fn too_much(field: &str, has: String) -> Refusal {
    Refusal::new(
        "text",
        format!(
            "{field} has {has}, and a request takes {BYTES} bytes for one field and {ENTRIES} entries for one list"
        ),
        format!("shorten {field} and plan again"),
    )
}
