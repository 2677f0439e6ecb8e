use serde_json::{Value, json};

use super::{error::StripeError, form::Form};
use crate::protocols::shelf::Shelf;

const DEFAULT_LIMIT: u64 = 10;
const LIMIT: u64 = 100;

/// One kind of object that can be listed.
pub(super) struct Listing<'s, T> {
    pub(super) shelf: &'s Shelf<T>,
    /// The kind, as an error names it.
    pub(super) what: &'static str,
    pub(super) url: &'static str,
}

impl<T> Listing<'_, T> {
    /// The page that `form` asks for, newest first.
    pub(super) fn page(
        &self,
        form: &Form,
        wanted: impl Fn(&T) -> bool,
        show: impl Fn(&T) -> Value,
    ) -> Result<Value, StripeError> {
        let limit = limit(form)?;
        let newest = self.shelf.newest();
        let wanted = |(_, item): &(&str, &T)| wanted(item);
        let (page, has_more) =
            match (self.cursor(form, "starting_after")?, self.cursor(form, "ending_before")?) {
                (Some(after), _) => {
                    let older = newest.skip_while(|(id, _)| *id != after).skip(1);
                    cut(older.filter(wanted), limit)
                }
                (None, Some(before)) => {
                    let newer = newest.rev().skip_while(|(id, _)| *id != before).skip(1);
                    let (mut page, has_more) = cut(newer.filter(wanted), limit);
                    page.reverse();
                    (page, has_more)
                }
                (None, None) => cut(newest.filter(wanted), limit),
            };
        let data: Vec<Value> = page.into_iter().map(show).collect();
        Ok(json!({ "object": "list", "url": self.url, "has_more": has_more, "data": data }))
    }

    fn cursor<'f>(&self, form: &'f Form, name: &str) -> Result<Option<&'f str>, StripeError> {
        match form.get(name) {
            Some(id) if self.shelf.get(id).is_none() => {
                Err(StripeError::no_such(self.what, id, name))
            }
            cursor => Ok(cursor),
        }
    }
}

fn limit(form: &Form) -> Result<usize, StripeError> {
    let limit = form.integer("limit")?.unwrap_or(DEFAULT_LIMIT);
    if !(1..=LIMIT).contains(&limit) {
        let message = format!("Limit must be between 1 and {LIMIT}.");
        return Err(StripeError::invalid(message).param("limit"));
    }
    Ok(usize::try_from(limit).unwrap_or(usize::MAX))
}

fn cut<'s, T: 's>(
    mut items: impl Iterator<Item = (&'s str, &'s T)>,
    limit: usize,
) -> (Vec<&'s T>, bool) {
    let page = items.by_ref().take(limit).map(|(_, item)| item).collect();
    (page, items.next().is_some())
}
