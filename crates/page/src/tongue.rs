//! The languages of the page: Fluent files under `messages/`, one folder for each.

use std::borrow::Cow;
use std::sync::LazyLock;

use axum::http::{HeaderMap, header};
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use freehold_protocol::vocabulary::Vocabulary;
use unic_langid::LanguageIdentifier;

/// Every language, English first: what another lacks is said in English.
static TONGUES: LazyLock<[Tongue; 2]> =
    LazyLock::new(|| [Tongue::new("en", "English", &EN), Tongue::new("de", "Deutsch", &DE)]);

const EN: [&str; 3] = [
    include_str!("../messages/en/page.ftl"),
    include_str!("../messages/en/vocabulary.ftl"),
    include_str!("../messages/en/strength.ftl"),
];

const DE: [&str; 3] = [
    include_str!("../messages/de/page.ftl"),
    include_str!("../messages/de/vocabulary.ftl"),
    include_str!("../messages/de/strength.ftl"),
];

/// A language.
pub(crate) struct Tongue {
    /// Its tag (BCP 47).
    pub(crate) tag: &'static str,
    /// What it calls itself.
    pub(crate) name: &'static str,
    bundle: FluentBundle<FluentResource>,
}

/// A text of the page's messages: `say!(tongue, "key")`, or `say!(tongue, "key", name = value)`.
macro_rules! say {
    ($tongue:expr, $key:literal) => { $tongue.text($key, None) };
    ($tongue:expr, $key:literal, $($name:ident = $value:expr),+ $(,)?) => {{
        let mut args = fluent_bundle::FluentArgs::new();
        $(args.set(stringify!($name), $value);)+
        $tongue.text($key, Some(&args))
    }};
}

impl Tongue {
    fn new(tag: &'static str, name: &'static str, files: &[&str]) -> Self {
        let language: LanguageIdentifier = tag.parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![language]);
        // Marks around what is put in would show up in places that are no text, such as an attribute.
        bundle.set_use_isolating(false);
        for file in files {
            // What cannot be read of a file is left out; a test reads all.
            let resource =
                FluentResource::try_new((*file).to_owned()).unwrap_or_else(|(resource, _)| resource);
            bundle.add_resource_overriding(resource);
        }
        Self { tag, name, bundle }
    }

    /// Every language there is.
    pub(crate) fn all() -> &'static [Self] {
        &TONGUES[..]
    }

    /// The language of a tag.
    pub(crate) fn of(tag: &str) -> Option<&'static Self> {
        Self::all().iter().find(|tongue| tongue.tag == tag)
    }

    /// The one that a browser prefers.
    pub(crate) fn preferred(headers: &HeaderMap) -> &'static Self {
        let said =
            headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let mut wishes: Vec<(f32, &str)> = said
            .split(',')
            .filter_map(|wish| {
                let mut parts = wish.split(';').map(str::trim);
                let tag = parts.next()?.split('-').next()?;
                let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse().ok()).unwrap_or(1.0);
                Some((weight, tag))
            })
            .collect();
        wishes.sort_by(|a, b| b.0.total_cmp(&a.0));
        let wished = wishes.into_iter().find_map(|(_, tag)| Self::of(&tag.to_ascii_lowercase()));
        wished.unwrap_or(&TONGUES[0])
    }

    /// The text of a message.
    pub(crate) fn text(&self, key: &str, args: Option<&FluentArgs<'_>>) -> String {
        let found = self.find(key, args).or_else(|| TONGUES[0].find(key, args));
        found.unwrap_or_else(|| key.to_owned())
    }

    /// The text of a message that there may not be.
    pub(crate) fn find(&self, key: &str, args: Option<&FluentArgs<'_>>) -> Option<String> {
        let pattern = self.bundle.get_message(key)?.value()?;
        Some(self.bundle.format_pattern(pattern, args, &mut Vec::new()).into_owned())
    }

    /// A word that the engine knows by a name, such as a state: `kind-name`, or the name where there is none.
    pub(crate) fn word(&self, kind: &str, name: &str) -> String {
        self.find(&format!("{kind}-{name}"), None).unwrap_or_else(|| name.to_owned())
    }

    /// What a field is called.
    pub(crate) fn field(&self, path: &str) -> String {
        let key = format!("field-{}", path.replace('.', "-"));
        self.find(&key, None).unwrap_or_else(|| {
            let label = freehold_protocol::path::Path::parse(path).ok();
            let label =
                label.and_then(|path| Vocabulary::standard().field(&path).map(|field| field.label.clone()));
            label.unwrap_or_else(|| path.to_owned())
        })
    }

    /// What a facet is called: the first part of a path.
    pub(crate) fn facet(&self, facet: &str) -> String {
        self.word("facet", facet)
    }

    /// A purpose, given by its English heading, as the engine tells it.
    pub(crate) fn purpose(&self, label: &str) -> String {
        let known = Vocabulary::standard()
            .purposes()
            .iter()
            .find(|purpose| purpose.label == label || purpose.iri == label);
        known.map_or_else(
            || label.to_owned(),
            |purpose| {
                self.find(&format!("purpose-{}", purpose.name), None).unwrap_or_else(|| purpose.label.clone())
            },
        )
    }

    /// What a purpose means, for the person whose data it is.
    pub(crate) fn purpose_sentence(&self, label: &str) -> Option<String> {
        let known = Vocabulary::standard()
            .purposes()
            .iter()
            .find(|purpose| purpose.label == label || purpose.iri == label)?;
        Some(
            self.find(&format!("purpose-{}-sentence", known.name), None)
                .unwrap_or_else(|| known.sentence.clone()),
        )
    }

    /// A legal basis, given by its English heading.
    pub(crate) fn legal_basis(&self, label: &str) -> String {
        let known = Vocabulary::standard()
            .legal_bases()
            .iter()
            .find(|basis| basis.label == label || basis.iri == label);
        known.map_or_else(
            || label.to_owned(),
            |basis| self.find(&format!("basis-{}", basis.name), None).unwrap_or_else(|| basis.label.clone()),
        )
    }

    /// A span of time as an ISO 8601 duration says it; the text itself where it is another.
    pub(crate) fn duration<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let parts = text.strip_prefix('P').and_then(|rest| {
            let (number, unit) = rest.split_at_checked(rest.len().checked_sub(1)?)?;
            Some((number.parse::<u32>().ok()?, unit))
        });
        match parts {
            Some((years, "Y")) => say!(self, "span-years", count = years).into(),
            Some((months, "M")) => say!(self, "span-months", count = months).into(),
            Some((weeks, "W")) => say!(self, "span-weeks", count = weeks).into(),
            Some((days, "D")) => say!(self, "span-days", count = days).into(),
            _ => text.into(),
        }
    }

    /// For how long something has been so.
    pub(crate) fn ago(&self, secs: u64) -> String {
        match secs {
            0..60 => say!(self, "span-seconds", count = secs),
            60..3_600 => say!(self, "span-minutes", count = secs / 60),
            3_600..172_800 => say!(self, "span-hours", count = secs / 3_600),
            _ => say!(self, "span-days", count = secs / 86_400),
        }
    }
}

#[cfg(test)]
mod tests;
