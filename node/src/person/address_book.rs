//! A card from an address book at a CardDAV server.

use std::io::IsTerminal;
use std::path::Path;

use freehold_api::ApiError;
use freehold_carddav::{CardDavError, CardEntry};
use serde_json::json;
use zeroize::Zeroizing;

use crate::cli::Import;
use crate::local;
use crate::output::{Out, table};

/// Longest password file, in bytes.
const PASSWORD_BYTES_MAX: usize = 1024;

/// The card that was chosen; none where the cards were to be listed only.
pub(super) async fn card(args: &Import, out: &Out) -> Result<Option<Vec<u8>>, ApiError> {
    let (url, user) = (args.carddav.as_deref().unwrap_or_default(), args.user.as_deref().unwrap_or_default());
    let password = password(args.password_file.as_deref())?;
    let roots = args.trust_root.iter().map(|file| local::read(file)).collect::<Result<_, _>>()?;
    let client = freehold_carddav::client(roots).map_err(|error| ApiError::new("usage", error))?;
    out.note("reading the address books…");
    let mut entries = Vec::new();
    for book in freehold_carddav::list(&client, url, user, &password).await.map_err(failed)? {
        let cards = book.cards().await.map_err(failed)?;
        entries.extend(cards.into_iter().map(|card| (book.name().to_owned(), card)));
    }
    if args.list {
        list(&entries, out);
        return Ok(None);
    }
    chosen(entries, args.card.as_deref()).map(Some)
}

fn list(entries: &[(String, CardEntry)], out: &Out) {
    let shown: Vec<_> = entries
        .iter()
        .enumerate()
        .map(|(index, (book, card))| json!({ "card": index + 1, "name": card.name, "book": book, "href": card.href }))
        .collect();
    out.show(&shown, |_| {
        let row = |(index, (book, card)): (usize, &(String, CardEntry))| {
            [(index + 1).to_string(), card.name.clone(), book.clone()]
        };
        table(["card", "name", "address book"], entries.iter().enumerate().map(row))
    });
}

/// The card of a name, or of a number in the list, or the only one.
fn chosen(mut entries: Vec<(String, CardEntry)>, wanted: Option<&str>) -> Result<Vec<u8>, ApiError> {
    let refused = |text: String| ApiError::new("card-unreadable", text);
    let count = entries.len();
    let Some(wanted) = wanted else {
        return match (entries.pop(), count) {
            (Some((_, card)), 1) => Ok(card.vcard),
            (None, _) => {
                Err(refused("the address books hold no card: write your own there first".to_owned()))
            }
            _ => {
                Err(refused(format!("there are {count} cards: choose yours with --card NAME, or see --list")))
            }
        };
    };
    let same = |name: &str| name.trim().to_lowercase() == wanted.trim().to_lowercase();
    let named: Vec<usize> = (0..count).filter(|index| same(&entries[*index].1.name)).collect();
    let index = match (&named[..], wanted.parse::<usize>()) {
        ([index], _) => *index,
        ([], Ok(number)) if (1..=count).contains(&number) => number - 1,
        ([], _) => return Err(refused("no card has that name or number: see --list".to_owned())),
        (several, _) => {
            let several = several.len();
            return Err(refused(format!("{several} cards have that name: choose by number, see --list")));
        }
    };
    Ok(entries.swap_remove(index).1.vcard)
}

/// From a file without the newline at its end, or from the person.
fn password(file: Option<&Path>) -> Result<Zeroizing<String>, ApiError> {
    let Some(file) = file else {
        if !std::io::stdin().is_terminal() {
            let text = "no password: run it in a terminal, or name a file with --password-file FILE";
            return Err(ApiError::new("no-passphrase", text));
        }
        return rpassword::prompt_password("Password at the CardDAV server: ").map(Zeroizing::new).map_err(
            |error| ApiError::new("no-passphrase", format!("the password cannot be read ({error})")),
        );
    };
    let bytes = Zeroizing::new(local::read_up_to(file, PASSWORD_BYTES_MAX)?);
    let text = std::str::from_utf8(&bytes).ok().filter(|text| text.len() <= PASSWORD_BYTES_MAX);
    let text = text.ok_or_else(|| {
        ApiError::new("no-passphrase", "the password file holds no password: check that it is the right one")
    })?;
    let line = text.strip_suffix('\n').unwrap_or(text);
    Ok(Zeroizing::new(line.strip_suffix('\r').unwrap_or(line).to_owned()))
}

fn failed(error: CardDavError) -> ApiError {
    let code = match &error {
        CardDavError::Url | CardDavError::Plain { .. } | CardDavError::User => "usage",
        _ => "card-unreadable",
    };
    ApiError::new(code, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_chosen_by_name_or_number() {
        let entries = || {
            ["Ada Lind", "Bo Berg", "bo berg", "2"].map(|name| {
                let vcard = name.as_bytes().to_vec();
                ("Contacts".to_owned(), CardEntry { href: String::new(), name: name.to_owned(), vcard })
            })
        };
        let check = |wanted: Option<&str>, expected: Result<&str, &str>| {
            let got = chosen(entries().to_vec(), wanted);
            match expected {
                Ok(name) => assert_eq!(got.as_deref(), Ok(name.as_bytes()), "{wanted:?}"),
                Err(words) => assert!(got.is_err_and(|error| error.message.contains(words)), "{wanted:?}"),
            }
        };
        check(Some("ada lind"), Ok("Ada Lind"));
        check(Some("3"), Ok("bo berg"));
        check(Some("2"), Ok("2"));
        check(Some("Bo Berg"), Err("2 cards have that name"));
        check(Some("Cy"), Err("no card has that name"));
        check(Some("9"), Err("no card has that name"));
        check(None, Err("4 cards"));
        assert_eq!(chosen(entries()[..1].to_vec(), None).as_deref(), Ok(&b"Ada Lind"[..]));
        assert!(chosen(Vec::new(), None).is_err_and(|error| error.message.contains("no card")));
    }
}
