//! What people call Microsoft's licences, and which of the services in them exclude each other.
//!
//! Source: learn.microsoft.com, "Product names and service plan identifiers for licensing" (29 October 2025), with its section
//! "Service plans that cannot be assigned at the same time". A licence that is not listed is known by its part number alone.

/// Part numbers with the product names that Microsoft gives or gave them, the present one first.
const PRODUCTS: &[(&str, &[&str])] = &[
    ("SPE_E3", &["Microsoft 365 E3"]),
    ("SPE_E5", &["Microsoft 365 E5"]),
    ("SPE_F1", &["Microsoft 365 F3"]),
    ("M365_F1", &["Microsoft 365 F1"]),
    ("M365_F1_COMM", &["Microsoft 365 F1"]),
    (
        "Microsoft_365_E3_(no_Teams)",
        &["Microsoft 365 E3 (no Teams)"],
    ),
    (
        "Microsoft_365_E5_(no_Teams)",
        &["Microsoft 365 E5 (no Teams)"],
    ),
    ("SPB", &["Microsoft 365 Business Premium"]),
    (
        "O365_BUSINESS_PREMIUM",
        &["Microsoft 365 Business Standard"],
    ),
    (
        "O365_BUSINESS_ESSENTIALS",
        &["Microsoft 365 Business Basic"],
    ),
    ("O365_BUSINESS", &["Microsoft 365 Apps for business"]),
    ("OFFICESUBSCRIPTION", &["Microsoft 365 Apps for enterprise"]),
    ("STANDARDPACK", &["Office 365 E1"]),
    ("ENTERPRISEPACK", &["Office 365 E3"]),
    ("ENTERPRISEPREMIUM", &["Office 365 E5"]),
    (
        "ENTERPRISEPREMIUM_NOPSTNCONF",
        &["Office 365 E5 without Audio Conferencing"],
    ),
    ("DESKLESSPACK", &["Office 365 F3"]),
    ("EXCHANGESTANDARD", &["Exchange Online (Plan 1)"]),
    ("EXCHANGEENTERPRISE", &["Exchange Online (Plan 2)"]),
    ("EXCHANGEDESKLESS", &["Exchange Online Kiosk"]),
    (
        "EXCHANGEARCHIVE_ADDON",
        &[
            "Exchange Online Archiving for Exchange Online",
            "Exchange Online Archiving",
        ],
    ),
    ("SHAREPOINTSTANDARD", &["SharePoint Online (Plan 1)"]),
    ("SHAREPOINTENTERPRISE", &["SharePoint Online (Plan 2)"]),
    ("WACONEDRIVESTANDARD", &["OneDrive for Business (Plan 1)"]),
    ("WACONEDRIVEENTERPRISE", &["OneDrive for Business (Plan 2)"]),
    (
        "AAD_PREMIUM",
        &[
            "Microsoft Entra ID P1",
            "Entra ID P1",
            "Azure Active Directory Premium P1",
        ],
    ),
    (
        "AAD_PREMIUM_P2",
        &[
            "Microsoft Entra ID P2",
            "Entra ID P2",
            "Azure Active Directory Premium P2",
        ],
    ),
    ("EMS", &["Enterprise Mobility + Security E3", "EMS E3"]),
    (
        "EMSPREMIUM",
        &["Enterprise Mobility + Security E5", "EMS E5"],
    ),
    (
        "INTUNE_A",
        &["Microsoft Intune Plan 1", "Intune Plan 1", "Intune"],
    ),
    (
        "ATP_ENTERPRISE",
        &["Microsoft Defender for Office 365 (Plan 1)"],
    ),
    (
        "THREAT_INTELLIGENCE",
        &["Microsoft Defender for Office 365 (Plan 2)"],
    ),
    ("IDENTITY_THREAT_PROTECTION", &["Microsoft 365 E5 Security"]),
    (
        "INFORMATION_PROTECTION_COMPLIANCE",
        &["Microsoft 365 E5 Compliance"],
    ),
    (
        "Microsoft_365_Copilot",
        &["Microsoft 365 Copilot", "Copilot for Microsoft 365"],
    ),
    (
        "Microsoft_Teams_Enterprise_New",
        &["Microsoft Teams Enterprise", "Teams Enterprise"],
    ),
    (
        "MCOEV",
        &[
            "Microsoft Teams Phone Standard",
            "Teams Phone Standard",
            "Teams Phone",
        ],
    ),
    (
        "MCOMEETADV",
        &["Microsoft 365 Audio Conferencing", "Audio Conferencing"],
    ),
    ("MCOPSTN1", &["Domestic Calling Plan"]),
    ("MCOPSTN2", &["Domestic and International Calling Plan"]),
    ("POWER_BI_STANDARD", &["Power BI (free)"]),
    ("POWER_BI_PRO", &["Power BI Pro"]),
    ("PBI_PREMIUM_PER_USER", &["Power BI Premium Per User"]),
    ("FLOW_FREE", &["Microsoft Power Automate Free"]),
    ("PROJECT_P1", &["Project Plan 1"]),
    (
        "PROJECTPROFESSIONAL",
        &["Project Plan 3", "Planner and Project Plan 3"],
    ),
    (
        "PROJECTPREMIUM",
        &["Project Plan 5", "Planner and Project Plan 5"],
    ),
    ("VISIOONLINE_PLAN1", &["Visio Plan 1"]),
    ("VISIOCLIENT", &["Visio Plan 2"]),
];

/// Beginnings of product names, and what people write instead.
const SHORT: &[(&str, &str)] = &[("Microsoft 365 ", "M365 "), ("Office 365 ", "O365 ")];

/// Services of which a person can hold only one, by what they do. The page's text names Exchange Online (Plan 2) among those that
/// exclude each other, though its table leaves it out. Calling plans are a family of their own beside telephony.
const FAMILIES: &[(&str, &[&str])] = &[
    (
        "Exchange Online",
        &[
            "EXCHANGE_B_STANDARD",
            "EXCHANGE_S_ARCHIVE",
            "EXCHANGE_S_DESKLESS",
            "EXCHANGE_S_ENTERPRISE",
            "EXCHANGE_S_ESSENTIALS",
            "EXCHANGE_S_STANDARD",
            "EXCHANGE_S_STANDARD_MIDMARKET",
        ],
    ),
    (
        "SharePoint Online",
        &[
            "ONEDRIVEENTERPRISE",
            "SHAREPOINT_S_DEVELOPER",
            "SHAREPOINTDESKLESS",
            "SHAREPOINTENTERPRISE",
            "SHAREPOINTENTERPRISE_EDU",
            "SHAREPOINTENTERPRISE_MIDMARKET",
            "SHAREPOINTLITE",
            "SHAREPOINTSTANDARD",
            "SHAREPOINTSTANDARD_EDU",
            "SHAREPOINTSTANDARD_YAMMERSHADOW",
        ],
    ),
    (
        "Skype for Business",
        &["MCOIMP", "MCOLITE", "MCOSTANDARD", "MCOSTANDARD_MIDMARKET"],
    ),
    ("calling plan", &["MCOPSTN1", "MCOPSTN2", "MCOPSTN5"]),
    ("Intune", &["INTUNE_A", "INTUNE_A_VL", "INTUNE_B"]),
    (
        "Yammer",
        &["YAMMER_EDU", "YAMMER_ENTERPRISE", "YAMMER_MIDSIZE"],
    ),
    (
        "rights management",
        &["RMS_S_ENTERPRISE", "RMS_S_ENTERPRISE_GOV"],
    ),
    (
        "Dynamics CRM",
        &[
            "CRMPLAN1",
            "CRMPLAN2",
            "CRMSTANDARD",
            "DYN365_ENTERPRISE_P1_IW",
            "DYN365_ENTERPRISE_SALES",
            "DYN365_ENTERPRISE_TEAM_MEMBERS",
            "EMPLOYEE_SELF_SERVICE",
        ],
    ),
];

/// The names under which people ask for a licence; empty when it is not in the table.
pub(super) fn titles(part_number: &str) -> Vec<String> {
    let known = PRODUCTS
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(part_number));
    let names = known.map_or(&[] as &[&str], |(_, names)| names);
    let mut titles: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    for name in names {
        for (begins, short) in SHORT {
            if let Some(rest) = name.strip_prefix(begins) {
                titles.push(format!("{short}{rest}"));
            }
        }
    }
    titles
}

/// The family of services that exclude each other to which a service plan belongs.
pub(super) fn family(plan: &str) -> Option<&'static str> {
    FAMILIES
        .iter()
        .find(|(_, plans)| plans.contains(&plan))
        .map(|(family, _)| *family)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{FAMILIES, PRODUCTS, family, titles};

    #[test]
    fn a_licence_is_found_by_the_names_people_use() {
        assert_eq!(titles("SPE_E3"), ["Microsoft 365 E3", "M365 E3"]);
        assert_eq!(titles("spb")[0], "Microsoft 365 Business Premium");
        assert_eq!(
            titles("O365_BUSINESS_PREMIUM")[0],
            "Microsoft 365 Business Standard",
            "the part number is older than the name"
        );
        assert!(titles("CONTOSO_SPECIAL").is_empty());
    }

    #[test]
    fn no_name_means_two_different_products() {
        let parts: BTreeSet<&str> = PRODUCTS.iter().map(|(part, _)| *part).collect();
        assert_eq!(parts.len(), PRODUCTS.len());
        for (part, _) in PRODUCTS {
            for title in titles(part) {
                let others: Vec<&str> = PRODUCTS
                    .iter()
                    .filter(|(other, _)| other != part && titles(other).contains(&title))
                    .map(|(other, _)| *other)
                    .collect();
                let one_product = title.ends_with("365 F1");
                assert!(
                    others.is_empty() || one_product,
                    "{title}: {part}, {others:?}"
                );
            }
        }
    }

    #[test]
    fn plans_of_one_family_exclude_each_other_and_no_plan_is_in_two() {
        assert_eq!(
            family("EXCHANGE_S_STANDARD"),
            family("EXCHANGE_S_ENTERPRISE")
        );
        assert_ne!(family("MCOPSTN1"), family("MCOSTANDARD"));
        assert_eq!(family("TEAMS1"), None);
        let all: Vec<&str> = FAMILIES
            .iter()
            .flat_map(|(_, plans)| plans.iter().copied())
            .collect();
        let once: BTreeSet<&str> = all.iter().copied().collect();
        assert_eq!(once.len(), all.len());
    }
}
