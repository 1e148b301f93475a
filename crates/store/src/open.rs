//! Opening the store: making it, bringing it up to date, and refusing what is not ours, newer, or sealed with another key.

use std::fmt;
use std::fs::OpenOptions;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{
    AssertSqlSafe, Connection as _, Row as _, Sqlite, SqliteConnection, SqlitePool, Transaction,
};

use crate::Error;
use crate::backfill;
use crate::error::primary_code;
use crate::ledger::LedgerKey;
use crate::seal::{Key, Row};
use crate::sql::statements;

/// Every migration, the oldest first. The number of the last is the store's format.
pub(crate) const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_first.sql"),
    include_str!("../migrations/0002_reservations.sql"),
    include_str!("../migrations/0003_access.sql"),
    include_str!("../migrations/0004_read_model.sql"),
    include_str!("../migrations/0005_policy_comments.sql"),
    include_str!("../migrations/0006_counts.sql"),
    include_str!("../migrations/0007_looks.sql"),
    include_str!("../migrations/0008_doors.sql"),
    include_str!("../migrations/0009_delegates.sql"),
];

/// The format that brought the read model; what older stores hold is written into it when they are opened.
const READ_MODEL: i64 = 4;

/// The newest format this version knows.
pub(crate) const FORMAT: i64 = MIGRATIONS.len() as i64;

/// "TNUR": marks the file as ours (sqlite.org/pragma.html#pragma_application_id).
const APPLICATION: i64 = 0x544E_5552;

/// How long one process waits for another's transaction.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many reads go on at a time.
const READERS: u32 = 4;

pub(crate) const CANARY: Row<'_> = Row {
    tenant: "",
    name: "canary",
};
pub(crate) const LEDGER_SEED: Row<'_> = Row {
    tenant: "",
    name: "ledger key",
};

statements! {
    APPLICATION_ID = "PRAGMA application_id";
    USER_VERSION = "PRAGMA user_version";
    HAS_TABLES = "SELECT count(*) AS tables FROM sqlite_schema";
    CHECKPOINT = "PRAGMA wal_checkpoint(TRUNCATE)";
    SELECT_PROVIDER = "SELECT canary, ledger_public, ledger_seed FROM provider WHERE id = 1";
    INSERT_PROVIDER = "INSERT INTO provider (id, canary, ledger_public, ledger_seed) VALUES (1, ?1, ?2, ?3)";
}

/// The store. Cheap to clone; one writer at a time, readers beside it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    writer: SqlitePool,
    reader: SqlitePool,
    key: Key,
    ledger: LedgerKey,
}

/// A transaction that may write: a connection until it is committed.
pub(crate) struct Writing(Transaction<'static, Sqlite>);

impl Deref for Writing {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.0
    }
}

impl DerefMut for Writing {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.0
    }
}

impl Writing {
    /// Makes everything of it stand, once it is on disk.
    ///
    /// # Errors
    /// When it cannot be written: then nothing of it stands.
    pub(crate) async fn commit(self) -> Result<(), sqlx::Error> {
        #[cfg(feature = "crash-points")]
        engine::crash::point("before-write");
        self.0.commit().await?;
        #[cfg(feature = "crash-points")]
        engine::crash::point("after-write");
        Ok(())
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("path", &self.inner.path)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the store in this file, makes it if there is none, and brings an older one up to date.
    ///
    /// # Errors
    /// [`Error::Newer`], [`Error::Foreign`], [`Error::WrongKey`], and whatever keeps the file from being opened; the file is
    /// then as it was.
    pub async fn open(path: &Path, key: Key) -> Result<Self, Error> {
        make_private(path)?;
        let writer = pool(path, 1).await?;
        match prepare(&writer, path, &key).await {
            Ok(ledger) => {
                let reader = pool(path, READERS).await?;
                let path = path.to_path_buf();
                let inner = Inner {
                    path,
                    writer,
                    reader,
                    key,
                    ledger,
                };
                Ok(Self {
                    inner: Arc::new(inner),
                })
            }
            Err(error) => {
                writer.close().await;
                Err(error)
            }
        }
    }

    /// Closes all connections and folds the write-ahead log into the file.
    pub async fn close(&self) {
        self.inner.reader.close().await;
        self.inner.writer.close().await;
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    pub(crate) fn key(&self) -> &Key {
        &self.inner.key
    }

    pub(crate) fn ledger_key(&self) -> &LedgerKey {
        &self.inner.ledger
    }

    /// Begins a transaction that may write. Dropped without a commit, it leaves nothing behind.
    pub(crate) async fn write(&self) -> Result<Writing, Error> {
        let begun = self.inner.writer.begin_with("BEGIN IMMEDIATE").await?;
        Ok(Writing(begun))
    }

    /// Begins a transaction that sees one state of the store throughout.
    pub(crate) async fn snapshot(&self) -> Result<Transaction<'static, Sqlite>, Error> {
        Ok(self.inner.reader.begin().await?)
    }

    /// A connection for a single read.
    pub(crate) async fn read(&self) -> Result<PoolConnection<Sqlite>, Error> {
        Ok(self.inner.reader.acquire().await?)
    }

    /// Folds the write-ahead log into the file, so that what was erased is in neither.
    pub(crate) async fn fold(&self) -> Result<(), Error> {
        let mut writer = self.writer().await?;
        sqlx::query(CHECKPOINT).fetch_all(&mut *writer).await?;
        Ok(())
    }

    /// The writer's connection outside of a transaction.
    pub(crate) async fn writer(&self) -> Result<PoolConnection<Sqlite>, Error> {
        Ok(self.inner.writer.acquire().await?)
    }
}

/// Makes an empty file that only its owner can read; SQLite gives its side files the same permissions.
fn make_private(path: &Path) -> Result<(), Error> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(source) => Err(Error::Denied {
            path: path.display().to_string(),
            source,
        }),
    }
}

async fn pool(path: &Path, connections: u32) -> Result<SqlitePool, Error> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(PATIENCE)
        // What is erased is overwritten.
        .pragma("secure_delete", "ON")
        .pragma("trusted_schema", "OFF");
    let pool = SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(3 * PATIENCE)
        // On a full or failing disk SQLite rolls back by itself (sqlite.org/lang_transaction.html, section 3.1). sqlx then still
        // counts the transaction as open and refuses the next one, so such a connection is replaced.
        .before_acquire(|connection, _| Box::pin(async { Ok(!connection.is_in_transaction()) }))
        .connect_with(options)
        .await;
    pool.map_err(|error| foreign_or(error, path))
}

/// A file that is no database at all is not ours; anything else is an error of the store.
fn foreign_or(error: sqlx::Error, path: &Path) -> Error {
    if primary_code(&error) == Some(26) {
        Error::Foreign(path.display().to_string())
    } else {
        error.into()
    }
}

/// Migrates and opens the provider's own row, in one transaction: two processes that start at once do it one after the other.
async fn prepare(writer: &SqlitePool, path: &Path, key: &Key) -> Result<LedgerKey, Error> {
    let mut tx = writer
        .begin_with("BEGIN IMMEDIATE")
        .await
        .map_err(|error| foreign_or(error, path))?;
    let application: i64 = sqlx::query(APPLICATION_ID)
        .fetch_one(&mut *tx)
        .await?
        .try_get(0)?;
    let found: i64 = sqlx::query(USER_VERSION)
        .fetch_one(&mut *tx)
        .await?
        .try_get(0)?;
    let tables: i64 = sqlx::query(HAS_TABLES)
        .fetch_one(&mut *tx)
        .await?
        .try_get(0)?;
    let fresh = tables == 0 && application == 0 && found == 0;
    if !fresh && application != APPLICATION {
        return Err(Error::Foreign(path.display().to_string()));
    }
    if found > FORMAT {
        return Err(Error::Newer {
            found,
            known: FORMAT,
        });
    }
    for number in found..FORMAT {
        let index = usize::try_from(number).expect("formats count from 0");
        sqlx::raw_sql(MIGRATIONS[index]).execute(&mut *tx).await?;
    }
    if !fresh && found < READ_MODEL {
        backfill::all(&mut tx).await?;
    }
    if found < FORMAT {
        // A pragma takes no parameters; both numbers are our own constants.
        let mark =
            format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {FORMAT};");
        sqlx::raw_sql(AssertSqlSafe(mark)).execute(&mut *tx).await?;
    }
    let ledger = provider(&mut tx, key).await?;
    tx.commit().await?;
    Ok(ledger)
}

/// Opens the ledger key, or makes it in a new store; a wrong key shows at the canary.
async fn provider(tx: &mut SqliteConnection, key: &Key) -> Result<LedgerKey, Error> {
    if let Some(row) = sqlx::query(SELECT_PROVIDER)
        .fetch_optional(&mut *tx)
        .await?
    {
        key.open(CANARY, row.try_get("canary")?)?;
        let seed = key.open(LEDGER_SEED, row.try_get("ledger_seed")?)?;
        let ledger = LedgerKey::from_seed(&seed)?;
        let public: &[u8] = row.try_get("ledger_public")?;
        if ledger.public() != public {
            return Err(Error::Unsealable(LEDGER_SEED.name.to_owned()));
        }
        return Ok(ledger);
    }
    let (ledger, seed) = LedgerKey::generate()?;
    sqlx::query(INSERT_PROVIDER)
        .bind(key.seal(CANARY, b"tenure"))
        .bind(ledger.public().to_vec())
        .bind(key.seal(LEDGER_SEED, seed.expose()))
        .execute(&mut *tx)
        .await?;
    Ok(ledger)
}
