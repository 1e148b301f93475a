//! Where the bot reaches operators in Teams, which presses of its buttons were acted on, and the seal on what its cards carry.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::OperatorId;
use jiff::Timestamp;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::open::Store;
use crate::seal::{Row, Secret};
use crate::sql::statements;
use crate::{Error, error::is_duplicate};

statements! {
    FORGET = "DELETE FROM conversations WHERE directory = ?1 AND object = ?2";
    UPSERT = "INSERT INTO conversations (operator, directory, object, service, conversation, at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT (operator) DO UPDATE SET directory = excluded.directory, object = excluded.object, service = excluded.service,
            conversation = excluded.conversation, at_ms = excluded.at_ms";
    SELECT_ALL = "SELECT operator, directory, object, service, conversation FROM conversations ORDER BY operator";
    SELECT_OF = "SELECT operator, directory, object, service, conversation FROM conversations WHERE directory = ?1 AND object = ?2";
    INSERT_PRESS = "INSERT INTO presses (id, at_ms) VALUES (?1, ?2)";
    DELETE_PRESSES = "DELETE FROM presses WHERE at_ms < ?1";
}

/// Where the bot reaches an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// Whom.
    pub operator: OperatorId,
    /// The directory (tenant) in which they use Teams.
    pub directory: String,
    /// Their object id there.
    pub object: String,
    /// The service that carries the conversation.
    pub service: String,
    /// The conversation's id.
    pub conversation: String,
}

impl Store {
    /// Keeps where the bot reaches an operator; whoever was known under this object id before is not any more.
    ///
    /// # Errors
    /// Store errors.
    pub async fn put_conversation(&self, new: &Conversation, at: Timestamp) -> Result<(), Error> {
        let mut tx = self.write().await?;
        sqlx::query(FORGET)
            .bind(&new.directory)
            .bind(&new.object)
            .execute(&mut *tx)
            .await?;
        sqlx::query(UPSERT)
            .bind(new.operator.as_str())
            .bind(&new.directory)
            .bind(&new.object)
            .bind(&new.service)
            .bind(&new.conversation)
            .bind(at.as_millisecond())
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// Forgets where the bot reached somebody, who took it away; says whether it was known.
    ///
    /// # Errors
    /// Store errors.
    pub async fn drop_conversation(&self, directory: &str, object: &str) -> Result<bool, Error> {
        let mut tx = self.write().await?;
        let done = sqlx::query(FORGET)
            .bind(directory)
            .bind(object)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    /// Where the bot reaches operators.
    ///
    /// # Errors
    /// Store errors.
    pub async fn conversations(&self) -> Result<Vec<Conversation>, Error> {
        let mut connection = self.read().await?;
        let rows = sqlx::query(SELECT_ALL).fetch_all(&mut *connection).await?;
        rows.iter().map(conversation).collect()
    }

    /// Whom this object id of a directory is.
    ///
    /// # Errors
    /// Store errors.
    pub async fn conversation_of(
        &self,
        directory: &str,
        object: &str,
    ) -> Result<Option<Conversation>, Error> {
        let mut connection = self.read().await?;
        let row = sqlx::query(SELECT_OF)
            .bind(directory)
            .bind(object)
            .fetch_optional(&mut *connection)
            .await?;
        row.as_ref().map(conversation).transpose()
    }

    /// Notes a press of a button; says whether it is heard for the first time.
    ///
    /// # Errors
    /// Store errors.
    pub async fn hear_press(&self, id: &str, at: Timestamp) -> Result<bool, Error> {
        let mut tx = self.write().await?;
        let inserted = sqlx::query(INSERT_PRESS)
            .bind(id)
            .bind(at.as_millisecond())
            .execute(&mut *tx)
            .await;
        if inserted.as_ref().is_err_and(is_duplicate) {
            return Ok(false);
        }
        inserted?;
        tx.commit().await?;
        Ok(true)
    }

    /// Forgets presses older than this.
    ///
    /// # Errors
    /// Store errors.
    pub async fn drop_presses(&self, before: Timestamp) -> Result<(), Error> {
        let mut tx = self.write().await?;
        sqlx::query(DELETE_PRESSES)
            .bind(before.as_millisecond())
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// Seals what is given away and comes back, for one purpose: whoever holds it can neither read nor change it.
    #[must_use]
    pub fn seal_for(&self, purpose: &str, plain: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(self.key().seal(given_away(purpose), plain))
    }

    /// Opens what [`Store::seal_for`] sealed for this purpose.
    ///
    /// # Errors
    /// [`Error::Unsealable`] or [`Error::WrongKey`] for anything else.
    pub fn open_for(&self, purpose: &str, sealed: &str) -> Result<Secret, Error> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed);
        let bytes = bytes.map_err(|_| Error::Unsealable(purpose.to_owned()))?;
        self.key().open(given_away(purpose), &bytes)
    }
}

fn given_away(purpose: &str) -> Row<'_> {
    Row {
        tenant: "",
        name: purpose,
    }
}

fn conversation(row: &SqliteRow) -> Result<Conversation, Error> {
    Ok(Conversation {
        operator: OperatorId::new(row.try_get::<String, _>("operator")?),
        directory: row.try_get("directory")?,
        object: row.try_get("object")?,
        service: row.try_get("service")?,
        conversation: row.try_get("conversation")?,
    })
}
