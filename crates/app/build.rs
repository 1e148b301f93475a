//! Embeds what `cargo xtask assets` made: every file with a hash of its content in its name, as it is and gzipped.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::time::SystemTime;
use std::{env, fs, io};

use sha2::{Digest as _, Sha256};

/// The files that pages may name, and what they are served as.
const FILES: &[(&str, &str)] = &[
    ("app.css", "text/css; charset=utf-8"),
    ("app.js", "text/javascript; charset=utf-8"),
    ("icons.svg", "image/svg+xml"),
    ("mark.svg", "image/svg+xml"),
];
const ADVICE: &str = "run `cargo xtask assets` (needs npm)";

fn main() -> io::Result<()> {
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    let dist = assets.join("dist");
    for watched in ["build.rs", "assets/css", "assets/js", "assets/dist"] {
        tell(&format!("rerun-if-changed={watched}"))?;
    }
    for (name, _) in FILES {
        if !dist.join(name).is_file() {
            return tell(&format!("error=the pages' assets are not there: {ADVICE}"));
        }
    }
    if newest(&assets.join("css"))?.max(newest(&assets.join("js"))?) > newest(&dist)? {
        tell(&format!(
            "warning=the pages' assets are older than their sources: {ADVICE}"
        ))?;
    }
    let out = env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?;
    let out = Path::new(&out);
    let mut list = String::from("static ALL: &[Asset] = &[\n");
    for (name, mime) in FILES {
        let bytes = fs::read(dist.join(name))?;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(&bytes)?;
        let whole = dist.join(name);
        let packed = out.join(format!("{name}.gz"));
        fs::write(&packed, gzip.finish()?)?;
        let hash: String = Sha256::digest(&bytes)
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
        let _ = writeln!(
            list,
            "Asset {{ name: {name:?}, path: \"/assets/{stem}-{hash}.{ending}\", mime: {mime:?}, \
             bytes: include_bytes!({whole:?}), gzip: include_bytes!({packed:?}) }},"
        );
    }
    list.push_str("];\n");
    fs::write(out.join("assets.rs"), list)?;
    errors(out)
}

/// Embeds the pages of `docs/errors`, by code.
fn errors(out: &Path) -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
    tell(&format!("rerun-if-changed={}", folder.display()))?;
    let mut pages: Vec<_> = fs::read_dir(&folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()?;
    pages.sort();
    let mut list =
        String::from("/// Every error code with its page.\nstatic ERRORS: &[(&str, &str)] = &[\n");
    for page in pages {
        let code = page
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let _ = writeln!(list, "({code:?}, include_str!({page:?})),");
    }
    list.push_str("];\n");
    fs::write(out.join("errors.rs"), list)
}

fn tell(line: &str) -> io::Result<()> {
    writeln!(io::stdout(), "cargo::{line}")
}

/// When the newest file below a folder was written.
fn newest(folder: &Path) -> io::Result<SystemTime> {
    let mut newest = SystemTime::UNIX_EPOCH;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let written = if entry.file_type()?.is_dir() {
            self::newest(&entry.path())?
        } else {
            entry.metadata()?.modified()?
        };
        newest = newest.max(written);
    }
    Ok(newest)
}
