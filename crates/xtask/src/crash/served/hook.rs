//! Somebody who is told: an endpoint for webhooks that writes down what came, and can keep quiet at one of them.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// One call that came whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// The id, the same for every attempt.
    pub(crate) id: String,
    /// What was told.
    pub(crate) body: Vec<u8>,
    /// Whether it was answered that it was taken.
    pub(crate) taken: bool,
}

/// The endpoint; it listens as long as the process lives.
#[derive(Debug)]
pub(crate) struct Hook {
    /// Its address.
    pub(crate) url: String,
    told: Arc<Mutex<Vec<Told>>>,
}

impl Hook {
    /// Begins to listen; the call of number `quiet`, counted from 1, is never answered.
    ///
    /// # Errors
    /// When there is no port.
    pub(crate) fn start(quiet: Option<u64>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}/told", listener.local_addr()?);
        let told = Arc::<Mutex<Vec<Told>>>::default();
        let writes = Arc::clone(&told);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let told = Arc::clone(&writes);
                std::thread::spawn(move || {
                    let _cut_by_the_strike = answer(stream, &told, quiet);
                });
            }
        });
        Ok(Self { url, told })
    }

    /// What came so far.
    pub(crate) fn told(&self) -> Vec<Told> {
        self.told
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn answer(stream: TcpStream, told: &Mutex<Vec<Told>>, quiet: Option<u64>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let (mut id, mut length) = (String::new(), 0);
    reader.read_line(&mut String::new())?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        match name.to_lowercase().as_str() {
            "webhook-id" => value.trim().clone_into(&mut id),
            "content-length" => length = value.trim().parse().unwrap_or(0),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let number = {
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        told.push(Told {
            id,
            body,
            taken: false,
        });
        told.len()
    };
    if quiet == u64::try_from(number).ok() {
        // Longer than anybody waits for it here.
        std::thread::sleep(Duration::from_secs(30));
        return Ok(());
    }
    reader
        .get_mut()
        .write_all(b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")?;
    told.lock().unwrap_or_else(PoisonError::into_inner)[number - 1].taken = true;
    Ok(())
}
