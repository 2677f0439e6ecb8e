use crate::{cli::Cli, postgres::Login};

/// Who each binary logs in as; pgbench is api-server's double.
pub(crate) struct Logins {
    pub(crate) api: Login,
    pub(crate) webhook: Login,
    pub(crate) worker: Login,
    pub(super) operator: Login,
}

impl Logins {
    pub(super) fn read(cli: &Cli, owner: &Login) -> anyhow::Result<Self> {
        let read = |url: &Option<String>| match url {
            Some(url) => Login::parse(url),
            None => Ok(owner.clone()),
        };
        Ok(Self {
            api: read(&cli.api_database_url)?,
            webhook: read(&cli.webhook_database_url)?,
            worker: read(&cli.worker_database_url)?,
            operator: read(&cli.operator_database_url)?,
        })
    }

    /// What `ctl migrate --grant-to` is told, login by login.
    pub(super) fn grants(&self) -> [String; 4] {
        let roles = [
            (&self.api, "api"),
            (&self.webhook, "webhook"),
            (&self.worker, "worker"),
            (&self.operator, "operator"),
        ];
        roles.map(|(login, role)| format!("{}={role}", login.user))
    }
}
