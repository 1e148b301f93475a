//! Just enough DER to take the public key out of an X.509 certificate (RFC 5280 section 4.1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The bytes of the first PEM block, with its label.
pub(super) fn pem(text: &str) -> Option<(String, Vec<u8>)> {
    let mut label = None;
    let mut body = String::new();
    for line in text.lines().map(str::trim) {
        if let Some(begin) = line.strip_prefix("-----BEGIN ") {
            label = Some(begin.trim_end_matches('-').to_owned());
        } else if line.starts_with("-----END ") {
            break;
        } else if label.is_some() {
            body.push_str(line);
        }
    }
    Some((label?, STANDARD.decode(body).ok()?))
}

/// The SubjectPublicKeyInfo of a certificate.
pub(super) fn public_key(certificate: &[u8]) -> Option<&[u8]> {
    let (_, outer, _) = element(certificate)?;
    let (_, mut rest, _) = element(outer)?;
    let (tag, _, after) = element(rest)?;
    if tag == 0xa0 {
        rest = after;
    }
    // serialNumber, signature, issuer, validity, subject
    for _ in 0..5 {
        rest = element(rest)?.2;
    }
    let (_, _, after) = element(rest)?;
    rest.get(..rest.len() - after.len())
}

/// Modulus and exponent of an RSAPublicKey (RFC 8017 appendix A.1.1), without leading zeros.
pub(super) fn rsa_numbers(public_key: &[u8]) -> Option<[&[u8]; 2]> {
    let (_, numbers, _) = element(public_key)?;
    let (_, modulus, rest) = element(numbers)?;
    let (_, exponent, _) = element(rest)?;
    let bare = |number: &'_ [u8]| number.iter().position(|byte| *byte != 0);
    Some([&modulus[bare(modulus)?..], &exponent[bare(exponent)?..]])
}

/// Tag, content and what follows.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, first) = (*bytes.first()?, *bytes.get(1)?);
    let (length, start) = if first < 0x80 {
        (usize::from(first), 2)
    } else {
        let count = usize::from(first & 0x7f);
        let digits = bytes.get(2..2 + count).filter(|digits| digits.len() <= 4)?;
        (
            digits
                .iter()
                .fold(0, |length, digit| length << 8 | usize::from(*digit)),
            2 + count,
        )
    };
    let end = start.checked_add(length)?;
    Some((tag, bytes.get(start..end)?, bytes.get(end..)?))
}
