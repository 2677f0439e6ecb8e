//! Keys of days: under each of them the texts and codes of one day are sealed.
//!
//! A key is made by whoever first needs it and is remembered for a while, so that neither reading
//! nor storing a message costs a round trip of its own.

mod stored;
mod upkeep;

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use domain::{providers::SmsText, store::StoreError, time::Day};
use sqlx::{PgConnection, PgExecutor};

pub(super) use self::stored::{Message, Place, Sealed, Stored};
use super::error;
use crate::crypto::{DayKey, Sealer};

/// Opens the keys of days, and remembers them.
#[derive(Clone)]
pub(super) struct Vault {
    master: Sealer,
    remembered: Arc<Mutex<BTreeMap<Day, Remembered>>>,
}

struct Remembered {
    key: Sealer,
    until: Instant,
}

/// Keys that were looked for. One that is not here was dropped, or never was.
#[derive(Clone, Default)]
pub(super) struct DayKeys(HashMap<Day, Sealer>);

impl DayKeys {
    pub(super) fn of(&self, day: Day) -> Option<&Sealer> {
        self.0.get(&day)
    }

    pub(super) fn add(&mut self, day: Day, key: Sealer) {
        self.0.insert(day, key);
    }

    /// These and the `others`.
    pub(super) fn and(mut self, others: &Self) -> Self {
        self.0.extend(others.0.iter().map(|(day, key)| (*day, key.clone())));
        self
    }
}

/// A key to seal with.
pub(super) struct Writable {
    pub(super) key: Sealer,
    /// Stored by this statement, so it is there for others once it is committed.
    pub(super) is_new: bool,
}

impl Vault {
    /// More days than are read from in a short time.
    const REMEMBERED: usize = 16;
    /// How long a dropped key may still open messages here.
    const BELIEVED: Duration = Duration::from_mins(10);
    /// Whoever loses the race for a day's first key sees it in the next statement.
    const TRIES: u8 = 3;

    pub(super) fn new(master: Sealer) -> Self {
        Self { master, remembered: Arc::default() }
    }

    /// Names a callback: provider, activation and time stamp, and the text, which nobody can guess
    /// from it who does not have the key of the configuration.
    pub(super) fn callback(
        &self,
        (provider, activation, stamp): (i64, &str, &str),
        text: Option<&SmsText>,
    ) -> [u8; 32] {
        let (provider, text) = (provider.to_be_bytes(), text.map_or("", SmsText::reveal));
        let parts = [&provider[..], activation.as_bytes(), stamp.as_bytes(), text.as_bytes()];
        self.master.digest("sms_inbox", &parts)
    }

    /// The keys of `days`; those that are not remembered are read in one query.
    pub(super) async fn keys<'e>(
        &self,
        executor: impl PgExecutor<'e>,
        days: impl IntoIterator<Item = Day>,
    ) -> Result<DayKeys, StoreError> {
        let (mut keys, mut unknown) = (DayKeys::default(), Vec::new());
        for day in days {
            match self.known(day) {
                Some(key) => keys.add(day, key),
                None if !unknown.contains(&day) => unknown.push(day),
                None => {}
            }
        }
        if unknown.is_empty() {
            return Ok(keys);
        }
        let rows = sqlx::query!(
            r#"SELECT day, key_sealed AS "key!" FROM sms_keys
               WHERE day = ANY($1) AND key_sealed IS NOT NULL"#,
            &unknown,
        );
        for row in rows.fetch_all(executor).await.map_err(error::store)? {
            let key = self.opened(row.day, &row.key)?;
            self.remember(row.day, key.clone());
            keys.add(row.day, key);
        }
        Ok(keys)
    }

    /// The key of `day`, made if there never was one; nothing once it was dropped.
    pub(super) async fn writable(
        &self,
        connection: &mut PgConnection,
        day: Day,
    ) -> Result<Option<Writable>, StoreError> {
        if let Some(key) = self.known(day) {
            return Ok(Some(Writable { key, is_new: false }));
        }
        let fresh = DayKey::random().and_then(|key| self.master.seal(&purpose(day), key.bytes()));
        let fresh = fresh.map_err(|error| StoreError::Internal(error.into()))?;
        for _ in 0..Self::TRIES {
            let row = sqlx::query!(
                r#"WITH made AS (
                       INSERT INTO sms_keys (day, key_sealed) VALUES ($1, $2)
                       ON CONFLICT (day) DO NOTHING RETURNING key_sealed
                   )
                   SELECT key_sealed, true AS "is_new!" FROM made
                   UNION ALL
                   SELECT key_sealed, false FROM sms_keys
                   WHERE day = $1 AND NOT EXISTS (SELECT FROM made)"#,
                day,
                &fresh,
            );
            let row = row.fetch_optional(&mut *connection).await.map_err(error::store)?;
            let Some(row) = row else { continue };
            let Some(sealed) = row.key_sealed else { return Ok(None) };
            let key = self.opened(day, &sealed)?;
            if !row.is_new {
                self.remember(day, key.clone());
            }
            return Ok(Some(Writable { key, is_new: row.is_new }));
        }
        Err(StoreError::Contention)
    }

    /// Keeps a key at hand that is committed.
    pub(super) fn remember(&self, day: Day, key: Sealer) {
        let now = Instant::now();
        let mut days = self.days();
        days.retain(|_, remembered| remembered.until > now);
        while days.len() >= Self::REMEMBERED {
            days.pop_first();
        }
        days.insert(day, Remembered { key, until: now + Self::BELIEVED });
    }

    /// The same for keys that a unit of work made.
    pub(super) fn remember_all(&self, keys: DayKeys) {
        keys.0.into_iter().for_each(|(day, key)| self.remember(day, key));
    }

    pub(super) fn known(&self, day: Day) -> Option<Sealer> {
        let now = Instant::now();
        self.days().get(&day).filter(|it| it.until > now).map(|it| it.key.clone())
    }

    fn forget(&self, days: &[Day]) {
        self.days().retain(|day, _| !days.contains(day));
    }

    fn opened(&self, day: Day, sealed: &[u8]) -> Result<Sealer, StoreError> {
        let key =
            self.master.open(&purpose(day), sealed).ok().and_then(|key| Sealer::new(&key).ok());
        key.ok_or_else(|| error::corrupt("sms_keys", day, "does not open"))
    }

    fn days(&self) -> MutexGuard<'_, BTreeMap<Day, Remembered>> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("remembered", &self.days().len()).finish_non_exhaustive()
    }
}

/// What a day's key is bound to, so that it passes for no other day's.
fn purpose(day: Day) -> String {
    format!("sms.day:{day}")
}
