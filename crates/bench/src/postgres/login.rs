use std::net::SocketAddr;

use anyhow::Context;
use tokio::process::Command;

/// Who connects, and where to.
#[derive(Clone)]
pub(crate) struct Login {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) user: String,
    password: String,
}

impl Login {
    /// Reads `postgres://user:password@host:port/…`.
    pub(crate) fn parse(url: &str) -> anyhow::Result<Self> {
        let rest = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://"));
        let authority = rest.and_then(|rest| rest.split(['/', '?']).next());
        let (who, place) =
            authority.and_then(|text| text.rsplit_once('@')).context("not a URL with a login")?;
        let (user, password) = who.split_once(':').context("the URL has no password")?;
        let (host, port) = place.rsplit_once(':').unwrap_or((place, "5432"));
        Ok(Self {
            host: host.to_owned(),
            port: port.parse().context("the URL has no good port")?,
            user: decode(user).context("the user is garbled")?,
            password: decode(password).context("the password is garbled")?,
        })
    }

    /// A command of PostgreSQL's, told by its environment where to connect: other users of the
    /// machine can read arguments.
    pub(crate) fn command(&self, program: &str, database: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("PGHOST", &self.host)
            .env("PGPORT", self.port.to_string())
            .env("PGUSER", &self.user)
            .env("PGPASSWORD", &self.password)
            .env("PGDATABASE", database)
            .env("PGAPPNAME", "switchboard-bench")
            .kill_on_drop(true);
        command
    }

    pub(crate) fn url(&self, database: &str) -> String {
        let Self { host, port, user, password } = self;
        format!("postgres://{}:{}@{host}:{port}/{database}", encode(user), encode(password))
    }

    /// The same login by way of a listener in between.
    pub(crate) fn through(&self, address: SocketAddr) -> Self {
        Self { host: address.ip().to_string(), port: address.port(), ..self.clone() }
    }
}

fn encode(text: &str) -> String {
    let character = |byte: u8| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    text.bytes().map(character).collect()
}

fn decode(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let login = Login::parse("postgres://me:p%40s%3As@10.0.0.1:6000/there?x=y").unwrap();
        assert_eq!((login.user.as_str(), login.password.as_str()), ("me", "p@s:s"));
        assert_eq!(login.url("mine"), "postgres://me:p%40s%3As@10.0.0.1:6000/mine");
        let tapped = login.through("127.0.0.1:7000".parse().unwrap());
        assert_eq!(tapped.url("mine"), "postgres://me:p%40s%3As@127.0.0.1:7000/mine");
    }

    #[test]
    fn refuses_what_is_no_login() {
        for url in ["mysql://a:b@c/d", "postgres://c/d", "postgres://a@c/d", "postgres://a:%x@c/d"]
        {
            assert!(Login::parse(url).is_err(), "{url}");
        }
    }
}
