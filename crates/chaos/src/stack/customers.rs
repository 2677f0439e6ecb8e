use anyhow::Context;

use super::Ctl;

/// Somebody with a wallet and a token.
#[derive(Debug, Clone)]
pub(crate) struct Customer {
    pub(crate) id: i64,
    pub(crate) email: String,
    pub(crate) token: String,
    /// What the wallet held at the start, in rupiah.
    pub(crate) granted: i64,
    /// Whether their banks take payments back now and then.
    pub(crate) complains: bool,
}

impl Customer {
    /// Opens an account and puts money into it.
    pub(super) async fn open(
        ctl: &Ctl,
        number: u32,
        (granted, complains): (i64, bool),
    ) -> anyhow::Result<Self> {
        let email = format!("customer-{number}@example.com");
        let added = ctl.run(&["customer", "add", "--email", &email]).await?;
        let id = added["id"].as_i64().context("a customer without a number")?;
        let amount = granted.to_string();
        let whose = ["customer", "credit", "--email", &email, "--amount", &amount];
        let noted =
            ["--reason", "to begin with", "--operator", "chaos", "--approver", "somebody else"];
        ctl.run(&[&whose[..], &noted[..]].concat()).await?;
        let issued = ctl.run(&["token", "issue", "--email", &email]).await?;
        let token = issued["token"].as_str().context("no token was issued")?.to_owned();
        Ok(Self { id, email, token, granted, complains })
    }
}
