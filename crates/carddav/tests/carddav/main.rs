//! Against a real server, Radicale, and against one that answers what it likes.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

mod radicale;
mod scripted;

use freehold_carddav::{CARDS_MAX, CardDavError, CardEntry, client, list};
use freehold_outbound::FetchError;
use radicale::{PASSWORD, Radicale, USER};
use scripted::{Scripted, bare, multistatus, response};

async fn books(url: &str) -> Result<Vec<freehold_carddav::AddressBook>, CardDavError> {
    list(&client(Vec::new()).unwrap(), url, USER, PASSWORD).await
}

/// The cards of the only book.
async fn cards(url: &str) -> Result<Vec<CardEntry>, CardDavError> {
    let books = books(url).await?;
    assert_eq!(books.len(), 1);
    books[0].cards().await
}

#[tokio::test]
async fn a_real_servers_books_and_cards_are_found_from_any_of_its_addresses() {
    let server = Radicale::start();
    for path in ["", "/", "/ada/", "/ada/contacts/"] {
        let books = books(&server.at(path)).await.unwrap();
        let book = books.iter().find(|book| book.name() == "Contacts & friends").expect("the book");
        assert_eq!(book.url(), server.at("/ada/contacts/"));
        let cards = book.cards().await.unwrap();
        assert_eq!(cards.len(), radicale::CARDS + 1, "{path}");
        let own: Vec<&CardEntry> = cards.iter().filter(|card| card.name == "Ada Lind").collect();
        let [own] = own[..] else { panic!("one card of that name") };
        assert!(String::from_utf8_lossy(&own.vcard).contains("+491701234567"));
    }
    let books = books(&server.at("")).await.unwrap();
    assert_eq!(books.len(), 2, "the calendar is none: {books:?}");
}

#[tokio::test]
async fn a_real_server_takes_no_wrong_password() {
    let server = Radicale::start();
    let client = client(Vec::new()).unwrap();
    let error = list(&client, &server.at(""), USER, "guessed").await.unwrap_err();
    assert_eq!(error, CardDavError::SignIn { host: "127.0.0.1".to_owned() });
    assert!(!error.to_string().contains("guessed"));
}

/// What an address book says of itself.
const BOOK: &str = "<resourcetype><collection/><C:addressbook/></resourcetype>";

#[tokio::test]
async fn the_password_goes_nowhere_but_to_the_server_that_was_named() {
    let stranger = Scripted::start(|_| bare(200));
    let (there, to) = (stranger.url("/"), stranger.origin());
    let elsewhere = CardDavError::Elsewhere { host: "127.0.0.1".to_owned(), to };
    let redirect = (301, format!("Location: {there}\r\n"), String::new());
    let principal = format!("<current-user-principal><href>{there}</href></current-user-principal>");
    let home = format!("<C:addressbook-home-set><href>{there}</href></C:addressbook-home-set>");
    let nothing = multistatus(&response("/", "<displayname/>"));
    for (first, second) in [
        (redirect, nothing.clone()),
        (multistatus(&response("/", &principal)), nothing.clone()),
        (multistatus(&response("/", &home)), nothing.clone()),
        (nothing, multistatus(&response(&there, BOOK))),
    ] {
        let server = Scripted::start(
            move |head| {
                if head.contains("depth: 1") { second.clone() } else { first.clone() }
            },
        );
        assert_eq!(books(&server.url("/")).await.unwrap_err(), elsewhere);
        assert!(server.count() > 0);
    }
    assert_eq!(stranger.count(), 0, "the other server was not asked");
}

#[tokio::test]
async fn without_encryption_only_this_machine_gets_a_password() {
    for url in ["http://cloud.example/", "http://192.0.2.1/", "http://localhost.example/"] {
        assert!(matches!(books(url).await, Err(CardDavError::Plain { .. })), "{url}");
    }
    for url in ["", "cloud.example", "ftp://cloud.example/"] {
        assert!(matches!(books(url).await, Err(CardDavError::Url)), "{url}");
    }
    let userinfo = books("https://ada:secret@cloud.example/").await;
    assert!(matches!(userinfo, Err(CardDavError::Fetch(FetchError::Userinfo { .. }))));
    let server = Scripted::start(|_| bare(404));
    let client = client(Vec::new()).unwrap();
    for user in ["", "a:b", "a\nb"] {
        assert_eq!(list(&client, &server.url("/"), user, "x").await.unwrap_err(), CardDavError::User);
    }
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn a_server_that_knows_no_report_is_asked_card_by_card() {
    let server = Scripted::start(|head| {
        let method = head.split(' ').next().unwrap_or_default();
        match method {
            "report" | "get" if head.contains("gone.vcf") => bare(404),
            "report" => bare(501),
            "get" => (200, String::new(), "BEGIN:VCARD\nFN:Ada\nEND:VCARD\n".to_owned()),
            _ if head.contains("depth: 0") => multistatus(&response("/book/", BOOK)),
            _ => {
                let cards = ["/book/a.vcf", "gone.vcf"].map(|href| response(href, "<resourcetype/>"));
                multistatus(&(response("/book/", BOOK) + &cards.concat()))
            }
        }
    });
    let cards = cards(&server.url("/book/")).await.unwrap();
    assert_eq!(cards.len(), 1);
    assert_eq!((cards[0].name.as_str(), cards[0].href.as_str()), ("Ada", server.url("/book/a.vcf").as_str()));
}

#[tokio::test]
async fn an_answer_that_is_none_is_told_and_not_believed() {
    let host = || "127.0.0.1".to_owned();
    let not_found = || CardDavError::NotFound { host: host() };
    let body = |status: u16, text: &str| (status, String::new(), text.to_owned());
    for (answer, expected) in [
        (body(200, "<html>Welcome</html>"), not_found()),
        (bare(404), not_found()),
        (bare(301), not_found()),
        (bare(403), CardDavError::Forbidden { host: host() }),
        (bare(503), CardDavError::Status { host: host(), status: 503 }),
        (body(207, "<html>"), CardDavError::Answer { host: host() }),
        (body(207, "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"), CardDavError::Answer { host: host() }),
        (multistatus(""), not_found()),
        (multistatus(&response("http://[", BOOK)), CardDavError::Answer { host: host() }),
        ((302, "Location: /again\r\n".to_owned(), String::new()), CardDavError::Redirects { host: host() }),
    ] {
        let told = format!("{answer:?}");
        let server = Scripted::start(move |head| {
            // An address of its own is looked at where books are listed.
            if answer.2.contains("http://[") && head.contains("depth: 0") {
                return multistatus(&response("/", "<displayname/>"));
            }
            answer.clone()
        });
        assert_eq!(books(&server.url("/")).await.unwrap_err(), expected, "{told}");
    }
}

#[tokio::test]
async fn more_cards_than_are_read_are_refused() {
    let server = Scripted::start(|head| {
        if head.contains("depth: 0") {
            return multistatus(&response("/book/", BOOK));
        }
        let many: String =
            (0..=CARDS_MAX).map(|n| response(&format!("{n}.vcf"), "<resourcetype/>")).collect();
        multistatus(&many)
    });
    assert_eq!(cards(&server.url("/book/")).await, Err(CardDavError::TooMany { cards_max: CARDS_MAX }));
}
