//! The ledger as kept: entries in the transaction of what they record, payloads apart, heads signed afterwards.

use std::fmt;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use domain::TenantId;
use domain::ledger::{
    self, ERASED, Entry, FORMAT, Frontier, Hash, Head, HeadRow, Header, Proof, Row, Salt, Signer,
    Verifier, commitment, inclusion, line, origin,
};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::endpoints;
use crate::open::Store;
use crate::rows::{self, On, Subject};
use crate::seal::{Secret, random};
use crate::sql::{count, int, of_scope, seen, statements};
use crate::tenants::time;
use crate::{Error, TenantScope};

statements! {
    SELECT_LEDGER = "SELECT size, peaks FROM ledgers WHERE tenant = ?1";
    UPSERT_LEDGER = "INSERT INTO ledgers (tenant, size, peaks) VALUES (?1, ?2, ?3)
        ON CONFLICT (tenant) DO UPDATE SET size = excluded.size, peaks = excluded.peaks";
    INSERT_ENTRY = "INSERT INTO ledger_entries (tenant, seq, entry, leaf) VALUES (?1, ?2, ?3, ?4)";
    INSERT_PAYLOAD = "INSERT INTO ledger_payloads (tenant, seq, salt, payload) VALUES (?1, ?2, ?3, ?4)";
    DELETE_PAYLOAD = concat!("DELETE FROM ledger_payloads WHERE ", of_scope!("tenant"), " AND ",
        seen!("ledger_rows", "ledger_rows.tenant = ledger_payloads.tenant AND ledger_rows.seq = ledger_payloads.seq"), " AND tenant = ?2 AND seq = ?3");
    SELECT_ROWS = concat!("SELECT ledger_entries.entry, ledger_entries.leaf,
            iif(", seen!("ledger_rows", "ledger_rows.tenant = ledger_entries.tenant AND ledger_rows.seq = ledger_entries.seq"), ", ledger_payloads.salt, NULL) AS salt,
            iif(", seen!("ledger_rows", "ledger_rows.tenant = ledger_entries.tenant AND ledger_rows.seq = ledger_entries.seq"), ", ledger_payloads.payload, NULL) AS payload
        FROM ledger_entries LEFT JOIN ledger_payloads
            ON ledger_payloads.tenant = ledger_entries.tenant AND ledger_payloads.seq = ledger_entries.seq
        WHERE ", of_scope!("ledger_entries.tenant"), " AND ledger_entries.tenant = ?2 ORDER BY ledger_entries.seq");
    SELECT_LEAVES = "SELECT leaf FROM ledger_entries WHERE tenant = ?1 AND seq <= ?2 ORDER BY seq";
    SELECT_ROW = concat!("SELECT ledger_entries.entry, ledger_entries.leaf, ledger_payloads.salt, ledger_payloads.payload
        FROM ledger_entries LEFT JOIN ledger_payloads
            ON ledger_payloads.tenant = ledger_entries.tenant AND ledger_payloads.seq = ledger_entries.seq
        WHERE ", of_scope!("ledger_entries.tenant"), " AND ",
        seen!("ledger_rows", "ledger_rows.tenant = ledger_entries.tenant AND ledger_rows.seq = ledger_entries.seq"),
        " AND ledger_entries.tenant = ?2 AND ledger_entries.seq = ?3");
    SELECT_HEADS = "SELECT number, size, note FROM ledger_heads WHERE tenant = ?1 ORDER BY number";
    SELECT_LAST_HEAD = "SELECT number, size, note FROM ledger_heads WHERE tenant = ?1 ORDER BY number DESC LIMIT 1";
    INSERT_HEAD = "INSERT INTO ledger_heads (tenant, number, size, note, at_ms) VALUES (?1, ?2, ?3, ?4, ?5)";
    SELECT_GROWN = concat!("SELECT tenant FROM ledgers WHERE ", of_scope!("tenant"), "
        AND size > coalesce((SELECT max(size) FROM ledger_heads WHERE ledger_heads.tenant = ledgers.tenant), 0) ORDER BY tenant");
}

/// Checks Ed25519 signatures: what `domain::ledger::verify` is handed. Needs no store and no key of ours.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ed25519;

impl Verifier for Ed25519 {
    fn verify(&self, public_key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        UnparsedPublicKey::new(&ED25519, public_key.as_slice())
            .verify(message, signature)
            .is_ok()
    }
}

/// The provider's key, which signs heads.
pub(crate) struct LedgerKey {
    pair: Ed25519KeyPair,
    public: [u8; 32],
}

impl fmt::Debug for LedgerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl LedgerKey {
    /// Makes a key, and gives its seed away to be sealed.
    pub(crate) fn generate() -> Result<(Self, Secret), Error> {
        let seed = Secret::new(random::<32>());
        Ok((Self::from_seed(&seed)?, seed))
    }

    pub(crate) fn from_seed(seed: &Secret) -> Result<Self, Error> {
        let broken = || Error::Unsealable("ledger key".to_owned());
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.expose()).map_err(|_| broken())?;
        let public = pair
            .public_key()
            .as_ref()
            .try_into()
            .map_err(|_| broken())?;
        Ok(Self { pair, public })
    }

    pub(crate) fn public(&self) -> &[u8] {
        &self.public
    }
}

impl Signer for LedgerKey {
    fn public_key(&self) -> [u8; 32] {
        self.public
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        let signature = self.pair.sign(message);
        signature
            .as_ref()
            .try_into()
            .expect("an Ed25519 signature has 64 bytes")
    }
}

/// Appends an entry for data that was just written, in the same transaction.
pub(crate) async fn append_json<T: Serialize>(
    tx: &mut SqliteConnection,
    tenant: &TenantId,
    kind: &str,
    on: On<'_>,
    data: &T,
    at_ms: i64,
) -> Result<u64, Error> {
    append(tx, tenant, kind, on, &crate::runs::json(data), at_ms).await
}

/// Appends an entry with this payload about this, and returns its number. Endpoints that want to be told are told, but of nothing
/// that belongs to a confidential request.
pub(crate) async fn append(
    tx: &mut SqliteConnection,
    tenant: &TenantId,
    kind: &str,
    on: On<'_>,
    payload: &str,
    at_ms: i64,
) -> Result<u64, Error> {
    let mut tree = frontier(&mut *tx, tenant).await?;
    let salt: Salt = random();
    let entry = Entry {
        at: at_ms,
        commitment: commitment(&salt, payload),
        kind: kind.to_owned(),
        seq: tree.size() + 1,
        tenant: tenant.clone(),
    };
    let leaf = entry.leaf();
    tree.push(leaf);
    sqlx::query(INSERT_ENTRY)
        .bind(tenant.as_str())
        .bind(int(entry.seq))
        .bind(entry.canonical())
        .bind(leaf.bytes().as_slice())
        .execute(&mut *tx)
        .await?;
    sqlx::query(INSERT_PAYLOAD)
        .bind(tenant.as_str())
        .bind(int(entry.seq))
        .bind(salt.as_slice())
        .bind(payload)
        .execute(&mut *tx)
        .await?;
    sqlx::query(UPSERT_LEDGER)
        .bind(tenant.as_str())
        .bind(int(tree.size()))
        .bind(tree.peaks())
        .execute(&mut *tx)
        .await?;
    let subject = Subject::of(&mut *tx, on).await?;
    let row = rows::NewEntry {
        tenant,
        seq: entry.seq,
        kind,
        at_ms,
    };
    rows::entry(&mut *tx, &row, &subject).await?;
    if subject.seen_by.is_none() {
        let about = subject.about.as_deref();
        endpoints::tell(tx, tenant, kind, entry.seq, about, at_ms).await?;
    }
    Ok(entry.seq)
}

async fn frontier(tx: &mut SqliteConnection, tenant: &TenantId) -> Result<Frontier, Error> {
    let row = sqlx::query(SELECT_LEDGER)
        .bind(tenant.as_str())
        .fetch_optional(tx)
        .await?;
    let Some(row) = row else {
        return Ok(Frontier::default());
    };
    let peaks: &[u8] = row.try_get("peaks")?;
    Frontier::restore(count(row.try_get("size")?), peaks).ok_or_else(|| broken(tenant))
}

fn broken(tenant: &TenantId) -> Error {
    Error::unreadable(
        "ledger of tenant",
        tenant.as_str(),
        "its tree is damaged; restore a backup",
    )
}

impl Store {
    /// Signs the heads of the ledgers that grew, outside of the transactions that made them grow.
    ///
    /// # Errors
    /// Store errors.
    pub async fn sign_ledgers(&self, scope: &TenantScope, at: Timestamp) -> Result<(), Error> {
        let grown = {
            let mut connection = self.read().await?;
            sqlx::query(SELECT_GROWN)
                .bind(scope.filter())
                .fetch_all(&mut *connection)
                .await?
        };
        for row in grown {
            self.sign_ledger(&TenantId::new(row.try_get::<String, _>("tenant")?), at)
                .await?;
        }
        Ok(())
    }

    async fn sign_ledger(&self, tenant: &TenantId, at: Timestamp) -> Result<(), Error> {
        let mut tx = self.write().await?;
        let tree = frontier(&mut tx, tenant).await?;
        let last = last_head(&mut tx, tenant).await?;
        let (number, size) = last.map_or((0, 0), |last| (last.number, last.size));
        if tree.size() <= size {
            return Ok(());
        }
        // Whole milliseconds, as every stored time.
        let time = time("ledger of tenant", tenant.as_str(), at.as_millisecond())?;
        let head = Head {
            origin: origin(tenant),
            size: tree.size(),
            root: tree.root(),
            time,
        };
        sqlx::query(INSERT_HEAD)
            .bind(tenant.as_str())
            .bind(int(number + 1))
            .bind(int(head.size))
            .bind(head.sign(self.ledger_key()))
            .bind(time.as_millisecond())
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// The newest signed head of a tenant's ledger, as a note to be kept elsewhere; what is not signed yet is signed first.
    ///
    /// # Errors
    /// [`Error::Missing`] and store errors.
    pub async fn ledger_head(
        &self,
        scope: &TenantScope,
        tenant: &TenantId,
        at: Timestamp,
    ) -> Result<String, Error> {
        self.tenant(scope, tenant).await?;
        self.sign_ledgers(&TenantScope::of(tenant), at).await?;
        let mut connection = self.read().await?;
        let head = last_head(&mut connection, tenant).await?;
        Ok(head
            .ok_or_else(|| Error::missing("ledger of tenant", tenant.as_str()))?
            .note)
    }

    /// A tenant's whole ledger as JSON Lines, every entry of it under a signed head: what `domain::ledger::verify` reads. The
    /// payloads that the scope's viewer may not see are left out, and count there as erased; for the whole record use a scope
    /// without a viewer.
    ///
    /// # Errors
    /// [`Error::Missing`] and store errors.
    pub async fn export_ledger(
        &self,
        scope: &TenantScope,
        tenant: &TenantId,
        at: Timestamp,
    ) -> Result<String, Error> {
        self.ledger_head(scope, tenant, at).await?;
        let mut tx = self.snapshot().await?;
        let heads = sqlx::query(SELECT_HEADS)
            .bind(tenant.as_str())
            .fetch_all(&mut *tx)
            .await?;
        let heads: Vec<Signed> = heads.iter().map(signed).collect::<Result<_, _>>()?;
        // An entry made since the last head was signed comes with the next export.
        let size = heads.last().map_or(0, |head| head.size);
        let mut rows = Vec::new();
        for row in sqlx::query(SELECT_ROWS)
            .bind(scope.filter())
            .bind(tenant.as_str())
            .fetch_all(&mut *tx)
            .await?
        {
            let row = ledger_row(tenant, &row)?;
            if row.entry.seq <= size {
                rows.push(row);
            }
        }
        let header = Header {
            entries: rows.len() as u64,
            format: FORMAT,
            heads: heads.len() as u64,
            key: self.verifier_key(tenant),
            tenant: tenant.clone(),
        };
        let mut text = line(&header);
        text.extend(rows.iter().map(line));
        text.extend(heads.into_iter().map(|head| {
            let Signed { number, note, .. } = head;
            line(&HeadRow { head: number, note })
        }));
        Ok(text)
    }

    /// One entry of a tenant's ledger, with its payload unless that was erased.
    ///
    /// # Errors
    /// [`Error::Missing`] and store errors.
    pub async fn ledger_entry(
        &self,
        scope: &TenantScope,
        tenant: &TenantId,
        seq: u64,
    ) -> Result<Row, Error> {
        let mut connection = self.read().await?;
        let row = sqlx::query(SELECT_ROW)
            .bind(scope.filter())
            .bind(tenant.as_str())
            .bind(int(seq))
            .fetch_optional(&mut *connection)
            .await?
            .ok_or_else(|| Error::missing("ledger entry", seq.to_string()))?;
        ledger_row(tenant, &row)
    }

    /// Shows that one entry is in a tenant's ledger, without the others.
    ///
    /// # Errors
    /// [`Error::Missing`] and store errors.
    pub async fn prove_entry(
        &self,
        scope: &TenantScope,
        tenant: &TenantId,
        seq: u64,
        at: Timestamp,
    ) -> Result<Proof, Error> {
        self.ledger_head(scope, tenant, at).await?;
        let mut tx = self.snapshot().await?;
        let missing = || Error::missing("ledger entry", seq.to_string());
        let head = last_head(&mut tx, tenant).await?.ok_or_else(missing)?;
        let row = sqlx::query(SELECT_ROW)
            .bind(scope.filter())
            .bind(tenant.as_str())
            .bind(int(seq))
            .fetch_optional(&mut *tx)
            .await?
            .ok_or_else(missing)?;
        let leaves = sqlx::query(SELECT_LEAVES)
            .bind(tenant.as_str())
            .bind(int(head.size))
            .fetch_all(&mut *tx)
            .await?;
        let leaves: Vec<Hash> = leaves
            .iter()
            .map(|row| leaf(tenant, row))
            .collect::<Result<_, _>>()?;
        let index = usize::try_from(seq).ok().and_then(|seq| seq.checked_sub(1));
        let index = index
            .filter(|index| *index < leaves.len())
            .ok_or_else(missing)?;
        Ok(Proof {
            key: self.verifier_key(tenant),
            note: head.note,
            path: inclusion(&leaves, index),
            row: ledger_row(tenant, &row)?,
        })
    }

    /// Erases the payload of an entry for good, and records who did. The ledger still verifies.
    ///
    /// # Errors
    /// [`Error::Missing`] and store errors.
    pub async fn erase_payload(
        &self,
        scope: &TenantScope,
        tenant: &TenantId,
        seq: u64,
        by: &str,
        at: Timestamp,
    ) -> Result<(), Error> {
        self.tenant(scope, tenant).await?;
        let mut tx = self.write().await?;
        let erased = sqlx::query(DELETE_PAYLOAD)
            .bind(scope.filter())
            .bind(tenant.as_str())
            .bind(int(seq))
            .execute(&mut *tx)
            .await?;
        if erased.rows_affected() == 0 {
            return Err(Error::missing("payload of ledger entry", seq.to_string()));
        }
        rows::forget_entry(&mut tx, tenant, seq).await?;
        let payload = json!({ "by": by, "seq": seq });
        append(
            &mut tx,
            tenant,
            ERASED,
            On::Nobody,
            &payload.to_string(),
            at.as_millisecond(),
        )
        .await?;
        tx.commit().await?;
        // Deleted pages are overwritten in the file, and the write-ahead log must not keep the old ones either.
        self.fold().await
    }

    /// The key of a tenant's ledger, as exports and proofs name it.
    #[must_use]
    pub fn verifier_key(&self, tenant: &TenantId) -> String {
        let key = ledger::Key {
            name: origin(tenant),
            public: self.ledger_key().public_key(),
        };
        key.to_string()
    }
}

struct Signed {
    number: u64,
    size: u64,
    note: String,
}

fn signed(row: &SqliteRow) -> Result<Signed, Error> {
    Ok(Signed {
        number: count(row.try_get("number")?),
        size: count(row.try_get("size")?),
        note: row.try_get("note")?,
    })
}

async fn last_head(
    connection: &mut SqliteConnection,
    tenant: &TenantId,
) -> Result<Option<Signed>, Error> {
    let row = sqlx::query(SELECT_LAST_HEAD)
        .bind(tenant.as_str())
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(signed).transpose()
}

fn leaf(tenant: &TenantId, row: &SqliteRow) -> Result<Hash, Error> {
    let leaf: &[u8] = row.try_get("leaf")?;
    Hash::try_from(leaf).map_err(|_| broken(tenant))
}

fn ledger_row(tenant: &TenantId, row: &SqliteRow) -> Result<Row, Error> {
    let entry: &str = row.try_get("entry")?;
    let salt: Option<&[u8]> = row.try_get("salt")?;
    Ok(Row {
        entry: serde_json::from_str(entry).map_err(|_| broken(tenant))?,
        leaf: leaf(tenant, row)?,
        payload: row.try_get("payload")?,
        salt: salt.map(hex::encode),
    })
}
