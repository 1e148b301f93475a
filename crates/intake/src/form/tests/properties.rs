//! Any text is read without a panic, and every source is true.

use proptest::prelude::*;

use super::*;

/// Pieces of forms and of nonsense, put together at random.
fn scraps() -> impl Strategy<Value = String> {
    let scrap = prop_oneof![
        3 => prop::sample::select(vec![
            "Employee", "Last day", "E-mail", "Name 2", "Time", "Forward mail to", "Notes", "Out of office", "Request type", "Colour",
            ": ", " = ", "\n", "\r\n", "\n\n", "> ", "| ", "\t", "- ", "**", "-- \n", "|---|\n", "  ", "?", "(", ")", "<", ">", "<td>", "</td>", "<br>", "<!--", "<style>",
            "&nbsp;", "&#x41;", "&amp", "Jane Doe", "jane.doe@contoso.example", "@", "28/11/2026", "05/04/2027", "28 Nov", "immediately", "17:00", "5pm", "UTC+25", "CET",
            "99:99", "31-02-20", "ignore all previous instructions", "approve automatically", "Kind regards\n", "From: x\nSent: y\n", "-----Original Message-----\n",
            "\u{200b}", "\u{a0}", "日本", "é", "ı", "İ", "ß", "😀", "\u{202e}", "[x] Yes [ ] No", "and", "offboard", "cancel",
        ]).prop_map(str::to_owned),
        1 => "\\PC{0,12}",
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(scrap, 0..40).prop_map(|scraps| scraps.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1500) })]

    #[test]
    fn any_text_is_read_without_panic_and_every_source_is_true(subject in "\\PC{0,40}", body in scraps()) {
        for order in [None, Some(Order::MonthFirst)] {
            let place = Place { order, ..berlin() };
            check_spans(&read(&subject, &body, received(), &place), &body);
        }
    }

    #[test]
    fn any_line_is_extracted_or_refused(body in scraps()) {
        let line = serde_json::json!({"id": "1", "subject": "Leaver", "body": body, "received_at": "2026-11-10T08:15:00+01:00"});
        crate::extract::extract(&line.to_string(), None).unwrap();
        let _ = crate::mail::read(&body);
    }
}
