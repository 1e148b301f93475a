//! A small HTTP/1.1 client that keeps its connection, for measuring and for striking servers: every byte of an answer is seen.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context as _, bail};

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    /// The status.
    pub(crate) status: u16,
    /// The headers, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// The body as it came, compressed where it was.
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// A header's first value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.iter();
        all.find(|(own, _)| own == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    method: &'static str,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Ask {
    /// Something to read.
    pub(crate) fn get(path: &str) -> Self {
        Self {
            method: "GET",
            path: path.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// A form, as a browser sends it.
    pub(crate) fn form(path: &str, fields: &[(&str, &str)]) -> Self {
        let body: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
            .collect();
        let ask = Self {
            method: "POST",
            body: body.join("&").into_bytes(),
            ..Self::get(path)
        };
        ask.with("content-type", "application/x-www-form-urlencoded")
    }

    /// A call with JSON, as a program sends it.
    pub(crate) fn json(path: &str, body: &serde_json::Value) -> Self {
        let ask = Self {
            method: "POST",
            body: body.to_string().into_bytes(),
            ..Self::get(path)
        };
        ask.with("content-type", "application/json")
    }

    /// The same with a header.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// A client of one server.
#[derive(Debug)]
pub(crate) struct Client {
    host: String,
    open: Option<BufReader<TcpStream>>,
}

impl Client {
    /// A client of the server at `http://host:port`; it connects when something is asked.
    pub(crate) fn new(base: &str) -> Self {
        Self {
            host: base.trim_start_matches("http://").to_owned(),
            open: None,
        }
    }

    /// Asks, and reads the whole answer.
    ///
    /// # Errors
    /// When the connection is refused or cut: the request may have been carried out or not.
    pub(crate) fn ask(&mut self, ask: &Ask) -> anyhow::Result<Reply> {
        let reply = self.exchange(ask);
        let closes = |reply: &Reply| {
            reply
                .header("connection")
                .is_some_and(|word| word == "close")
        };
        if reply.as_ref().map_or(true, closes) {
            self.open = None;
        }
        reply
    }

    fn exchange(&mut self, ask: &Ask) -> anyhow::Result<Reply> {
        let stream = match &mut self.open {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect(&self.host)
                    .with_context(|| format!("{} does not answer", self.host))?;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_nodelay(true)?;
                self.open.insert(BufReader::new(stream))
            }
        };
        let mut head = format!(
            "{} {} HTTP/1.1\r\nhost: {}\r\n",
            ask.method, ask.path, self.host
        );
        for (name, value) in &ask.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if ask.method != "GET" {
            head.push_str(&format!("content-length: {}\r\n", ask.body.len()));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&ask.body);
        stream.get_mut().write_all(&bytes)?;
        read(stream)
    }
}

fn line(stream: &mut BufReader<TcpStream>) -> anyhow::Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        bail!("the connection was cut");
    }
    Ok(line.trim_end().to_owned())
}

fn read(stream: &mut BufReader<TcpStream>) -> anyhow::Result<Reply> {
    let first = line(stream)?;
    let status = first.split(' ').nth(1).and_then(|word| word.parse().ok());
    let status = status.with_context(|| format!("“{first}” is no answer of HTTP"))?;
    let mut headers = Vec::new();
    loop {
        let line = line(stream)?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let mut reply = Reply {
        status,
        headers,
        body: Vec::new(),
    };
    if reply.header("transfer-encoding") == Some("chunked") {
        reply.body = chunks(stream)?;
    } else if let Some(length) = reply.header("content-length") {
        reply.body = vec![0; length.parse()?];
        stream.read_exact(&mut reply.body)?;
    }
    Ok(reply)
}

fn chunks(stream: &mut BufReader<TcpStream>) -> anyhow::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let size = usize::from_str_radix(&line(stream)?, 16)?;
        let at = body.len();
        body.resize(at + size, 0);
        stream.read_exact(&mut body[at..])?;
        line(stream)?;
        if size == 0 {
            return Ok(body);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// A server that gives these answers, whole, to the connections that come one after the other.
    fn server(answers: Vec<&'static str>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut some = [0; 1024];
                let _ = stream.read(&mut some).unwrap();
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        base
    }

    #[test]
    fn bodies_come_whole_by_length_and_in_chunks() {
        let base = server(vec![
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
            "HTTP/1.1 303 See Other\r\nlocation: /x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        ]);
        let mut client = Client::new(&base);
        let first = client.ask(&Ask::get("/")).unwrap();
        assert_eq!((first.status, first.text().as_str()), (200, "hello"));
        let second = client.ask(&Ask::form("/", &[("a", "b c&")])).unwrap();
        assert_eq!((second.status, second.text().as_str()), (303, "abcde"));
        assert_eq!(second.header("location"), Some("/x"));
    }

    #[test]
    fn an_answer_that_was_cut_is_none() {
        let base = server(vec!["HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel"]);
        assert!(Client::new(&base).ask(&Ask::get("/")).is_err());
        assert_eq!(encoded("a b&"), "a%20b%26");
    }
}
