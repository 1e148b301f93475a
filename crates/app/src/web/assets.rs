//! Style sheet, script and icons, embedded by the build script. Their names hold a hash of their content, so they may be
//! cached for ever; templates take the name from [`url`].

use axum::http::{HeaderMap, header};
use axum::response::IntoResponse as _;

use super::{Answer, Needs, Routes};
use crate::web::extract::Path;

/// One file that pages load.
pub(crate) struct Asset {
    /// What templates call it: `app.css`.
    pub(crate) name: &'static str,
    /// Where it is served: `/assets/app-0123456789abcdef.css`.
    pub(crate) path: &'static str,
    /// Its `Content-Type`.
    pub(crate) mime: &'static str,
    /// The file itself.
    pub(crate) bytes: &'static [u8],
    /// The same, gzipped.
    pub(crate) gzip: &'static [u8],
}

pub(super) fn routes(routes: Routes) -> Routes {
    routes.get("/assets/{name}", Needs::Nothing, serve)
}

/// The asset of this path, gzipped for whoever takes it; it never changes, since its name holds its hash.
async fn serve(Path(name): Path<String>, headers: HeaderMap) -> Answer {
    let path = format!("/assets/{name}");
    let asset = all().iter().find(|asset| asset.path == path);
    let asset = asset.ok_or_else(super::error::no_page)?;
    let is_gzip = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|taken| taken.to_str().ok())
        .is_some_and(|taken| taken.contains("gzip"));
    let fixed = [
        (header::CONTENT_TYPE, asset.mime),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::VARY, "accept-encoding"),
    ];
    if is_gzip {
        let packed = [(header::CONTENT_ENCODING, "gzip")];
        return Ok((fixed, packed, asset.gzip).into_response());
    }
    Ok((fixed, asset.bytes).into_response())
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// Every asset; each is served at its `path` as `public, max-age=31536000, immutable`.
pub(crate) fn all() -> &'static [Asset] {
    ALL
}

/// Where the asset with that name is served; empty for a name that is not in the list (a test walks the templates).
pub(crate) fn url(name: &str) -> &'static str {
    ALL.iter()
        .find(|asset| asset.name == name)
        .map_or("", |asset| asset.path)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{all, url};

    fn templates() -> Vec<(String, String)> {
        let mut found = Vec::new();
        let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("templates")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|ending| ending == "html") {
                    found.push((
                        path.display().to_string(),
                        std::fs::read_to_string(&path).unwrap(),
                    ));
                }
            }
        }
        found
    }

    #[test]
    fn every_asset_that_a_template_names_is_embedded() {
        let mut named = 0;
        for (file, text) in templates() {
            for rest in text.split("assets::url(\"").skip(1) {
                let name = rest.split('"').next().unwrap();
                assert!(!url(name).is_empty(), "{file} names {name}");
                named += 1;
            }
        }
        assert!(named > 4, "the templates name no assets any more");
    }

    #[test]
    fn every_icon_that_a_template_names_is_in_the_sprite() {
        let sprite = all().iter().find(|a| a.name == "icons.svg").unwrap();
        let sprite = std::str::from_utf8(sprite.bytes).unwrap();
        for (file, text) in templates() {
            for part in ["icon(\"", "chip(\"", "status(\"", "shape(\"", "band(\""] {
                for rest in text.split(part).skip(1) {
                    let name = rest.split('"').next().unwrap();
                    assert!(
                        sprite.contains(&format!("id=\"{name}\"")),
                        "{file} names the icon {name}"
                    );
                }
            }
        }
    }

    #[test]
    fn templates_hold_no_inline_style_or_script() {
        for (file, text) in templates() {
            for banned in [
                " style=",
                "<style",
                "<script>",
                " onclick=",
                "javascript:",
                "hx-on",
            ] {
                // A mail has no stylesheet beside it, and no CSP.
                if file.contains("/mail/") && banned == " style=" {
                    continue;
                }
                assert!(
                    !text.contains(banned),
                    "{file} holds {banned}: the CSP forbids it"
                );
            }
        }
    }
}
