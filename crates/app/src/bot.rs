//! Our Teams bot: what it proves calls with, and what it speaks with.

use std::sync::Arc;

use connectors::bot::{Bot, Sender};
use connectors::{HttpTransport, Sources};
use transport::Transport;
use uuid::Uuid;

use crate::clock;
use crate::config::{BotConfig, Config};
use crate::problem::Problem;
use crate::wiring::of_setup;

/// The bot, made once for each process so that keys and tokens are shared.
#[derive(Debug)]
pub(crate) struct TeamsBot {
    /// Proves calls genuine.
    pub(crate) ear: Bot,
    /// Sends cards.
    pub(crate) voice: Sender,
    /// The one tenant that it is for.
    pub(crate) tenant: Uuid,
}

impl TeamsBot {
    /// The bot of the configuration, if it has one.
    ///
    /// # Errors
    /// The field that cannot be used.
    pub(crate) fn of(config: &Config) -> Result<Option<Self>, Problem> {
        config.notify.bot.as_ref().map(Self::made).transpose()
    }

    fn made(config: &BotConfig) -> Result<Self, Problem> {
        let transport: Arc<dyn Transport> = Arc::new(HttpTransport::default());
        let sources = Sources {
            now: Arc::new(clock::now),
            id: Arc::new(clock::uuid),
            fraction: Arc::new(rand::random::<f64>),
        };
        let tenant = config.tenant.to_string();
        let voice = Sender::new(
            (config.login(), &tenant),
            config.app_id,
            config.credential()?,
            config.services(),
            Arc::clone(&transport),
            sources,
        );
        Ok(Self {
            ear: Bot::new(config.app_id, config.framework(), transport),
            voice: voice.map_err(of_setup)?,
            tenant: config.tenant,
        })
    }
}
